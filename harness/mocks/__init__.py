"""Models, agents and humans whose replies are written down, never asked of a provider.

Public. Nothing here needs a framework until a mock agent is turned into one of its agents.
"""

from harness.mocks.agent import MockAgent
from harness.mocks.faults import empty, faults_reported_to, garbage, raising, slow
from harness.mocks.human import ScriptedHuman
from harness.mocks.model import ScriptedModel
from harness.mocks.replies import MockCall, MockReply, MockToolCall, Rule

__all__ = [
    "MockAgent",
    "MockCall",
    "MockReply",
    "MockToolCall",
    "Rule",
    "ScriptedHuman",
    "ScriptedModel",
    "empty",
    "faults_reported_to",
    "garbage",
    "raising",
    "slow",
]
