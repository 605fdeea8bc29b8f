"""A miss names its cause: which of a request's differences made it one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from recorded_chat import URL, miss, record, request, said

from harness.cassettes.matching import Index, request_of
from harness.cassettes.misses import Asked, miss_of

TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Does {name}."}}
    for name in ("search", "run_tests")
]
CODER = said("system", "You are a coder. Write small functions.")
REVIEWER = said("system", "You review code.")
TASK = said("user", "Write a limiter.", name="runner")
FIRST = said("user", "Here is the first version.", name="coder")
VERDICT = said("user", "It loses requests.", name="reviewer")
SECOND = said("user", "Here is the second version.", name="coder")
CALLS = (
    ("coder", request(CODER, TASK, tools=TOOLS), FIRST["content"]),
    ("reviewer", request(REVIEWER, TASK, FIRST, tools=TOOLS), VERDICT["content"]),
    ("coder", request(CODER, TASK, FIRST, VERDICT, tools=TOOLS), SECOND["content"]),
    ("reviewer", request(REVIEWER, TASK, FIRST, VERDICT, SECOND, tools=TOOLS), "Fine."),
)


def changed(message: dict[str, Any], content: str) -> dict[str, Any]:
    return {**message, "content": content}


def asked(*messages: dict[str, Any], **fields: Any) -> Any:
    return request(*messages, **{"tools": TOOLS, **fields})


CAUSES = [
    pytest.param(
        0,
        "coder",
        asked(changed(CODER, "You are a coder. Write tiny functions."), TASK),
        "prompt changed (system prompt)",
        1,
        "$.messages[0].content",
        id="system prompt",
    ),
    pytest.param(
        1,
        "reviewer",
        asked(changed(REVIEWER, "You review tests."), TASK, FIRST),
        "prompt changed (system prompt)",
        2,
        "$.messages[0].content",
        id="system prompt of the second agent",
    ),
    pytest.param(
        0,
        "coder",
        asked(CODER, changed(TASK, "Write a throttle.")),
        "prompt changed (opening message)",
        1,
        "$.messages[1].content",
        id="task",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, VERDICT, temperature=0.7),
        "model or temperature changed (temperature)",
        3,
        "$.temperature",
        id="temperature",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, VERDICT, model="gpt-5", max_tokens=9),
        "model or temperature changed (model)",
        3,
        "$.model",
        id="model and another setting",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, VERDICT, max_tokens=9, response_format={"type": "text"}),
        "settings changed (max_tokens, response_format)",
        3,
        "$.max_tokens",
        id="settings",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, VERDICT, tools=[TOOLS[1]]),
        "tools changed (search removed)",
        3,
        "$.tools[0]",
        id="tool removed",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, VERDICT, tools=[{"name": "fetch"}, *TOOLS]),
        "tools changed (fetch added)",
        3,
        "$.tools[0]",
        id="tool added before the others",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK, FIRST, changed(VERDICT, "It is slow.")),
        "earlier turn diverged (reviewer's reply in interaction 2)",
        3,
        "$.messages[3].content",
        id="another agent's reply",
    ),
    pytest.param(
        3,
        "reviewer",
        asked(REVIEWER, TASK, changed(FIRST, "Version one."), VERDICT, SECOND),
        "earlier turn diverged (coder's reply in interaction 1)",
        4,
        "$.messages[2].content",
        id="a reply two turns ago",
    ),
    pytest.param(
        3,
        "reviewer",
        asked(REVIEWER, TASK, FIRST, VERDICT, changed(SECOND, FIRST["content"])),
        "(coder's reply in interaction 3; now coder's reply in interaction 1)",
        4,
        "$.messages[4].content",
        id="another reply in its place",
    ),
    pytest.param(
        2,
        "coder",
        asked(CODER, TASK),
        "already played, as interaction 1 of 4",
        1,
        "",
        id="asked once more",
    ),
    pytest.param(
        4,
        "coder",
        asked(REVIEWER, TASK, FIRST, VERDICT, SECOND, said("user", "And now?")),
        "new call, the conversation goes on where the recording ends",
        4,
        "$.messages[5]",
        id="longer than recorded",
    ),
    pytest.param(
        3,
        "reviewer",
        asked(REVIEWER, TASK, FIRST, VERDICT),
        "new call, the conversation is shorter than any recorded",
        4,
        "$.messages[4]",
        id="shorter than recorded",
    ),
    pytest.param(
        4,
        "reviewer",
        asked(changed(REVIEWER, "Sum it up."), TASK, FIRST, VERDICT, SECOND),
        "new call, the recorded call that is most like it is played",
        4,
        "$.messages[0].content",
        id="beyond the recording",
    ),
    pytest.param(
        1,
        "planner",
        asked(said("system", "You plan."), TASK, FIRST),
        "new call, planner made no call in the recording, others did (coder 2, reviewer 2)",
        2,
        "$.messages[0].content",
        id="an agent that never called",
    ),
    pytest.param(
        0,
        "coder",
        request(CODER, TASK, tools=TOOLS, url="https://x/v1/responses"),
        "new call, nothing like it is recorded at this path",
        1,
        "path",
        id="another endpoint",
    ),
]


@pytest.fixture
def cassette(tmp_path):
    return record(tmp_path / "x.jsonl", *CALLS)


@pytest.mark.parametrize(("played", "agent", "wanted", "says", "interaction", "path"), CAUSES)
def test_a_miss_names_its_cause(cassette, played, agent, wanted, says, interaction, path):
    found = miss(cassette, wanted, agent=agent, played=played)

    assert says in found.text
    assert says.startswith(("(", found.kind))
    assert (found.interaction, found.path) == (interaction, path)


def test_a_tool_result_is_named_after_its_tool(tmp_path):
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    before = (TASK, said("assistant", None, tool_calls=[call]))
    result = said("tool", "18 degrees", tool_call_id="call_1")
    cassette = record(tmp_path / "x.jsonl", ("coder", request(*before, result), "Mild."))

    found = miss(cassette, request(*before, changed(result, "19 degrees")))

    assert "earlier turn diverged (the result of tool weather)" in found.text
    assert "in the tool message" in found.text


def test_a_message_that_no_model_said_is_named_by_role_and_name(tmp_path):
    output = said("user", "exit code 1", name="executor")
    cassette = record(tmp_path / "x.jsonl", ("coder", request(CODER, TASK, output), "Hm."))

    found = miss(cassette, request(CODER, TASK, changed(output, "exit code 0")))

    assert "earlier turn diverged (the user message of executor, which is no recorded" in found.text


def test_the_reply_of_a_stream_is_found_in_its_pieces(tmp_path):
    from harness.cassettes.format import CassetteHeader, Payload, ResponseRecord
    from harness.cassettes.reader import load_cassette
    from harness.cassettes.writer import CassetteWriter

    header = CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="x", base_url=URL)
    writer = CassetteWriter(tmp_path / "x.jsonl", header)
    events = "".join(
        f'data: {{"choices":[{{"delta":{{"content":"{piece}"}}}}]}}\n\n' for piece in ("It ", "is.")
    )
    stream = ResponseRecord(status=200, body=Payload(text=f"{events}data: [DONE]\n\n"))
    writer.write(request(TASK), stream, latency_seconds=1, caller=("coder", "reply"))
    writer.write(request(TASK, said("assistant", "It is.")), stream, latency_seconds=1)
    writer.finish()

    found = miss(
        load_cassette(tmp_path / "x.jsonl"),
        request(TASK, said("assistant", "It was.")),
        agent="",
        played=1,
    )

    assert "earlier turn diverged (coder's reply in interaction 1)" in found.text


@pytest.mark.parametrize(
    ("url", "recorded", "wanted", "says"),
    [
        pytest.param(
            "https://api.anthropic.com/v1/messages",
            b'{"system":"Be brief.","messages":[{"role":"user","content":"hi"}]}',
            b'{"system":"Be bold.","messages":[{"role":"user","content":"hi"}]}',
            "prompt changed (system)",
            id="system prompt of Anthropic",
        ),
        pytest.param(
            "https://api.openai.com/v1/responses",
            b'{"instructions":"Be brief.","input":"hi"}',
            b'{"instructions":"Be brief.","input":"ho"}',
            "prompt changed (input)",
            id="input of the responses API",
        ),
        pytest.param(
            "https://g/v1beta/models/gemini-2:generateContent",
            b'{"contents":[{"role":"user"}],"generationConfig":{"temperature":0}}',
            b'{"contents":[{"role":"user"}],"generationConfig":{"temperature":1}}',
            "model or temperature changed (generationConfig.temperature)",
            id="temperature of Gemini",
        ),
        pytest.param(
            "https://b/model/claude/converse",
            b'{"inferenceConfig":{"maxTokens":1}}',
            b'{"inferenceConfig":{"maxTokens":2}}',
            "settings changed (inferenceConfig)",
            id="setting of Bedrock",
        ),
        pytest.param(
            "https://x/upload", b"\xff one", b"\xff two", "settings changed (body)", id="no JSON"
        ),
        pytest.param(URL, b'{"n":1}', b'{"n":true}', "settings changed (n)", id="1 and true"),
    ],
)
def test_other_protocols_are_understood(tmp_path, url, recorded, wanted, says):
    cassette = record(tmp_path / "x.jsonl", ("", request_of("POST", url, recorded), "Yes."))

    found = miss(cassette, request_of("POST", url, wanted), agent="")

    assert says in found.text


def test_a_model_named_in_the_path_is_a_changed_model(tmp_path):
    address = "https://g/v1beta/models/{}:generateContent"
    body = b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}'
    recorded = request_of("POST", address.format("gemini-2"), body)
    cassette = record(tmp_path / "x.jsonl", ("", recorded, "Yes."))

    found = miss(cassette, request_of("POST", address.format("gemini-3"), body), agent="")

    assert "model or temperature changed (model)" in found.text


def test_settings_that_another_call_has_are_not_taken_for_the_cause(tmp_path):
    judge = request(CODER, TASK, FIRST, model="judge", temperature=0)
    cassette = record(
        tmp_path / "x.jsonl", ("coder", request(CODER, TASK), "1"), ("judge", judge, "2")
    )

    found = miss(cassette, request(CODER, TASK, FIRST, VERDICT), played=2)

    assert found.kind == "new call"


def test_a_call_that_waits_to_be_played_is_a_stray_one(cassette):
    index = Index(cassette.interactions)

    found = miss_of("x.jsonl", cassette, index, CALLS[2][1], Asked("", "", 1, 1))

    assert found.kind == "stray call"
    assert found.text.endswith("stray call, the answer is interaction 3 of 4.")


def test_agents_with_the_same_history_are_told_apart_by_their_prompts(tmp_path):
    prompts = [said("system", f"You are agent {name}, and nobody else.") for name in "abc"]
    calls = [("", request(prompt, TASK), "Yes.") for prompt in prompts]
    cassette = record(tmp_path / "x.jsonl", *calls)

    found = miss(
        cassette, request(changed(prompts[1], "You are agent b, and no other."), TASK), agent=""
    )

    assert found.interaction == 2


def test_a_damaged_shape_of_message_does_not_break_the_explanation(tmp_path):
    odd = {"role": 7, "content": [{"type": "text"}, "x", None], "tool_calls": "none"}
    cassette = record(tmp_path / "x.jsonl", ("coder", request(TASK, odd), "Yes."))

    other = deepcopy(odd)
    other["content"][1] = "y"
    found = miss(cassette, request(TASK, other))

    assert found.path == "$.messages[1].content[1]"
