"""A chat completion request, checked as the real API checks it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError

# They say how an answer travels, not what is asked.
_DELIVERY = frozenset({"stream", "stream_options"})
# What a decoded JSON value may be; its shape is checked here before anything uses it.
_Json = Any


class ApiError(HarnessError):
    """An answer with an HTTP status of 400 or more, in OpenAI's error shape.

    Attributes:
        status: HTTP status.
        kind: The error object's ``type``.
        param: The field of the request at fault, if one is.
        code: A stable word for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        error = {
            "message": str(self),
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """What the scripted provider honours of a request; other fields change nothing.

    Attributes:
        model: Any non-empty name; it is echoed.
        messages: As sent; contents are text.
        tools: Function tools the answer may call; empty when ``tool_choice`` is "none".
        temperature: 0 to 2; 1.0 when the request names none, as the real API has it.
        max_tokens: Longest answer in tokens, from ``max_completion_tokens`` or ``max_tokens``.
        stop: Texts before which the answer ends.
        is_stream: Whether to answer with server-sent events.
        wants_usage: Whether a stream ends with a usage event.
        is_parallel: Whether one answer may carry several tool calls.
        digest: Hex digest of the body but for how the answer is delivered, whatever its
            key order and spacing: a stream has the ids of the plain answer.
    """

    model: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]
    temperature: float
    max_tokens: int | None
    stop: tuple[str, ...]
    is_stream: bool
    wants_usage: bool
    is_parallel: bool
    digest: str


def parse_request(data: bytes) -> ChatRequest:
    """Read and check the body of a request.

    Raises:
        ApiError: Status 400, naming the field and the value.
    """
    body = _decode(data)
    _refuse_unsupported(body)
    options = body.get("stream_options") or {}
    _expect(isinstance(options, dict), "stream_options", options, "an object")
    return ChatRequest(
        model=_model(body.get("model")),
        messages=_messages(body.get("messages")),
        tools=() if body.get("tool_choice") == "none" else _tools(body.get("tools")),
        temperature=_temperature(body.get("temperature")),
        max_tokens=_max_tokens(body),
        stop=_stop(body.get("stop")),
        is_stream=_flag(body, "stream", default=False),
        wants_usage=bool(options.get("include_usage")),
        is_parallel=_flag(body, "parallel_tool_calls", default=True),
        digest=_digest(body),
    )


def parse_epoch(header: str | None) -> int:
    """The epoch from the header ``X-Harness-Epoch``; 1 without one.

    Raises:
        ApiError: Status 400, if it is not a whole number from 1.
    """
    if header is None:
        return 1
    # Nine digits are plenty, and int() refuses thousands of them with an error of its own.
    is_epoch = header.isascii() and header.isdigit() and len(header) < 10 and int(header) >= 1
    _expect(is_epoch, "X-Harness-Epoch", header, "a whole number from 1")
    return int(header)


def _decode(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ApiError(
            400, f"The request body is not JSON: {error}.", code="invalid_json"
        ) from None
    if not isinstance(body, dict):
        raise ApiError(
            400, f"The request body is a JSON {type(body).__name__}; an object was expected."
        )
    return body


def _refuse_unsupported(body: dict[str, Any]) -> None:
    """Refuse what would change the form of the answer and the script cannot give."""
    unsupported = {
        "n": body.get("n") not in (None, 1),
        "logprobs": bool(body.get("logprobs")),
        "audio": bool(body.get("audio")),
        "functions": bool(body.get("functions")),
    }
    hints = {"n": " Ask for 1.", "functions": " Send them as 'tools'."}
    for param, is_asked in unsupported.items():
        if is_asked:
            raise ApiError(
                400,
                f"The scripted provider does not support {param}={_short(body[param])}."
                + hints.get(param, ""),
                param=param,
                code="unsupported_value",
            )


def _model(value: _Json) -> str:
    _expect(isinstance(value, str) and value.strip(), "model", value, "a non-empty string")
    return str(value)


def _messages(value: _Json) -> tuple[dict[str, Any], ...]:
    _expect(isinstance(value, list) and value, "messages", value, "a non-empty array")
    for at, message in enumerate(value):
        where = f"messages[{at}]"
        _expect(isinstance(message, dict), where, message, "an object")
        _expect(isinstance(message.get("role"), str), f"{where}.role", message, "a string")
        _check_content(message.get("content"), f"{where}.content")
        _check_calls(message.get("tool_calls"), f"{where}.tool_calls")
    return tuple(value)


def _check_content(content: _Json, where: str) -> None:
    if content is None or isinstance(content, str):
        return
    _expect(isinstance(content, list), where, content, "a string, null or an array of parts")
    for at, part in enumerate(content):
        is_text = isinstance(part, dict) and isinstance(part.get("text"), str)
        # Images and sound have token counts that nobody can take from their text.
        _expect(is_text, f"{where}[{at}]", part, "a part with a text; other kinds are unsupported")


def _check_calls(calls: _Json, where: str) -> None:
    _expect(calls is None or isinstance(calls, list), where, calls, "an array")
    for at, call in enumerate(calls or ()):
        function = call.get("function") if isinstance(call, dict) else None
        is_call = isinstance(function, dict) and {"name", "arguments"} <= function.keys()
        _expect(is_call, f"{where}[{at}]", call, "an object with function.name and .arguments")


def _tools(value: _Json) -> tuple[dict[str, Any], ...]:
    _expect(value is None or isinstance(value, list), "tools", value, "an array")
    for at, tool in enumerate(value or ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        is_function = isinstance(function, dict) and isinstance(function.get("name"), str)
        _expect(is_function, f"tools[{at}]", tool, "an object with function.name")
    return tuple(value or ())


def _temperature(value: _Json) -> float:
    if value is None:
        return 1.0
    is_valid = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 2
    _expect(is_valid, "temperature", value, "a number from 0 to 2")
    return float(value)


def _max_tokens(body: dict[str, Any]) -> int | None:
    for param in ("max_completion_tokens", "max_tokens"):
        value = body.get(param)
        if value is not None:
            is_valid = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            _expect(is_valid, param, value, "a whole number from 1")
            return int(value)
    return None


def _stop(value: _Json) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    is_valid = isinstance(texts, list) and all(isinstance(text, str) and text for text in texts)
    _expect(is_valid, "stop", value, "a non-empty string or an array of them")
    return tuple(texts)


def _flag(body: dict[str, Any], param: str, *, default: bool) -> bool:
    value = body.get(param)
    _expect(value is None or isinstance(value, bool), param, value, "true or false")
    return default if value is None else bool(value)


def _digest(body: dict[str, Any]) -> str:
    question = {key: value for key, value in body.items() if key not in _DELIVERY}
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


def _expect(condition: object, param: str, value: object, expected: str) -> None:
    if not condition:
        raise ApiError(
            400,
            f"Invalid value for {param!r}: {_short(value)}; expected {expected}.",
            param=param,
            code="invalid_value",
        )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
