"""The provider's HTTP side: routes, errors in OpenAI's shape, keep-alive, and no clock anywhere."""

import json
import socket

import pytest

from harness.provider.server import serving

SIX = "What is six times seven?"
POEM = "Recite the poem."


def error_of(answer):
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    return answer["error"]


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/chat/completions", "/v1/chat/completions/?a=b"]
)
def test_chat_completions_answer_under_every_path_clients_use(wire, path):
    body = {"model": "any-name", "messages": [{"role": "user", "content": SIX}]}

    response, data = wire.send("POST", path, body)

    answer = json.loads(data)
    assert response.status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "any-name"
    assert answer["choices"][0]["message"]["role"] == "assistant"


def test_the_script_sees_the_whole_request(wire, tools):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Tell me what you see."}]},
    ]

    _, answer = wire.chat(
        "", messages=messages, temperature=0.25, tools=tools, headers={"X-Harness-Epoch": "4"}
    )

    assert json.loads(answer["choices"][0]["message"]["content"]) == {
        "scenario": "see",
        "parameters": {"p": 1},
        "model": "scripted-1",
        "temperature": 0.25,
        "system": "Be brief.",
        "last": "Tell me what you see.",
        "tools": 1,
        "epoch": 4,
        "seed": 7,
    }


def test_what_a_request_leaves_out_has_the_defaults_of_the_real_api(wire, tools):
    _, answer = wire.chat("Tell me what you see.", tools=tools, tool_choice="none")

    seen = json.loads(answer["choices"][0]["message"]["content"])
    assert (seen["temperature"], seen["epoch"], seen["system"], seen["tools"]) == (1.0, 1, "", 0)


def test_of_two_tasks_in_a_request_the_longer_decides(wire):
    _, answer = wire.chat("Please: Tell me what you see. All of it. Now.")

    assert json.loads(answer["choices"][0]["message"]["content"])["scenario"] == "see-more"


def test_the_task_may_stand_in_any_message(wire):
    messages = [{"role": "system", "content": f"They ask: {SIX}"}, {"role": "user", "content": "?"}]

    response, _ = wire.chat("", messages=messages)

    assert response.status == 200


def test_the_same_request_gets_the_same_bytes_from_another_server_on_another_port(
    wire, connect, behaviours
):
    body = {"model": "m", "messages": [{"role": "user", "content": SIX}], "temperature": 0.2}

    first, data = wire.send("POST", "/v1/chat/completions", body)
    with serving(behaviours, seed=7) as other:
        second, again = connect(other.base_url).send("POST", "/v1/chat/completions", body)

    assert data == again
    assert first.getheaders() == second.getheaders()


@pytest.mark.parametrize("change", [{"epoch": "2"}, {"seed": 8}, {"temperature": 0.3}], ids=str)
def test_another_epoch_seed_or_request_has_another_id(wire, connect, behaviours, change):
    body = {"model": "m", "messages": [{"role": "user", "content": SIX}]}
    _, data = wire.send("POST", "/v1/chat/completions", body)
    changed = body | {key: value for key, value in change.items() if key == "temperature"}
    headers = {"X-Harness-Epoch": change["epoch"]} if "epoch" in change else {}

    with serving(behaviours, seed=change.get("seed", 7)) as other:
        _, again = connect(other.base_url).send("POST", "/v1/chat/completions", changed, **headers)

    assert json.loads(data)["id"] != json.loads(again)["id"]


def test_answers_carry_no_clock_and_say_who_counted(wire):
    response, _ = wire.chat(SIX)

    headers = dict(response.getheaders())
    assert set(headers) == {"X-Request-Id", "X-Token-Counter", "Content-Type", "Content-Length"}
    assert headers["X-Token-Counter"].startswith("rs-bpe-0.1.0-o200k_base")


def test_the_models_are_listed(wire):
    _, data = wire.send("GET", "/v1/models")
    _, one = wire.send("GET", "/v1/models/anything")

    assert [model["id"] for model in json.loads(data)["data"]] == ["scripted-1"]
    assert json.loads(one)["id"] == "anything"


