"""Record model traffic once, replay it without a network.

Enter `replaying` or `recording` around a sample; `calling` names who makes the
calls; `offline` keeps the process off the network around it. vcrpy is imported by
`install` and by nothing else.
"""

from harness.cassettes.cassette import Cassette, Interaction, cassette_path
from harness.cassettes.charging import Budget, Charging
from harness.cassettes.earlier import find_earlier
from harness.cassettes.format import CassetteHeader
from harness.cassettes.installation import install, sdk_version
from harness.cassettes.offline import Attempts, offline
from harness.cassettes.reader import load_cassette
from harness.cassettes.recording import RecordSession, recording
from harness.cassettes.replaying import replaying
from harness.cassettes.scope import calling, current_session
from harness.cassettes.session import Session
from harness.cassettes.updating import UpdateSession, updating

__all__ = [
    "Attempts",
    "Budget",
    "Cassette",
    "CassetteHeader",
    "Charging",
    "Interaction",
    "RecordSession",
    "Session",
    "UpdateSession",
    "calling",
    "cassette_path",
    "current_session",
    "find_earlier",
    "install",
    "load_cassette",
    "offline",
    "recording",
    "replaying",
    "sdk_version",
    "updating",
]
