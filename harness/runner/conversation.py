"""Conversations that the user's own code starts: captured, recorded or replayed, and scored.

A suite builds its teams through a factory. Here the user's code runs as it is, inside a
block; whatever AutoGen chats it holds become one sample.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from harness import cassettes
from harness.errors import EnvironmentFault, HarnessError, LimitReached, SampleInterrupt
from harness.model.scenario import (
    AgentConfig,
    Limits,
    Price,
    PythonReference,
    Scenario,
    ScorerSpec,
    SecretRules,
    Suite,
)
from harness.runner.build import load_engine, load_scorers
from harness.runner.files import WorkDirs
from harness.runner.keys import missing_key
from harness.runner.kit import SampleKit
from harness.runner.sample import SampleRun
from harness.runner.sandboxes import own_sandbox, resolved_sandbox
from harness.runner.sessions import FailedRecording, last_failure, raise_unsound, session_of
from harness.runner.task import EndpointSpec, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from harness.model.sample import Mode, SampleKey, SampleResult
    from harness.model.team import TeamContext
    from harness.model.transcript import TerminationReason, Transcript
    from harness.protocols import ModelScript

ENGINE = "autogen"
SCORERS = ("termination", "turns", "code_success", "cost")
_NO_PROVIDER = EndpointSpec(base_url="", source="")


_MOCK_ADVICE = (
    "because in mode mock no provider is asked. Let a scripted model answer, with the agents made "
    "inside the block: conversation.record(..., script=harness.mocks.ScriptedModel([...])); or "
    "play a cassette with mode replay"
)


@dataclass(frozen=True, kw_only=True)
class Capture:
    """How one conversation is captured.

    Attributes:
        key: What to call it.
        mode: How its model calls are answered.
        cassettes_root: Folder of the cassettes.
        scratch: Folder of its own, not there yet.
        command: What records its cassette.
        place: File of the user's that starts it.
        overwrite: Whether a recording may replace an existing cassette.
        update: Whether a recording replays what still fits of an existing one.
        budget: File and US dollars of what all recordings may cost together.
        sandbox: Entry-point name of the sandbox for the agents' code; None for the strongest
            that works here.
        human: What a human types when an agent asks, in order.
        accept: Termination reasons that count as a success.
        limits: On turns and cost.
        prices: Of models without a list price.
        secrets: What must not be recorded, besides what the harness knows by itself.
        script: Answers model calls in process; the mode is "mock" then.
        files: Folder of the user's that gets what the agents leave in their work_dir; None
            to leave it in the workspace.
    """

    key: SampleKey
    mode: Mode
    cassettes_root: Path
    scratch: Path
    command: str
    place: Path
    overwrite: bool = False
    update: bool = False
    budget: tuple[str, float] | None = None
    sandbox: str | None = None
    human: tuple[str, ...] = ()
    accept: tuple[str, ...] = ("termination_message",)
    limits: Limits = field(default_factory=Limits)
    prices: Mapping[str, Price] | None = None
    secrets: SecretRules = field(default_factory=SecretRules)
    script: ModelScript | None = None
    files: Path | None = None

    def task(self) -> Task:
        """The same as a task."""
        path = cassettes.cassette_path(self.cassettes_root, self.key)
        return Task(
            key=self.key,
            scenario=self._scenario(),
            config=AgentConfig(name=self.key.config, engine=ENGINE),
            prices=dict(self.prices or {}),
            mode="mock" if self.script else self.mode,
            cassette=str(path.absolute()),
            cassette_label=_shown(path),
            overwrite=self.overwrite,
            update=self.update,
            budget=self.budget,
            endpoint=_NO_PROVIDER,
            sandbox=resolved_sandbox(self.sandbox or "auto"),
            secrets=self.secrets,
            command=self.command,
            scratch=str(self.scratch),
        )

    def _scenario(self) -> Scenario:
        return Scenario(
            name=self.key.scenario,
            suite=self.key.suite,
            title=self.key.scenario,
            task="",
            folder=str(self.place.parent),
            team=PythonReference(path=str(self.place), attribute=""),
            human=self.human,
            accept=self.accept,
            limits=self.limits,
            scorers=tuple(ScorerSpec(name=name) for name in SCORERS),
        )


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


class Conversation:
    """What the chats inside a block came to. Growing while the block lasts, final after it.

    Attributes:
        key: What it is called.
        workspace: Folder the agents' code runs in.
    """

    def __init__(self, run: SampleRun) -> None:
        self._run = run
        self._result: SampleResult | None = None
        self.key = run.task.key
        self.workspace = run.workspace

    def __repr__(self) -> str:
        return f"<Conversation {self.key}: {self.transcript!r}>"

    @property
    def transcript(self) -> Transcript:
        """All events so far."""
        if self._result is not None:
            return self._result.transcript
        engine = self._run.kit.engine
        return self._run.recorder.transcript(engine.name, engine.version())

    @property
    def termination(self) -> TerminationReason | None:
        """Why the newest chat ended; None inside the block."""
        return self.transcript.termination

    @property
    def turns(self) -> int:
        """Number of messages the participants saw."""
        return self.transcript.turns

    @property
    def speakers(self) -> list[str]:
        """Who spoke, turn by turn."""
        return self.transcript.speakers

    @property
    def is_over(self) -> bool:
        """Whether the block has ended."""
        return self._result is not None

    @property
    def late_misses(self) -> tuple[str, ...]:
        """Explanations of every miss, those after the end of the block included."""
        session = self._run.outcome.session
        return session.misses if session is not None else ()

    @property
    def result(self) -> SampleResult:
        """Status, scores, artefacts and how the cassette was used.

        Raises:
            HarnessError: Inside the block.
        """
        if self._result is None:
            raise HarnessError(
                f"{self.key}: the conversation has no result yet. Look at it after the "
                "`with conversation.record(...)` block."
            )
        return self._result

    def close(self) -> None:
        """Score what there is; the block has ended."""
        if self._result is None:
            self._result = self._run.result()


@contextmanager
def conversing(
    capture: Capture, on_end: Callable[[SampleResult], None] = lambda _: None
) -> Iterator[Conversation]:
    """Capture the AutoGen chats that the block's own code holds.

    What is raised inside goes on outwards, except the limits of the capture, which end the
    block. Of a replay that missed, the miss is raised, whatever agents made of it.

    Args:
        capture: How.
        on_end: Gets the result, also of a block that could not begin.

    Raises:
        CassetteMiss: If a request is not in the cassette, or there is none.
        SocketBlocked: If something reached for the network in a replay.
        CassetteError: If the cassette cannot be read or written.
        EnvironmentFault: If AutoGen is missing, or the key of a provider that is to be asked.
    """
    task = capture.task()
    run = SampleRun(task, _kit(task, capture))
    conversation = Conversation(run)
    late: list[Exception] = []
    try:
        with _network_of(task), session_of(task, run.kit) as session:
            run.outcome.session = session
            with _held_to_account(run, late):
                yield conversation
    except FailedRecording as failed:
        run.outcome.status = "error"
        run.outcome.failure = last_failure(run.recorder)
        raise HarnessError(f"{task.key}: the recording failed: {failed}") from None
    except SampleInterrupt as interrupt:
        run.fail(interrupt)
        # Raised anew: the frames between the request and here belong to nobody who reads this.
        raise type(interrupt)(*interrupt.args) from None
    except Exception as error:
        run.fail(error)
        _blame_missing_key(error, task)
        raise
    finally:
        conversation.close()
        on_end(conversation.result)
    for failure in late:
        _blame_missing_key(failure, task)
        raise failure


def _blame_missing_key(error: Exception, task: Task) -> None:
    """Say in one paragraph what an SDK says in a page.

    Raises:
        EnvironmentFault: If the exception came because there is no key to ask a provider with.
    """
    if task.mode not in ("record", "live"):
        return
    if variable := missing_key(error):
        raise EnvironmentFault(
            f"{task.key}: the environment variable {variable} is not set, and the provider needs a "
            "key (any text will do where it needs none). Set it and do the same again; only a "
            "replay of what is recorded needs no key."
        ) from None


@contextmanager
def _held_to_account(run: SampleRun, late: list[Exception]) -> Iterator[None]:
    """Capture the block; whatever it made of a miss, the miss is what is raised.

    An exception that came when the chat was over goes to `late`: what was recorded of the
    chat is whole, and worth keeping.
    """
    session = run.outcome.session
    try:
        with _capturing(run):
            yield
    except LimitReached:
        pass  # It has ended the block, and the transcript names it.
    except Exception as error:
        if session is not None and (session.mode == "replay" or session.misses):
            raise_unsound(session, run.recorder)
        if last_failure(run.recorder) is not None:
            raise
        late.append(error)
    if session is not None:
        raise_unsound(session, run.recorder)
        run.note_artefacts()


def _capturing(run: SampleRun) -> AbstractContextManager[None]:
    # The engine's type is not known to the loader.
    engine: Any = run.kit.engine
    capturing: AbstractContextManager[None] = engine.capturing(run.assignment())
    return capturing


def _network_of(task: Task) -> AbstractContextManager[object]:
    """A replay guards itself; a scripted conversation has no cassette to do so."""
    if task.mode != "mock":
        return nullcontext()
    return cassettes.offline(label=str(task.key), advice=_MOCK_ADVICE)


def _kit(task: Task, capture: Capture) -> SampleKit:
    script = capture.script
    return SampleKit(
        engine=load_engine(ENGINE),
        sandbox=own_sandbox(capture.sandbox),
        scorers=load_scorers(task.scenario),
        build_team=_no_team,
        build_script=None if script is None else lambda _: script,
        judge=None,
        files=WorkDirs(root=capture.files or Path.cwd(), gives_back=capture.files is not None),
    )


def _no_team(_: TeamContext) -> NoReturn:
    raise HarnessError("The user's own code builds this team.")


def suite_of(results: Sequence[SampleResult], *, title: str, folder: Path) -> Suite:
    """Captured conversations as a suite, for logs and reports.

    Args:
        results: At least one, all of one suite.
        title: One line for people.
        folder: Where they were started.
    """
    suite = results[0].key.suite
    first = {result.key.scenario: result for result in reversed(results)}
    return Suite(
        name=suite,
        title=title,
        folder=str(folder),
        epochs=max(result.key.epoch for result in results),
        scenarios=tuple(
            Scenario(
                name=name,
                suite=suite,
                title=name,
                task=_task(result),
                folder=str(folder),
                team=PythonReference(path="", attribute=""),
            )
            for name, result in sorted(first.items())
        ),
        configs=tuple(
            AgentConfig(name=name, engine=ENGINE)
            for name in sorted({result.key.config for result in results})
        ),
    )


def _task(result: SampleResult) -> str:
    messages = result.transcript.messages
    return messages[0].content if messages else ""
