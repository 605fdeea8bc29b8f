"""Starting, watching and stopping the provider."""

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected

import pytest

from harness.errors import EnvironmentFault, ScriptError
from harness.provider.script import Reply, ToolRequest
from harness.provider.server import Behaviour, serve_forever, serving

SIX = "What is six times seven?"


def test_only_this_machine_can_reach_the_server(provider):
    assert provider.base_url.startswith("http://127.0.0.1:")


def test_an_ipv6_address_is_put_in_brackets(behaviours, connect):
    with serving(behaviours, host="::1") as provider:
        assert provider.base_url.startswith("http://[::1]:")
        response, _ = connect(provider.base_url).chat(SIX)

    assert response.status == 200


def test_requests_are_counted_and_watched(behaviours, connect):
    seen = []
    with serving(behaviours, on_request=seen.append) as provider:
        wire = connect(provider.base_url)
        wire.chat(SIX, headers={"X-Harness-Epoch": "3"})
        wire.chat("Who are you?")
        wire.send("GET", "/v1/models")

        assert provider.requests == 3
    assert [(one.number, one.method, one.path, one.status) for one in seen] == [
        (1, "POST", "/v1/chat/completions", 200),
        (2, "POST", "/v1/chat/completions", 404),
        (3, "GET", "/v1/models", 200),
    ]
    assert seen[0].completion.scenario == "sum"
    assert seen[0].epoch == 3
    assert seen[0].error is None
    assert seen[0].duration_seconds > 0
    assert seen[1].error.startswith("No scenario's task occurs")


def test_many_clients_at_once_each_get_their_own_answer(behaviours, connect):
    tasks = [SIX, "Recite the poem.", "Tell me what you see."] * 8

    with serving(behaviours, seed=7) as provider:
        alone = {task: connect(provider.base_url).chat(task)[1] for task in set(tasks)}
        with ThreadPoolExecutor(12) as pool:
            answers = pool.map(lambda task: connect(provider.base_url).chat(task)[1], tasks)

        assert list(answers) == [alone[task] for task in tasks]
        assert provider.requests == len(tasks) + len(alone)


def test_leaving_the_context_ends_the_server_and_its_connections(behaviours, connect):
    before = threading.active_count()
    with serving(behaviours) as provider:
        wire = connect(provider.base_url)
        wire.chat(SIX)
        kept_alive = wire.connection.sock
        started = time.perf_counter()

    assert time.perf_counter() - started < 1.0
    assert threading.active_count() == before
    assert kept_alive.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(provider.base_url).chat(SIX)


def test_a_taken_port_is_named(behaviours):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentFault, match=rf"cannot listen on 127.0.0.1:{port}: .*--port"):
            serve_forever(behaviours, port=port)


def behaviour(name, task):
    return Behaviour(name, task, {}, lambda call: "yes")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param([], "was given no scenario", id="none"),
        pytest.param([behaviour("a", " \n")], "'a' has an empty task", id="empty-task"),
        pytest.param(
            [behaviour("a", "Do it."), behaviour("b", "Do it.\n")],
            "'a' and 'b' have the same task",
            id="same-task",
        ),
    ],
)
def test_scenarios_that_cannot_be_told_apart_are_refused_at_the_start(given, text):
    with pytest.raises(ScriptError, match=text), serving(given):
        pass


def test_scenarios_with_the_same_task_are_pointed_to_by_their_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [
        Behaviour(name, "Do it.", {}, lambda call: "yes", file=f"{tmp_path}/talk/{name}/s.yaml")
        for name in ("a", "b")
    ]

    with pytest.raises(ScriptError) as caught, serving(given):
        pass

    assert "'a' (talk/a/s.yaml) and 'b' (talk/b/s.yaml) have the same task" in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(Reply(content=None), "it must return a str", id="no-text"),
        pytest.param(None, "returned None", id="nothing"),
    ],
)
def test_a_reply_without_text_is_a_mistake_of_the_script(connect, reply, text):
    with serving([Behaviour("s", "task", {}, lambda call: reply)]) as provider:
        response, answer = connect(provider.base_url).chat("task")

    assert response.status == 500
    assert text in answer["error"]["message"]


def test_arguments_that_are_not_json_are_a_mistake_of_the_script(connect, tools):
    reply = Reply(tool_calls=(ToolRequest(name="convert", arguments={"amount": {1, 2}}),))
    with serving([Behaviour("s", "task", {}, lambda call: reply)]) as provider:
        response, answer = connect(provider.base_url).chat("task", tools=tools)

    assert response.status == 500
    assert "gave the tool 'convert' arguments that are not JSON" in answer["error"]["message"]


def test_a_mistake_of_ours_is_shown_and_ends_only_its_connection(behaviours, connect, capfd):
    def explode(exchange):
        if exchange.path == "/v1/models":
            raise AssertionError("the watcher is broken")

    with serving(behaviours, on_request=explode) as provider:
        with pytest.raises(RemoteDisconnected):
            connect(provider.base_url).send("GET", "/v1/models")
        response, _ = connect(provider.base_url).chat(SIX)

    assert response.status == 200
    assert "AssertionError: the watcher is broken" in capfd.readouterr().err


def test_a_reply_with_half_a_character_is_sent_as_a_question_mark(connect):
    with serving([Behaviour("s", "task", {}, lambda call: "a\ud83d")]) as provider:
        _, answer = connect(provider.base_url).chat("task")

    assert answer["choices"][0]["message"]["content"] == "a?"


def test_a_script_may_say_why_it_stopped(connect):
    reply = Reply(content="I must not", finish_reason="content_filter")
    with serving([Behaviour("s", "task", {}, lambda call: reply)]) as provider:
        _, answer = connect(provider.base_url).chat("task")

    assert answer["choices"][0]["finish_reason"] == "content_filter"


SERVER = """
import signal
from harness.provider.server import Behaviour, serve_forever

# A shell's background job is started with Ctrl-C ignored, and so are its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
serve_forever(
    [Behaviour("s", "the task", {}, lambda call: f"seed {call.seed}")],
    port=0,
    seed=5,
    on_start=lambda provider: print(provider.base_url, flush=True),
    on_request=lambda exchange: print(exchange.number, exchange.completion.content, flush=True),
)
print("stopped", flush=True)
"""


def test_serving_forever_ends_quietly_on_ctrl_c(connect):
    import signal

    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        base_url = process.stdout.readline().strip()
        wire = connect(base_url)
        _, answer = wire.chat("the task")
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
        wire.connection.close()

    assert answer["choices"][0]["message"]["content"] == "seed 5"
    assert line == "1 seed 5\n"
    assert (process.returncode, rest, errors) == (0, "stopped\n", "")
