"""Exceptions on their way from a forked process to the one that forked it."""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING, NoReturn

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator


def portable(error: BaseException) -> bytes:
    """An exception as bytes."""
    told = "".join(traceback.format_exception(error))
    sent = _plain(error)
    if sent is not None:
        return pickle.dumps((sent, None, told))
    kind = type(error)
    parts = (kind.__module__, kind.__qualname__, _plain(error.args), _plain(vars(error)))
    return pickle.dumps((None, (*parts, str(error)), told))


def raise_sent(data: bytes) -> NoReturn:
    """Raise what was sent: the same exception, if this process knows its type."""
    sent, parts, told = pickle.loads(data)
    error: BaseException = _rebuilt(*parts) if sent is None else pickle.loads(sent)
    error.add_note(f"Raised in the process that held the conversation:\n{told}")
    raise error


def _plain(value: object) -> bytes | None:
    """Pickled; None for what does not come back as what it was."""
    try:
        data = pickle.dumps(value)
        return data if type(pickle.loads(data)) is type(value) else None
    except Exception:  # Its own code takes part in both.
        return None


def _rebuilt(
    module: str, name: str, args: bytes | None, attributes: bytes | None, text: str
) -> BaseException:
    """An exception that cannot be copied as it is, as pytest's own: found among the types."""
    for kind in _kinds(BaseException):
        if (kind.__module__, kind.__qualname__) == (module, name):
            error = kind.__new__(kind)
            error.args = (text,) if args is None else pickle.loads(args)
            if attributes is not None:
                vars(error).update(pickle.loads(attributes))
            return error
    return HarnessError(f"{name}: {text}")


def _kinds(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)
