"""The usage of every answer is the count of the texts that went over the wire."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.provider.script import Reply, ToolRequest
from harness.provider.server import Behaviour, serving
from harness.provider.tokens import EstimatedCounter
from harness.provider.usage import count_cached

NAMES = st.from_regex(r"[A-Za-z_]{1,12}", fullmatch=True)
TEXTS = st.text(max_size=120)
VALUES = st.integers() | TEXTS | st.lists(st.booleans(), max_size=3)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
CALL = st.fixed_dictionaries({"name": NAMES, "arguments": ARGUMENTS.map(json.dumps)})
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "user", "assistant", "tool"]),
            "content": TEXTS | st.none() | TEXTS.map(lambda text: [{"type": "text", "text": text}]),
        },
        optional={
            "name": NAMES,
            "tool_calls": st.lists(CALL, max_size=3).map(
                lambda calls: [{"id": "c", "type": "function", "function": call} for call in calls]
            ),
        },
    ),
    max_size=6,
)
TASK = {"role": "user", "content": "the task"}


@pytest.fixture(scope="module")
def tokens():
    from rs_bpe import openai

    return openai.o200k_base().count


def recount(tokens, body, answer):
    """Usage once more, from the documented rule and nothing of ours."""
    prompt = 3
    for message in body["messages"]:
        content = message["content"] or ""
        if isinstance(content, list):
            content = "".join(part["text"] for part in content)
        prompt += 3 + tokens(message["role"]) + tokens(content)
        prompt += 1 + tokens(message["name"]) if "name" in message else 0
        prompt += sum(recount_call(tokens, call) for call in message.get("tool_calls", ()))
    for tool in body.get("tools", ()):
        schema = json.dumps(tool["function"], ensure_ascii=False, separators=(",", ":"))
        prompt += 3 + tokens(schema)
    completion = tokens(answer["content"] or "")
    completion += sum(recount_call(tokens, call) for call in answer.get("tool_calls", ()))
    return prompt, completion


def recount_call(tokens, call):
    function = call["function"]
    return 3 + tokens(function["name"]) + tokens(function["arguments"])


def body_of(answer):
    choice = answer["choices"][0]
    return choice["message"], answer["usage"]


class Replies:
    """A script that says what the test last put here."""

    reply = ""

    def __call__(self, call):
        return self.reply


@pytest.fixture(scope="module")
def replies():
    return Replies()


@pytest.fixture(scope="module")
def echo(replies):
    with serving([Behaviour("echo", TASK["content"], {}, replies)]) as running:
        yield running


@settings(deadline=None, max_examples=60)
@given(
    before=MESSAGES,
    after=MESSAGES,
    content=TEXTS,
    calls=st.dictionaries(NAMES, ARGUMENTS, max_size=3),
    limit=st.none() | st.integers(1, 60),
)
def test_usage_equals_the_recount_of_the_texts(
    echo, replies, wire_to_echo, tokens, before, after, content, calls, limit
):
    replies.reply = Reply(
        content=content,
        tool_calls=tuple(ToolRequest(name=name, arguments=args) for name, args in calls.items()),
    )
    body = {
        "model": "scripted-1",
        "messages": [*before, TASK, *after],
        "tools": [{"type": "function", "function": {"name": name}} for name in calls],
        "max_tokens": limit,
    }

    response, data = wire_to_echo.send("POST", "/v1/chat/completions", body)

    message, usage = body_of(json.loads(data))
    prompt, completion = recount(tokens, body, message)
    assert response.status == 200
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (prompt, completion)
    assert usage["total_tokens"] == prompt + completion
    assert usage["prompt_tokens_details"]["cached_tokens"] < prompt
    assert limit is None or completion <= limit


@pytest.fixture(scope="module")
def wire_to_echo(echo, wire_class):
    wire = wire_class(echo.base_url)
    yield wire
    wire.connection.close()


def test_every_answer_of_a_conversation_has_the_usage_of_its_own_texts(wire, tokens, tools):
    messages = [{"role": "user", "content": "Convert the money."}]
    prompts = []
    for _ in range(3):
        body = {"messages": list(messages), "tools": tools}
        _, answer = wire.chat("", messages=messages, tools=tools)
        message, usage = body_of(answer)
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == recount(
            tokens, body, message
        )
        prompts.append(usage["prompt_tokens"])
        messages = [*messages, message, *results_of(message), {"role": "user", "content": "More?"}]

    assert prompts == sorted(set(prompts))


def results_of(message):
    return [
        {"role": "tool", "tool_call_id": call["id"], "content": "5.40"}
        for call in message.get("tool_calls", ())
    ]


WORDS = "word " * 2_000  # one token each, and one for the last space
SYSTEM = {"role": "system", "content": WORDS}
ANSWER = {"role": "assistant", "content": "Yes."}


@pytest.mark.parametrize(
    ("messages", "cached"),
    [
        pytest.param([SYSTEM, TASK], 0, id="nobody-answered-yet"),
        pytest.param([TASK, ANSWER, TASK], 0, id="beginning-too-short"),
        pytest.param([SYSTEM, TASK, ANSWER, TASK], 1920, id="beginning-was-a-prompt-before"),
        pytest.param([SYSTEM, TASK, ANSWER, SYSTEM, ANSWER, TASK], 3968, id="newest-answer-counts"),
        pytest.param([TASK, ANSWER, SYSTEM, TASK], 0, id="long-only-after-the-answer"),
    ],
)
def test_cached_tokens_are_the_prompt_of_the_newest_answer_in_the_request(wire, messages, cached):
    _, answer = wire.chat("", messages=[{"role": "user", "content": "Recite the poem."}, *messages])

    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": cached}


def test_cached_tokens_do_not_depend_on_who_asked_before(wire):
    messages = [SYSTEM, {"role": "user", "content": "Recite the poem."}]

    usages = [wire.chat("", messages=messages)[1]["usage"] for _ in range(3)]

    assert usages[0] == usages[1] == usages[2]
    assert usages[0]["prompt_tokens_details"] == {"cached_tokens": 0}


@given(messages=MESSAGES)
def test_cached_tokens_come_in_steps_of_the_provider_cache(messages):
    cached = count_cached([SYSTEM, *messages], [], EstimatedCounter())

    assert cached % 128 == 0
    assert cached == 0 or cached >= 1024


def test_without_the_tokenizer_usage_is_an_estimate_and_the_answer_says_so(tmp_path):
    program = tmp_path / "serve.py"
    program.write_text(
        "import sys; sys.modules['rs_bpe'] = None\n"
        "import json, urllib.request\n"
        "from harness.provider.server import Behaviour, serving\n"
        "with serving([Behaviour('s', 'the task', {}, lambda call: 'seven')]) as provider:\n"
        "    messages = [{'role': 'user', 'content': 'the task'}]\n"
        "    data = json.dumps({'model': 'm', 'messages': messages}).encode()\n"
        "    url = provider.base_url + '/chat/completions'\n"
        "    with urllib.request.urlopen(urllib.request.Request(url, data)) as response:\n"
        "        answer = json.load(response)\n"
        "        print(response.headers['X-Token-Counter'], answer['system_fingerprint'],\n"
        "              answer['usage']['prompt_tokens'], answer['usage']['completion_tokens'])\n"
    )

    finished = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True
    )

    # 3 + "user" 1 + "the"" task" 2 + 3 for the opening; "seven" 1.
    assert finished.stdout.split() == ["estimate", "scripted-estimate", "9", "1"]
