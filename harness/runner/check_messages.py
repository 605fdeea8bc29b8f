"""What the harness and the process that runs checks say to each other, encoded with msgspec.

The harness sends a `Brief`, then an `Ask` for one check after another, and hangs up when it
knows enough. The process answers the brief with `Loaded` or `NotLoaded` and every `Ask` with
`Judged`, `Broken` or `Interrupted`; before that it may send any number of `RunPython`, each
answered by `Ran` or `Refused`. What it sends is decoded as one of these or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.capture import storable
from harness.model.sample import SampleKey, Status
from harness.model.scenario import AgentConfig, Price, PythonReference, Scenario
from harness.model.score import CheckResult
from harness.model.transcript import ExceptionInfo, Transcript
from harness.protocols import Execution

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MOST_BYTES = 64 * 1024 * 1024


class SampleParts(msgspec.Struct, frozen=True, kw_only=True):
    """A `FinishedSample` without what lives in the harness only."""

    key: SampleKey
    scenario: Scenario
    config: AgentConfig
    transcript: Transcript
    status: Status
    failure: ExceptionInfo | None
    prices: dict[str, Price]
    priced_at: str | None
    fixtures: tuple[str, ...]
    sandbox: str
    is_isolated: bool


class Brief(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the process needs to know.

    Attributes:
        checks: The file with the checks.
        label: What the sample is called in messages.
        folder: The harness's working directory, relative to which places are shown.
        search_path: The harness's, so that checks find the modules they would find there.
        is_offline: Whether connections are refused even where nothing isolates.
        interest: Modules of which it is to tell whether the checks imported them.
        workspace: Its path as the process sees it.
        sample: What to judge; None just to load the checks.
    """

    checks: PythonReference
    label: str
    folder: str
    search_path: tuple[str, ...]
    is_offline: bool
    interest: tuple[str, ...]
    workspace: str
    sample: SampleParts | None


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Run this check."""

    name: str


class Ran(msgspec.Struct, frozen=True, tag=True):
    """How the code of a `RunPython` ended."""

    execution: Execution


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the code of a `RunPython` was not run."""

    reason: str


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The names of the checks, in the order of their file."""

    names: tuple[str, ...]


class NotLoaded(msgspec.Struct, frozen=True, tag=True):
    """Why the checks cannot be loaded."""

    faults: tuple[str, ...]


class RunPython(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Code a check wants to be run as agents' code is."""

    code: str
    files: dict[str, str]
    timeout_seconds: float


class Judged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A check's verdict.

    Attributes:
        result: The verdict.
        imported: Which of the modules of interest are imported by now.
    """

    result: CheckResult
    imported: tuple[str, ...] = ()


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A check gave none, and why."""

    reason: str
    traceback: str = ""


class Interrupted(msgspec.Struct, frozen=True, tag=True):
    """A connection was attempted and refused."""

    reason: str


FromProcess = Loaded | NotLoaded | RunPython | Judged | Broken | Interrupted
FromHarness = Ask | Ran | Refused


def send(connection: Connection, message: msgspec.Struct) -> None:
    """Send a message; a lone surrogate in it, say of a file name an agent chose, becomes ``?``.

    Raises:
        OSError: If the other side is gone.
        TypeError: If it holds what cannot be encoded.
    """
    try:
        encoded = msgspec.msgpack.encode(message, enc_hook=_plain)
    except UnicodeEncodeError:
        data = _storable(msgspec.to_builtins(message, enc_hook=_plain))
        encoded = msgspec.msgpack.encode(data)
    connection.send_bytes(encoded)


def _plain(value: Any) -> Any:
    """A number or boolean of NumPy's as Python's own."""
    if type(value).__module__ == "numpy" and callable(getattr(value, "item", None)):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def receive_brief(connection: Connection) -> Brief:
    """Receive the first message to the process."""
    return msgspec.msgpack.decode(connection.recv_bytes(), type=Brief)


def receive_in_process(connection: Connection) -> FromHarness:
    """Receive any further message to the process.

    Raises:
        EOFError: If the harness has hung up.
    """
    message: FromHarness = msgspec.msgpack.decode(connection.recv_bytes(), type=FromHarness)
    return message


def receive(connection: Connection) -> FromProcess:
    """Receive a message from the process, which may say anything.

    Raises:
        EOFError: If it has ended.
        OSError: If it has ended, or says too much at once.
        msgspec.DecodeError: If it is no such message.
    """
    data = connection.recv_bytes(MOST_BYTES)
    message: FromProcess = msgspec.msgpack.decode(data, type=FromProcess)
    return message
