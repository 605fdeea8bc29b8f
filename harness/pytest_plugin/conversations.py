"""The fixture ``conversation``: the chats of the user's own code, with a cassette each."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.model.sample import TESTS, SampleKey
from harness.pytest_plugin.settings import require_safe
from harness.pytest_plugin.state import State, captured_of, state_of
from harness.pytest_plugin.verdicts import keep
from harness.runner.conversation import Capture, Conversation, conversing
from harness.runner.keys import placeholder_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pytest

    from harness.model.sample import Mode, SampleResult
    from harness.model.scenario import Limits, Price, SecretRules
    from harness.protocols import ModelScript

_PLAIN = re.compile(r"[\w.+-]+")
_NAME = re.compile(r"[\w+-]+")


class Conversations:
    """Captures the AutoGen chats of one test."""

    def __init__(self, state: State, item: pytest.Item, scratch: Path) -> None:
        self._state = state
        self._item = item
        self._scratch = scratch
        self._counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<conversation of {self._item.nodeid}>"

    @contextmanager
    def record(  # noqa: PLR0913 - all but one are keyword-only
        self,
        name: str = "chat",
        *,
        human: Sequence[str] = (),
        accept: Sequence[str] = ("termination_message",),
        limits: Limits | None = None,
        script: ModelScript | None = None,
        prices: Mapping[str, Price] | None = None,
        secrets: SecretRules | None = None,
    ) -> Iterator[Conversation]:
        """Capture whatever AutoGen chats the block holds, and record or replay their calls.

        What is raised inside goes on outwards. A replay that misses fails the test with the
        explanation of the miss, also if the agents swallowed it.

        Args:
            name: Names the cassette within the test: letters, digits, ``_``, ``+``, ``-``.
            human: What a human types when an agent asks, in order; "" skips.
            accept: Termination reasons that the score ``termination`` accepts.
            limits: On turns and cost; reaching one ends the block.
            script: Answers model calls in process; agents must be made inside the block.
            prices: Of models without a list price.
            secrets: What must not be recorded, besides what the harness knows by itself.

        Yields:
            The conversation: growing inside the block, final after it.

        Raises:
            HarnessError: If the name is none, or nothing was said in the block.
            CassetteMiss: If a call is not in the cassette, or there is none.
        """
        if not _NAME.fullmatch(name):
            raise HarnessError(
                f"conversation.record({name!r}): the name becomes part of a file's name, so it "
                "takes letters, digits, '_', '+' and '-' only."
            )
        self._counts[name] += 1
        capture = self._capture(
            key_of(self._item, name, self._counts[name]),
            script,
            human=tuple(human),
            accept=tuple(accept),
            limits=limits,
            prices=prices,
            secrets=secrets,
        )
        captured = captured_of(self._item)
        results: list[SampleResult] = []

        def on_end(result: SampleResult) -> None:
            results.append(result)
            keep(self._item, result, secrets)

        with conversing(capture, on_end) as conversation:
            captured.conversations.append(conversation)
            yield conversation
        _refuse_silence(name, results)

    def _capture(self, key: SampleKey, script: ModelScript | None, **options: object) -> Capture:
        from harness.cassettes import cassette_path

        settings = self._state.settings
        path = cassette_path(settings.cassettes_root, key)
        mode: Mode = "mock" if script is not None else settings.mode_of(path)
        if mode in ("record", "live"):
            require_safe(settings)
        again = "update" if path.exists() else "record"
        given = {name: value for name, value in options.items() if value is not None}
        return Capture(
            key=key,
            mode=mode,
            cassettes_root=settings.cassettes_root,
            scratch=self._scratch / str(sum(self._counts.values())),
            command=f"pytest {shlex.quote(_shown(self._item))} --harness-mode={again}",
            place=self._item.path,
            overwrite=settings.overwrite,
            update=settings.mode == "update",
            budget=self._state.budget(),
            sandbox=self._state.own_sandbox.name,
            script=script,
            **given,  # type: ignore[arg-type]  # named and typed by record
        )


def _refuse_silence(name: str, results: Sequence[SampleResult]) -> None:
    if results and results[-1].is_silent:
        raise HarnessError(
            f"conversation.record({name!r}): no conversation was held in this block: no agent "
            "sent a message, no model was asked. Run your team inside the with block."
        )


def key_of(item: pytest.Item, name: str, count: int) -> SampleKey:
    """What a conversation of a test is called: its parameters are its config.

    Args:
        item: The test.
        name: As given to ``record``.
        count: How often that name was used in the test so far, this time included.
    """
    test, config = name_of(item.nodeid)
    return SampleKey(suite=TESTS, scenario=f"{test}.{name}", config=config, epoch=count)


def name_of(nodeid: str) -> tuple[str, str]:
    """What a test's conversations are called: their scenario without its last part, and config.

    ``tests/test_team.py::TestX::test_y[a-b]`` is ``tests.test_team.TestX.test_y`` and ``a-b``.
    """
    path, _, rest = nodeid.partition("::")
    test, _, parameters = rest.partition("[")
    module = path.removesuffix(".py").replace("/", ".")
    return _plain(f"{module}.{test.replace('::', '.')}"), _plain(parameters.removesuffix("]"))


def _plain(text: str) -> str:
    """A text as a file name; one that was changed for it is told apart by a digest."""
    if not text:
        return "default"
    if _PLAIN.fullmatch(text) and len(text) <= 100:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    plain = re.sub(r"[^\w.+-]+", "-", text)[:60]
    return f"{plain}-{digest}"


def _shown(item: pytest.Item) -> str:
    """The test's id as pytest takes it from here."""
    path, separator, rest = item.nodeid.partition("::")
    shown = os.path.relpath(item.config.rootpath / path)
    return f"{shown}{separator}{rest}"


@contextmanager
def opened(request: pytest.FixtureRequest) -> Iterator[Conversations]:
    """The fixture: while it lasts, a replay finds a placeholder where an API key is missing."""
    from contextlib import nullcontext

    state = state_of(request.config)
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    conversations = Conversations(state, request.node, factory.mktemp("harness"))
    keyless = placeholder_keys() if state.settings.mode in ("replay", "mock") else nullcontext()
    with keyless:
        yield conversations
