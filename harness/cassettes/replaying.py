"""Replaying sessions: requests are answered from a cassette, and nothing reaches the network."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from harness.cassettes.asking import RequestReader
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import Index
from harness.cassettes.misses import Asked, as_stray, explain, explain_finished
from harness.cassettes.reader import load_cassette
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.cassettes.scrub import Scrubber
from harness.cassettes.session import AnsweringSession, entered
from harness.errors import CassetteError, CassetteMiss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Request
    from harness.cassettes.session import Sent, Session
    from harness.model.scenario import SecretRules


class ReplaySession(AnsweringSession):
    """Answers requests from a cassette, each interaction once; refuses all others.

    Args:
        cassette: What answers.
        label: What to call it in messages.
        is_repeating: Whether the last answer to a request is given again when it is asked
            more often than it was recorded.
        pace: What recorded times are multiplied by when a stream is replayed; 0 not to wait.
        secrets: The user's own rules for what no message may show.
        ignored: Rules for what matching overlooks; None for those in the cassette.
        rules: What the scenario has matching overlook by now; explanations know of it.
        command: What a miss names to record the cassette again; "" for ``harness record``.
    """

    def __init__(  # noqa: PLR0913 - all but two are keyword-only
        self,
        cassette: Cassette,
        label: str = "",
        *,
        is_repeating: bool = False,
        pace: float = 0.0,
        secrets: SecretRules = NO_RULES,
        ignored: tuple[str, ...] | None = None,
        rules: tuple[str, ...] = (),
        command: str = "",
    ) -> None:
        super().__init__(cassette.path, cassette.header, label)
        self.pace = pace
        self._secrets = secrets
        self._rules = rules
        self._command = command
        self._cassette = cassette
        self._index = Index(cassette.interactions, is_repeating=is_repeating)
        overlooked = cassette.header.ignored if ignored is None else ignored
        self._reader = RequestReader(Ignoring(overlooked))
        self._served_cost_usd: float | None = 0.0

    @property
    def unplayed(self) -> int:
        """Recorded interactions that nobody has asked for yet."""
        return self._index.unplayed_count

    @property
    def served_cost_usd(self) -> float | None:
        """US dollars that the served interactions cost when recorded; None if unknown."""
        return self._served_cost_usd if self.served else None

    def answer(self, sent: Sent) -> Interaction:
        """The recorded answer to a request.

        Raises:
            CassetteMiss: If there is none left, or the session has ended, or it is another
                process's.
        """
        if self._is_forked:
            raise CassetteMiss(self._refuse_forked())
        with self._lock:
            request = sent.request(self._reader)
            self._count_call()
            interaction = self._index.take(request) if self.is_open else None
            if interaction is None:
                self._miss(request, self._last_call())
            self.served += 1
            cost, total = interaction.cost_usd, self._served_cost_usd
            self._served_cost_usd = None if cost is None or total is None else total + cost
        self._note_latency(interaction.latency_seconds)
        return interaction

    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session; returns the explanation."""
        if self._is_forked:
            return self._refuse_forked()
        with self._lock:
            self._count_call()
            request = sent.request(self._reader)
            text = as_stray(self._explain(request, self._last_call()))
            self._misses.append(text)
        return text

    def end(self) -> None:
        """Answer nothing any more."""
        self._note_forks()
        self.is_open = False

    def _miss(self, request: Request, call: Asked) -> NoReturn:
        text = self._explain(request, call)
        self._misses.append(text)
        raise CassetteMiss(text)

    def _explain(self, request: Request, call: Asked) -> str:
        """Why there is no answer; a miss is one even where that cannot be told."""
        try:
            return self._explanation(request, call)
        except Exception as fault:
            return (
                f"{self.label}: no recorded answer for {call}, {request.method}; looking for what "
                f"differs ended in {type(fault).__name__}. To see what is recorded: harness "
                "cassette verify"
            )

    def _explanation(self, request: Request, call: Asked) -> str:
        # Cleaned first: of a secret that a message cuts in two, no half would be known.
        redactor = Redactor.from_environment(os.environ, self._secrets)
        request = Scrubber(redactor).request(request)
        if self.is_open:
            text = explain(
                self.label,
                self._cassette,
                self._index,
                request,
                call,
                rules=self._rules,
                command=self._command,
            )
        else:
            text = explain_finished(self.label, request, call)
        return redactor.text(text)


@contextmanager
def replaying(  # noqa: PLR0913 - all but one are keyword-only
    path: Path,
    *,
    label: str = "",
    sample: str | None = None,
    is_repeating: bool = False,
    pace: float = 0.0,
    secrets: SecretRules = NO_RULES,
    ignored: tuple[str, ...] | None = None,
    rules: tuple[str, ...] = (),
    command: str = "",
) -> Iterator[ReplaySession]:
    """Answer every request of this context from a cassette; nothing reaches the network.

    Args:
        path: The cassette.
        label: What to call it in messages; its path by default.
        sample: Key of the sample it must have been recorded for; None to play any.
        is_repeating: Whether the last answer to a request is given again when it is asked
            more often than it was recorded; otherwise that is a miss.
        pace: 1.0 replays a stream as fast as it was recorded, 0.5 twice as fast, 0 at once.
        secrets: The user's own rules for what no message may show.
        ignored: Rules for what matching overlooks; None for those in the cassette.
        rules: What the scenario has matching overlook by now, for explanations.
        command: What a miss names to record the cassette again; "" for ``harness record``.

    Raises:
        CassetteError: If the cassette is missing, damaged, of another version, or
            of another sample.
    """
    from harness.cassettes.installation import install

    install()
    session = ReplaySession(
        load_cassette(path, ignored=ignored),
        label,
        is_repeating=is_repeating,
        pace=pace,
        secrets=secrets,
        ignored=ignored,
        rules=rules,
        command=command,
    )
    _require_sample(session, sample)
    try:
        with entered(session):
            yield session
    finally:
        session.end()


def _require_sample(session: Session, sample: str | None) -> None:
    recorded = session.header.sample
    if sample is None or recorded in ("", sample):
        return
    raise CassetteError(
        f"{session.label}:1: this cassette was recorded for {recorded}, not for {sample}; "
        "replaying it here would count one recording twice. Record this sample with: "
        f"{_record_command(sample)}, or, if you renamed things, change "
        '"sample" in its first line.'
    )


def _record_command(sample: str) -> str:
    # The key of a sample, as `harness.model.sample.SampleKey` writes it.
    names = sample.split("/")
    if len(names) != 4:
        return "harness record --overwrite"
    suite, scenario, config, epoch = names
    chosen = f"-k {scenario} --config {config} --epoch {epoch}"
    return f"harness record {suite} {chosen} --overwrite"