@pytest.mark.parametrize(
    ("fields", "param", "text"),
    [
        pytest.param({"n": 2}, "n", "does not support n=2. Ask for 1.", id="several-answers"),
        pytest.param({"logprobs": True}, "logprobs", "logprobs=true", id="logprobs"),
        pytest.param({"functions": [{}]}, "functions", "Send them as 'tools'", id="functions"),
        pytest.param({"model": ""}, "model", '""; expected a non-empty string', id="no-model"),
        pytest.param({"messages": []}, "messages", "a non-empty array", id="no-messages"),
        pytest.param({"messages": "hi"}, "messages", '"hi"', id="messages-a-string"),
        pytest.param({"messages": [7]}, "messages[0]", "7; expected an object", id="no-object"),
        pytest.param({"messages": [{}]}, "messages[0].role", "expected a string", id="no-role"),
        pytest.param(
            {"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "7", id="content"
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0]",
            "other kinds are unsupported",
            id="image",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "tool_calls": [{}]}]},
            "messages[0].tool_calls[0]",
            "function.name",
            id="tool-call",
        ),
        pytest.param({"tools": [{"type": "x"}]}, "tools[0]", "function.name", id="tool"),
        pytest.param({"temperature": 2.5}, "temperature", "2.5; expected a number", id="hot"),
        pytest.param({"temperature": "hot"}, "temperature", '"hot"', id="temperature-a-string"),
        pytest.param({"temperature": float("nan")}, "temperature", "NaN", id="temperature-nan"),
        pytest.param({"max_tokens": 0}, "max_tokens", "a whole number from 1", id="no-tokens"),
        pytest.param({"stop": [1]}, "stop", "a non-empty string", id="stop"),
        pytest.param({"stream": "yes"}, "stream", "true or false", id="stream"),
        pytest.param({"stream_options": 1}, "stream_options", "an object", id="stream-options"),
    ],
)
def test_a_wrong_field_is_refused_by_name(wire, fields, param, text):
    body = {"model": "m", "messages": [{"role": "user", "content": SIX}]} | fields

    response, data = wire.send("POST", "/v1/chat/completions", body)

    error = error_of(json.loads(data))
    assert response.status == 400
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert text in error["message"]


@pytest.mark.parametrize("header", ["0", "-1", "two", "²", "9" * 5_000])
def test_an_epoch_that_is_none_is_refused(wire, header):
    response, answer = wire.chat(SIX, headers={"X-Harness-Epoch": header.encode("latin-1")})

    assert response.status == 400
    assert error_of(answer)["param"] == "X-Harness-Epoch"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"{", "not JSON", id="torn"),
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"\xff\xfe\xfa", "not JSON", id="not-text"),
        pytest.param(b"[" * 100_000, "not JSON", id="too-deep"),
        pytest.param(b"[]", "a JSON list; an object was expected", id="list"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(wire, data, text):
    response, answer = wire.send("POST", "/v1/chat/completions", data)

    assert response.status == 400
    assert text in error_of(json.loads(answer))["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/v1/completions", 404, "Unknown path '/v1/completions'"),
        ("GET", "/", 404, "POST /v1/chat/completions"),
        ("GET", "/v1/chat/completions", 405, "use POST"),
        ("DELETE", "/v1/models", 405, "use GET"),
    ],
)
def test_an_unknown_path_or_method_is_refused(wire, method, path, status, text):
    response, data = wire.send(method, path, {} if method == "POST" else None)

    assert response.status == status
    assert text in error_of(json.loads(data))["message"]


def test_asking_for_the_head_of_an_answer_gets_no_body(wire):
    response, data = wire.send("HEAD", "/v1/models")

    assert (response.status, data) == (405, b"")
    assert wire.chat(SIX)[0].status == 200


