"""What recording costs: our engine against a bare loop over the same agents, in one process."""

from __future__ import annotations

import logging
import statistics
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cpu_time import Timed, in_turns

from harness.capture import Recorder
from harness.engines import autogen_hooks
from harness.engines.autogen import AutogenEngine
from harness.mocks import ScriptedModel
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, PythonReference, Scenario
from harness.model.team import Endpoint, Team, TeamContext
from harness.protocols import Assignment
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from pathlib import Path

TURNS = 20
ROUNDS, CONVERSATIONS_PER_ROUND = 20, 10
# Both loops say the same, of a length that models answer with.
ANSWER = "A considered answer that goes over the matter once more. " * 10
# On autogen 0.14. The bare loop of 0.2 takes a fifth of that, so the same addition weighs more.
MOST = 1.3


class BareClient:
    """The same model for the bare loop, by AutoGen's own way of registering one."""

    def __init__(self, config: dict[str, Any], **_options: Any) -> None:
        self.model = config["model"]

    def create(self, _params: dict[str, Any]) -> Any:
        message = SimpleNamespace(content=ANSWER, tool_calls=None, function_call=None)
        return SimpleNamespace(
            id="bare",
            choices=[SimpleNamespace(message=message, finish_reason="stop")],
            usage=None,
            model=self.model,
            message_retrieval_function=None,
        )

    def message_retrieval(self, response: Any) -> list[str]:
        return [choice.message.content for choice in response.choices]

    def cost(self, _response: Any) -> float:
        return 0.0

    @staticmethod
    def get_usage(_response: Any) -> dict[str, Any]:
        return {}


def assistants(llm_config: dict[str, Any]) -> list[Any]:
    from autogen import ConversableAgent

    return [
        ConversableAgent(name, llm_config=llm_config, human_input_mode="NEVER")
        for name in ("ann", "bob")
    ]


class Silence:
    """A console that shows nothing, so that the bare loop does not pay for printing."""

    def print(self, *_objects: Any, **_options: Any) -> None:
        pass

    def send(self, _message: Any) -> None:
        pass


def bare_conversation() -> int:
    entry = {"model": "mock-1", "model_client_cls": "BareClient"}
    ann, bob = assistants({"config_list": [entry], "cache_seed": None})
    for agent in (ann, bob):
        agent.register_model_client(model_client_cls=BareClient)
    result = ann.initiate_chat(
        bob, message="Begin.", max_turns=TURNS // 2, silent=True, summary_method=None
    )
    return len(result.chat_history)


def our_team(context: TeamContext) -> Team:
    ann, bob = assistants(context.llm_config())
    return Team(initiator=ann, recipient=bob, max_turns=TURNS // 2)


def our_conversation(workspace: Path) -> int:
    recorder = Recorder()
    scenario = Scenario(
        name="talk",
        suite="benchmark",
        title="Talk",
        task="Begin.",
        folder=str(workspace),
        team=PythonReference(path="team.py", attribute="build"),
    )
    assignment = Assignment(
        key=SampleKey(suite="benchmark", scenario="talk", config="only", epoch=1),
        scenario=scenario,
        config=AgentConfig(name="only", model="mock-1"),
        workspace=workspace,
        endpoint=Endpoint(base_url="http://127.0.0.1:9/v1"),
        build_team=our_team,
        sandbox=ProcessSandbox(),
        recorder=recorder,
        mode="mock",
        script=ScriptedModel(ANSWER),
    )
    AutogenEngine().run(assignment)
    return recorder.turns


def cpu_seconds(conversation: Any, *arguments: Any) -> float:
    started = time.process_time()
    for _ in range(CONVERSATIONS_PER_ROUND):
        assert conversation(*arguments) == TURNS
    return time.process_time() - started


@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore")
def test_recording_costs_at_most_a_third_of_the_bare_conversation(tmp_path: Path) -> None:
    engine = AutogenEngine()
    engine.preload()
    if not engine.version().startswith("autogen 0.14"):
        pytest.skip("the limit holds for autogen 0.14")
    our_conversation(tmp_path)
    from autogen.io import IOStream

    logging.getLogger("autogen.oai.client").setLevel(logging.WARNING)

    def without_hooks() -> float:
        autogen_hooks.remove()
        with IOStream.set_default(Silence()):
            seconds = cpu_seconds(bare_conversation)
        autogen_hooks.install()
        return seconds

    bare, ours = Timed(without_hooks), Timed(lambda: cpu_seconds(our_conversation, tmp_path))

    in_turns({bare: 1, ours: 1}, turns=ROUNDS, holds=lambda: ours.seconds / bare.seconds <= MOST)

    ratio = ours.seconds / bare.seconds
    both = zip(ours.all_seconds, bare.all_seconds, strict=True)
    middle = statistics.median(our_seconds / bare_seconds for our_seconds, bare_seconds in both)
    per_conversation = 1000 / CONVERSATIONS_PER_ROUND
    print(
        f"\n{len(bare.all_seconds) * CONVERSATIONS_PER_ROUND} conversations of {TURNS} turns: "
        f"bare {bare.seconds * per_conversation:.2f} ms, "
        f"recorded {ours.seconds * per_conversation:.2f} ms CPU each, "
        f"ratio {ratio:.2f} (at most {MOST}; median of the ratios {middle:.2f})"
    )
    assert ratio <= MOST
