"""Make a provider fail, at the HTTP layer and without waiting.

A `FaultSession` answers a team's requests as a replay does, from a cassette or from a
scripted model, and spoils the answers that a `FaultPlan` names. The team's own client is at
work: it retries, backs off, parses and raises as it would. What it waits for, it waits for
in simulated time.

Once a fault has changed a conversation, its later requests are no longer those that were
recorded. Each agent's model then goes on with what it said next in the recording, and at the
end says its last words again: the model's part is as recorded, the team's part is new.
"""

from harness.faults.planning import suits
from harness.faults.session import FaultSession, faulty
from harness.faults.sources import CassetteSource, ScriptSource

__all__ = ["CassetteSource", "FaultSession", "ScriptSource", "faulty", "suits"]
