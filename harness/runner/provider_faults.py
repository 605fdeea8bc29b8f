"""What a provider's refusal means for who records: which address, which model, what next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.credentials import without_credentials

if TYPE_CHECKING:
    from harness.model.transcript import ExceptionInfo
    from harness.runner.task import Task

_URL = "Check the address: --base-url, or provider_settings in suite.yaml."
# By the last part of the exception's type; those of the openai and anthropic SDKs have these names.
_ADVICE = {
    "APIConnectionError": f"Is a provider running there? {_URL}",
    "APITimeoutError": "Try again, with fewer at a time: --workers 1.",
    "AuthenticationError": "Check the key in {variable}, and that it is this provider's.",
    "PermissionDeniedError": "Check what the key in {variable} may use.",
    "NotFoundError": f"It knows no such model, or no such path. {_URL} It usually ends in /v1.",
    "RateLimitError": "Wait, or check the account's quota; then record with --workers 1.",
}
# What the user gave is wrong, and no conversation can have begun.
_MISTAKES = frozenset(
    {"APIConnectionError", "AuthenticationError", "PermissionDeniedError", "NotFoundError"}
)
# The SDK hands on what is no JSON as it is, so that it fails later, at the first thing it lacks.
_NO_COMPLETION = re.compile(r"'(?:str|NoneType)' object has no attribute '(?:model|choices|id)'")
_NOT_FOUND_THERE = "no chat completion"


def with_advice(failure: ExceptionInfo, task: Task) -> ExceptionInfo:
    """The failure of a sample that asked a provider, with whom it asked, and what to do.

    Args:
        failure: As it was raised.
        task: The sample.
    """
    name = failure.type.rpartition(".")[2]
    asked = f"{without_credentials(task.endpoint.base_url)} was asked for {task.config.model!r}."
    if _NO_COMPLETION.search(failure.message):
        said = f"The provider's answer is {_NOT_FOUND_THERE} but something else, such as a web page"
        message = f"{said} ({failure.message}). {asked} {_URL} It usually ends in /v1."
    elif name in _ADVICE and not task.endpoint.is_scripted:
        advice = _ADVICE[name].format(variable=task.endpoint.key_variable or "its variable")
        message = f"{failure.message.rstrip('.')}. {asked} {advice}"
    else:
        return failure
    return msgspec.structs.replace(failure, message=message)


def is_users_mistake(failure: ExceptionInfo | None) -> bool:
    """Whether a recording failed by what it was given: address, key or model."""
    if failure is None:
        return False
    name = failure.type.rpartition(".")[2]
    return name in _MISTAKES or _NOT_FOUND_THERE in failure.message
