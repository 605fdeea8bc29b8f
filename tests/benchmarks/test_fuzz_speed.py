"""How many conversations a second are fuzzed, next to the same teams without a harness."""

from __future__ import annotations

import itertools
import logging
import resource
import time
from types import SimpleNamespace
from typing import Any

import pytest
from cpu_time import Timed, in_turns
from tutorial_teams import subject, two_agents

from harness.engines import autogen_hooks
from harness.engines.autogen import AutogenEngine
from harness.fuzzing import FuzzSettings, hunt

EXAMPLES, ROUNDS = 300, 5
# A conversation has about ten messages. The bare loop draws nothing and judges nothing.
LEAST_PER_SECOND = 100


class Silence:
    """A console that shows nothing, so that the bare loop does not pay for printing."""

    def print(self, *_objects: Any, **_options: Any) -> None:
        pass

    def send(self, _message: Any) -> None:
        pass


class BareClient:
    """A model for the bare loop that always says the same."""

    def __init__(self, config: dict[str, Any], **_options: Any) -> None:
        self.model = config["model"]

    def create(self, _params: dict[str, Any]) -> Any:
        message = SimpleNamespace(content="Hm.", tool_calls=None, function_call=None)
        return SimpleNamespace(
            id="bare",
            choices=[SimpleNamespace(message=message, finish_reason="stop")],
            usage=None,
            model=self.model,
            message_retrieval_function=None,
        )

    def message_retrieval(self, _response: Any) -> list[str]:
        return ["Hm."]

    def cost(self, _response: Any) -> float:
        return 0.0

    @staticmethod
    def get_usage(_response: Any) -> dict[str, Any]:
        return {}


def bare_seconds() -> float:
    """CPU of as many conversations of ten messages, nothing drawn, recorded or judged."""
    from autogen import AssistantAgent, UserProxyAgent

    entry = {"model": "mock-1", "model_client_cls": "BareClient"}
    started = time.process_time()
    for _ in range(EXAMPLES):
        assistant = AssistantAgent(
            "assistant", llm_config={"config_list": [entry], "cache_seed": None}
        )
        assistant.register_model_client(model_client_cls=BareClient)
        user = UserProxyAgent("user", human_input_mode="NEVER", code_execution_config=False)
        user.initiate_chat(
            assistant, message="Begin.", max_turns=5, silent=True, summary_method=None
        )
    return time.process_time() - started


def cpu_seconds() -> float:
    """Of this process and of those it has forked: a hunt is held in one of its own."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore")
def test_a_core_fuzzes_a_hundred_conversations_of_two_agents_a_second() -> None:
    from autogen.io import IOStream

    AutogenEngine().preload()
    logging.getLogger("autogen.oai.client").setLevel(logging.WARNING)
    team = subject(two_agents())
    hunt(team, FuzzSettings(examples=20, seed=0))
    seeds = itertools.count()

    def hunting() -> float:
        started = cpu_seconds()
        hunted = hunt(team, FuzzSettings(examples=EXAMPLES, seed=next(seeds)))
        seconds = cpu_seconds() - started
        assert not hunted.findings
        assert hunted.conversations == EXAMPLES
        return seconds

    def without_hooks() -> float:
        autogen_hooks.remove()
        with IOStream.set_default(Silence()):
            seconds = bare_seconds()
        autogen_hooks.install()
        return seconds

    ours, bare = Timed(hunting), Timed(without_hooks)

    in_turns(
        {ours: 1, bare: 1},
        turns=ROUNDS,
        holds=lambda: EXAMPLES / ours.seconds >= LEAST_PER_SECOND,
    )

    rate, ratio = EXAMPLES / ours.seconds, ours.seconds / bare.seconds
    print(
        f"\n{EXAMPLES} fuzzed conversations of two agents: {rate:.0f} a second of CPU "
        f"(at least {LEAST_PER_SECOND}), {ratio:.2f} times the CPU of as many bare ones"
    )
    assert rate >= LEAST_PER_SECOND
