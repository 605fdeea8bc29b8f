"""The cassette session of one sample, and whether it was sound."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness import cassettes
from harness.cassettes.credentials import without_credentials
from harness.cassettes.staleness import config_facets
from harness.errors import CassetteError, CassetteMiss, SampleInterrupt, SocketBlocked
from harness.runner.neighbours import recording_flags
from harness.runner.sources import source_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from harness.capture import Recorder
    from harness.cassettes import Session
    from harness.model.transcript import ExceptionInfo
    from harness.runner.kit import SampleKit
    from harness.runner.task import EndpointSpec, Task


@contextmanager
def session_of(task: Task, kit: SampleKit) -> Iterator[Session | None]:
    """Enter the cassette session a task asks for; None for one that is live or scripted.

    Raises:
        CassetteMiss: If there is no cassette to replay.
        CassetteError: If the cassette is damaged, another sample's, or cannot be written.
    """
    if task.mode == "replay":
        path = _replayed_path(task, kit)
        cassettes.install()
        with cassettes.replaying(
            path,
            label=task.cassette_label,
            sample=str(task.key),
            is_repeating=task.scenario.is_repeating,
            ignored=task.scenario.ignored if task.update else None,
            rules=task.scenario.ignored,
            secrets=task.secrets,
            command=task.command,
        ) as session:
            yield session
    elif task.mode == "record":
        cassettes.install()
        with _recording(task, _header(task, kit)) as session:
            yield session
    else:
        yield None


def _recording(
    task: Task, header: cassettes.CassetteHeader
) -> AbstractContextManager[cassettes.RecordSession]:
    path = Path(task.cassette)
    charging = cassettes.Charging(
        prices=task.prices,
        budget=cassettes.Budget(Path(task.budget[0]), task.budget[1]) if task.budget else None,
        host=task.endpoint.source,
    )
    name_source = None if task.endpoint.source else source_at
    earlier = cassettes.find_earlier(path, task.scenario.ignored) if task.update else None
    if earlier is None:
        return cassettes.recording(
            path,
            header,
            overwrite=task.overwrite,
            charging=charging,
            secrets=task.secrets,
            name_source=name_source,
        )
    return cassettes.updating(
        path, header, earlier, charging=charging, secrets=task.secrets, name_source=name_source
    )


def _replayed_path(task: Task, kit: SampleKit) -> Path:
    """The cassette; when an update is forecast, what that would start from."""
    if task.update:
        earlier = cassettes.find_earlier(Path(task.cassette), task.scenario.ignored)
        if earlier is not None:
            return earlier.cassette.path
    _require_cassette(task, kit)
    return Path(task.cassette)


def _require_cassette(task: Task, kit: SampleKit) -> None:
    if not Path(task.cassette).exists():
        raise CassetteMiss(
            f"{task.cassette_label}: the sample has no cassette. Record it with: "
            f"{task.command or _record_command(task, kit)}"
        )


def _record_command(task: Task, kit: SampleKit) -> str:
    key = task.key
    flags = recording_flags(
        Path(task.cassette),
        has_script=task.scenario.provider is not None,
        base_url=task.endpoint.base_url,
        label=kit.sandbox.label,
    )
    words = ("harness", "record", key.suite, "-k", key.scenario, "--config", key.config)
    return shlex.join([*words, "--epoch", str(key.epoch), *flags])


def _header(task: Task, kit: SampleKit) -> cassettes.CassetteHeader:
    return cassettes.CassetteHeader(
        recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source=task.endpoint.source,
        base_url=_kept_url(task.endpoint),
        sample=str(task.key),
        config_digest=task.config.digest,
        scenario_digest=task.scenario.digest,
        conversation_digest=task.scenario.conversation_digest,
        facets=config_facets(task.config),
        ignored=task.scenario.ignored,
        engine_version=kit.engine.version(),
        sdk_version=cassettes.sdk_version(),
    )


def _kept_url(endpoint: EndpointSpec) -> str:
    """The base URL as a file keeps it: without credentials, and without what is new each time."""
    url = without_credentials(endpoint.base_url)
    if not endpoint.is_scripted:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition(":")[0] or parts.netloc).geturl()


def raise_unsound(session: Session, recorder: Recorder) -> None:
    """Report what an agent swallowed: a miss or a connection happened all the same."""
    if session.mode == "replay":
        _raise_unsound_replay(session)
    elif session.misses:
        raise SampleInterrupt(session.misses[0])
    failure = last_failure(recorder)
    if session.mode == "record" and failure is not None:
        # Raised inside the session, so that the cassette stays unfinished (.partial)
        # and the next recording does not take a provider's outage for an answer.
        raise FailedRecording(failure.message)


def _raise_unsound_replay(session: Session) -> None:
    """Hold a replay to its sum: calls asked = calls served + misses, sockets opened = 0."""
    if session.misses:
        raise CassetteMiss(session.misses[0])
    if session.sockets_opened:
        raise SocketBlocked(
            f"{session.sockets_opened} connections were attempted outside the cassette; the "
            "guard refused them, and an agent or library hid it."
        )
    lost = session.asked - session.served
    if lost:
        raise CassetteError(
            f"{session.label}: {session.asked} calls were asked, but {session.served} served and "
            f"none missed: {lost} ended in an error that an agent or library hid, so this replay "
            "proves nothing. The cassette may be damaged; see: harness cassette verify"
        )


class FailedRecording(Exception):
    """The sample ended in an error while it was recorded."""


def last_failure(recorder: Recorder) -> ExceptionInfo | None:
    """The exception the transcript ends with; None if it ends otherwise."""
    last = recorder.events[-1] if recorder.events else None
    return getattr(last, "exception", None)