def test_a_request_of_no_scenario_is_told_which_there_are(wire):
    response, answer = wire.chat("Who are you?")

    error = error_of(answer)
    assert response.status == 404
    assert error["code"] == "scenario_not_found"
    assert "'sum' ('What is six times seven?')" in error["message"]
    assert "'poem' ('Recite the poem.')" in error["message"]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        pytest.param(
            "Break, please.",
            "script of scenario 'broken' raised ZeroDivisionError: nothing to divide for broken (",
            id="exception",
        ),
        pytest.param("Break, please.", "conftest.py:", id="place-of-the-exception"),
        pytest.param("Return nonsense.", "'wrong' returned 17; it must return", id="no-reply"),
        pytest.param(
            "Use a tool that is not there.",
            "called the tool 'convret', which the request does not offer; it offers: none.",
            id="unknown-tool",
        ),
    ],
)
def test_a_failing_script_is_a_server_error_that_is_not_worth_a_retry(wire, task, text):
    response, answer = wire.chat(task)

    error = error_of(answer)
    assert response.status == 500
    assert (error["type"], error["code"]) == ("server_error", "script_error")
    assert text in error["message"]
    assert response.getheader("X-Should-Retry") == "false"


def test_a_script_that_makes_two_calls_where_one_is_allowed_fails(wire, tools):
    response, answer = wire.chat("Convert the money.", tools=tools, parallel_tool_calls=False)

    assert response.status == 500
    assert "made 2 tool calls at once" in error_of(answer)["message"]


def test_a_long_answer_is_cut_at_max_tokens(wire):
    _, whole = wire.chat(POEM)
    _, cut = wire.chat(POEM, max_tokens=10)
    _, newer = wire.chat(POEM, max_completion_tokens=10)

    assert whole["choices"][0]["finish_reason"] == "stop"
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["usage"]["completion_tokens"] in (9, 10)  # a flower takes several tokens
    assert whole["choices"][0]["message"]["content"].startswith(
        cut["choices"][0]["message"]["content"]
    )
    assert newer["choices"] == cut["choices"]


def test_tool_calls_that_do_not_fit_are_left_out(wire, tools):
    _, whole = wire.chat("Convert the money.", tools=tools)
    limit = whole["usage"]["completion_tokens"] - 1
    _, cut = wire.chat("Convert the money.", tools=tools, max_tokens=limit)

    assert len(whole["choices"][0]["message"]["tool_calls"]) == 2
    assert len(cut["choices"][0]["message"]["tool_calls"]) == 1
    assert cut["choices"][0]["finish_reason"] == "length"


def test_an_answer_ends_before_a_stop_sequence(wire):
    _, answer = wire.chat(POEM, stop=["rot", "🌹"])

    assert answer["choices"][0]["message"]["content"] == "Röslein, Röslein "
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_one_connection_serves_many_requests_also_after_an_error(wire):
    wire.chat(SIX)
    opened = wire.connection.sock
    wire.chat("Who are you?")
    wire.send("POST", "/v1/chat/completions", b"{")
    response, _ = wire.chat(SIX, stream=False)

    assert response.status == 200
    assert wire.connection.sock is opened


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        pytest.param("POST /v1/chat/completions HTTP/1.1\r\n\r\n", b"411", id="no-length"),
        pytest.param(
            "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"400", id="length"
        ),
        pytest.param(
            "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            b"413",
            id="too-long",
        ),
        pytest.param("nonsense\r\n\r\n", b"400", id="no-http"),
        pytest.param("BREW /pot HTTP/1.1\r\n\r\n", b"501", id="unknown-method"),
    ],
)
def test_malformed_http_is_answered_in_json_and_the_connection_closed(
    provider, request_text, status
):
    port = int(provider.base_url.rpartition(":")[2].removesuffix("/v1"))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(request_text.encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert error_of(json.loads(body))["message"]


def test_a_client_that_hangs_up_disturbs_nobody(provider, wire, capfd):
    port = int(provider.base_url.rpartition(":")[2].removesuffix("/v1"))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 50\r\n\r\n{")
    response, _ = wire.chat(SIX)

    assert response.status == 200
    assert capfd.readouterr().err == ""
