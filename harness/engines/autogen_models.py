"""Record every model call AutoGen makes, hidden ones included."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.capture import exception_info
from harness.engines.autogen_requests import content_text, tool_calls_of
from harness.engines.autogen_scripted import Answering, PartialClient, ScriptedClient
from harness.model.transcript import Purpose, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from harness.engines.autogen_scope import SampleState, Scope
    from harness.protocols import Assignment


def replace_create(original: Callable[..., Any], scope: Scope, wrapper: Any, **config: Any) -> Any:
    """Around ``OpenAIWrapper.create``, which every model call goes through."""
    agent, purpose, attempt = _caller(scope, config.get("agent"))
    _switch_cache_off(wrapper, config)
    _name_epoch(scope.sample, wrapper, config)
    caller = f"{agent} {purpose}"
    fields: dict[str, Any] = {
        "agent": agent,
        "purpose": purpose,
        "attempt": attempt,
        **_request_fields(scope.sample, caller, config),
    }
    filled: list[dict[str, Any]] = []
    if config.get("context"):
        original = _noting(original, filled)
    recorder = scope.sample.recorder
    with _announced(scope.sample, agent, purpose) as latency:
        started = time.perf_counter()
        try:
            response = original(wrapper, **config)
        except BaseException as error:
            fields |= _request_fields(scope.sample, caller, filled[-1]) if filled else {}
            fields["latency_seconds"] = latency(time.perf_counter() - started)
            fields["model_requested"] = _model_requested(wrapper, config, None)
            recorder.model_call(**fields, error=exception_info(error, with_traceback=False))
            raise
        fields |= _request_fields(scope.sample, caller, filled[-1]) if filled else {}
        fields["latency_seconds"] = latency(time.perf_counter() - started)
    fields["model_requested"] = _model_requested(wrapper, config, response)
    recorder.model_call(**fields, **_response_fields(response))
    return response


def _noting(create: Callable[..., Any], filled: list[dict[str, Any]]) -> Callable[..., Any]:
    """The same call, noting the requests in which AutoGen fills templates from the context."""

    def noting(wrapper: Any, **config: Any) -> Any:
        construct = wrapper._construct_create_params

        def noted(*args: Any, **kwargs: Any) -> Any:
            filled.append(construct(*args, **kwargs))
            return filled[-1]

        wrapper._construct_create_params = noted
        try:
            return create(wrapper, **config)
        finally:
            del wrapper._construct_create_params

    return noting


def _caller(scope: Scope, agent: Any) -> tuple[str, Purpose, int]:
    if scope.selection is not None:
        scope.selection.model_calls += 1
        return scope.selection.manager, "speaker_selection", scope.selection.model_calls
    name = getattr(agent, "name", None) or "unknown"
    if scope.is_summary:
        return name, "summary", 1
    return name, "reply" if agent is not None else "other", 1


def _switch_cache_off(wrapper: Any, config: dict[str, Any]) -> None:
    """AutoGen's own cache would answer instead of the provider; 0.2 has it on by default."""
    config["cache"] = None
    for entry in wrapper._config_list:
        entry["cache_seed"] = None


def _name_epoch(sample: SampleState, wrapper: Any, config: dict[str, Any]) -> None:
    """Tell our own provider which repeat this is; nobody else's requests are changed."""
    assignment = sample.assignment
    if assignment.mode != "record" or not assignment.endpoint.is_scripted:
        return
    headers = {"X-Harness-Epoch": str(assignment.key.epoch)}
    for entry in wrapper._config_list:
        # An entry of the configuration would replace what the call passes.
        entry["extra_headers"] = {**(entry.get("extra_headers") or {}), **headers}
    config["extra_headers"] = headers


def _announced(
    sample: SampleState, agent: str, purpose: Purpose
) -> AbstractContextManager[Callable[[float], float]]:
    """Say who is calling, to the scripted client or to the cassette.

    Returns:
        What to enter for the call. It gives the latency to record, given the measured one; in a
        replay, as it was recorded.
    """
    if _plays(sample.assignment, agent):
        return Answering(agent, purpose)
    return _told_cassette(sample.assignment, agent, purpose)


@contextmanager
def _told_cassette(
    assignment: Assignment, agent: str, purpose: Purpose
) -> Iterator[Callable[[float], float]]:
    if assignment.mode in {"replay", "record"}:
        from harness.cassettes import calling, current_session

        with calling(agent, purpose):
            session = current_session() if assignment.mode == "replay" else None
            yield lambda measured: session.last_latency_seconds if session else measured
    else:
        yield lambda measured: measured


def _request_fields(sample: SampleState, caller: str, config: Mapping[str, Any]) -> dict[str, Any]:
    messages = config.get("messages")
    if messages is None:
        return {"prompt": str(config.get("prompt") or "")}
    sent = sample.sent_messages.read(caller, messages)
    prompt = content_text(messages[-1]) if sent else ""
    return {"prompt": prompt, "prompt_messages": len(sent), "sent": sent}


def _model_requested(wrapper: Any, config: Mapping[str, Any], response: Any) -> str:
    entries = wrapper._config_list
    # The entry that answered; after an error, the last one tried.
    position = getattr(response, "config_id", None)
    entry = entries[position if isinstance(position, int) else -1] if entries else {}
    return str(entry.get("model") or config.get("model") or "")


def _response_fields(response: Any) -> dict[str, Any]:
    choices = getattr(response, "choices", None) or ()
    message = getattr(choices[0], "message", None) if choices else None
    return {
        "model_answered": getattr(response, "model", None),
        "usage": _usage(getattr(response, "usage", None)),
        "finish_reason": getattr(choices[0], "finish_reason", None) if choices else None,
        "reply": _reply_text(response, message),
        "tool_calls": tool_calls_of(message) if message is not None else (),
    }


def _reply_text(response: Any, message: Any) -> str:
    content = getattr(message, "content", None) if message is not None else None
    if content is None:
        text = getattr(response, "text", None)
        return text if isinstance(text, str) else ""
    return content if isinstance(content, str) else content_text({"content": content})


def _usage(usage: Any) -> Usage | None:
    if isinstance(usage, Usage):
        return usage
    prompt, completion = _number(usage, "prompt_tokens"), _number(usage, "completion_tokens")
    if prompt is None and completion is None:
        return None
    return Usage(
        prompt_tokens=prompt or 0,
        completion_tokens=completion or 0,
        cached_tokens=_detail(usage, "prompt_tokens_details", "cached_tokens"),
        reasoning_tokens=_detail(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _detail(usage: Any, group: str, name: str) -> int:
    return _number(_get(usage, group), name) or 0


def _number(source: Any, name: str) -> int | None:
    value = _get(source, name)
    return value if isinstance(value, int) else None


def _get(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, dict) else getattr(source, name, None)


def replace_client(
    original: Callable[..., Any], scope: Scope, wrapper: Any, config: Any, openai_config: Any
) -> None:
    """Instead of ``_register_default_client``: a client that asks the script, if there is one."""
    assignment = scope.sample.assignment
    script = assignment.script
    if script is None or config.get("model_client_cls") is not None:
        original(wrapper, config, openai_config)
        return
    scripted = ScriptedClient(scope.sample, script, config)
    if assignment.scenario.mocked:
        original(wrapper, config, openai_config)
        wrapper._clients[-1] = PartialClient(wrapper._clients[-1], scripted)
    else:
        wrapper._clients.append(scripted)


def _plays(assignment: Assignment, agent: str) -> bool:
    """Whether the script answers for an agent."""
    mocked = assignment.scenario.mocked
    return assignment.script is not None and (not mocked or agent in mocked)
