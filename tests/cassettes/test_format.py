"""The file: readable in review, linear in size, strict when read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cassettes import CassetteHeader, cassette_path, load_cassette
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import content_of, payload_of
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError
from harness.model.sample import SampleKey

HEADER = CassetteHeader(recorded_at="2026-01-02", source="test", base_url="http://host/v1")


def write(path: Path, *pairs: tuple[dict, bytes]) -> None:
    """Write a finished cassette of request bodies and response bodies."""
    writer = CassetteWriter(path, HEADER, overwrite=True)
    for body, content in pairs:
        request = request_of("POST", "http://host/v1/chat", json.dumps(body).encode())
        response = ResponseRecord(status=200, reason="OK", body=payload_of(content))
        writer.write(request, response, latency_seconds=0.5)
    writer.finish()


def chat(*texts: str, model: str = "m") -> dict:
    return {"model": model, "messages": [{"role": "user", "content": text} for text in texts]}


def reply(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def test_every_line_is_json(path):
    write(path, (chat("one\ntwo"), reply("three\nfour")))

    lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert [line.get("kind") if isinstance(line, dict) else line for line in lines] == [
        "header",
        "envelope",
        "part",
        "one",
        "two",
        "interaction",
        "three",
        "four",
        "end",
    ]


def test_a_changed_reply_changes_only_its_own_lines(path):
    def conversation(second_line: str) -> list[str]:
        first = f"first line\n{second_line}\nthird line"
        write(
            path,
            (chat("hello"), reply(first)),
            (chat("hello", first, "and then?"), reply("the end, and nothing but the end\n")),
        )
        return path.read_text().splitlines()

    before, after = conversation("old words"), conversation("new words")

    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    # Only as the reply: the next request refers to it.
    assert changed == [('"old words"', '"new words"')]


def test_a_growing_conversation_costs_linear_space(path, tmp_path):
    def size(turns: int) -> int:
        texts = [f"message {number} " + "x" * 200 for number in range(turns)]
        pairs = [(chat(*texts[: end + 1]), reply("ok")) for end in range(turns)]
        write(path, *pairs)
        return path.stat().st_size

    assert size(200) < 2.2 * size(100)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["$lines", "$$lines", "$reply", "$$reply", "kind", "a"])
            | st.text(max_size=3),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40)  # each one is written to disk for good
@given(st.lists(st.tuples(st.dictionaries(st.text(max_size=5), _json), _json), max_size=4))
def test_what_is_written_is_read_back(pairs):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.jsonl"
        bodies = [json.dumps(body).encode() for body, _ in pairs]
        contents = [json.dumps(value, indent=2).encode() for _, value in pairs]
        write(path, *((body, content) for (body, _), content in zip(pairs, contents, strict=True)))

        interactions = load_cassette(path).interactions

    assert [entry.content for entry in interactions] == contents
    wanted = [request_of("POST", "http://host/v1/chat", body) for body in bodies]
    assert [entry.request.digest for entry in interactions] == [one.digest for one in wanted]


@given(
    st.binary() | st.text().map(str.encode) | _json.map(lambda value: json.dumps(value).encode())
)
def test_response_bytes_are_exact_whatever_they_are(content):
    assert content_of(payload_of(content)) == content


def test_a_changed_reply_of_one_line_shows_as_that_line_alone(path):
    def written(said):
        write(path, (chat("Ask"), reply(said)), (chat("Ask", said, "Go on"), reply("Bye")))
        return path.read_text().splitlines()

    before, after = written("The capital of it is Paris."), written("The capital of it is Rome.")

    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert changed == [('"The capital of it is Paris."', '"The capital of it is Rome."')]


@pytest.fixture
def lines(path):
    """The lines of a good cassette, to be damaged."""
    write(
        path,
        (chat("one", "two\nlines"), reply("reply\nlines of a text worth quoting")),
        (chat("one", "two\nlines", "reply\nlines of a text worth quoting"), reply("x")),
    )
    return path.read_text().splitlines(keepends=True)


def _drop(prefix):
    def damage(lines):
        at = next(number for number, line in enumerate(lines) if line.startswith(prefix))
        return lines[:at] + lines[at + 1 :]

    return damage


def _replace(old, new):
    return lambda lines: [line.replace(old, new) for line in lines]


LINES_DAMAGED = [
    pytest.param(lambda lines: [], 1, "no complete first line", id="empty"),
    pytest.param(lambda lines: ["what?\n"], 1, "not the header of a cassette", id="no JSON"),
    pytest.param(lambda lines: lines[1:], 1, "not the header of a cassette", id="no header"),
    pytest.param(
        _replace('"schema_version":2', '"schema_version":7'),
        1,
        "schema_version is 7; this release reads 1 and 2",
        id="version",
    ),
    pytest.param(lambda lines: lines[:-1], 13, "stops before its last line", id="cut off"),
    pytest.param(lambda lines: [*lines[:4], '{"kind":"pa'], 5, "middle of a record", id="half"),
    pytest.param(lambda lines: lines[:6], 7, "middle of a record", id="texts cut off"),
    pytest.param(_drop('"lines"'), 7, "a line of a text was expected", id="text lost"),
    pytest.param(
        lambda lines: [*lines[:7], '"more"\n', *lines[7:]],
        8,
        "a line of a text",
        id="text more",
    ),
    pytest.param(lambda lines: lines[:2] + lines[4:], 6, "part 1, which is not", id="part lost"),
    pytest.param(_drop('{"kind":"envelope"'), 7, "envelope 1, which is not", id="no envelope"),
    pytest.param(
        lambda lines: [*lines[:4], *lines[2:]],
        5,
        "part 1 is defined twice",
        id="twice",
    ),
    pytest.param(
        lambda lines: [*lines[:2], lines[1], *lines[2:]],
        3,
        "envelope 1 is defined twice",
        id="envelope twice",
    ),
]
RECORDS_DAMAGED = [
    pytest.param(_replace('"replies":[1]', '"replies":[2]'), 11, "quotes interaction 2", id="q"),
    pytest.param(_replace('"like":1', '"like":5'), 12, "continues interaction 5", id="like"),
    pytest.param(_replace('"keep":2', '"keep":9'), 12, "keeps 9 items", id="keep"),
    pytest.param(_replace('"keep":2', '"keep":-1'), 12, "keeps -1 items", id="keep below 0"),
    pytest.param(_replace('"number":2', '"number":3'), 12, "interaction 3 stands", id="number"),
    pytest.param(_replace('"style":"spaced"', '"style":"odd"'), 8, "style 'odd'", id="style"),
    pytest.param(_replace('"interactions":2', '"interactions":3'), 14, "says it has 3", id="count"),
    pytest.param(lambda lines: [*lines, lines[-1]], 15, "after the last line", id="after end"),
    pytest.param(
        _replace('"latency_seconds"', '"latency"'), 8, "not a cassette record", id="field"
    ),
    pytest.param(
        _replace('"latency_seconds":0.5', '"latency_seconds":-0.5'),
        8,
        "latency_seconds is -0.5; it cannot be below 0",
        id="latency",
    ),
]


@pytest.mark.parametrize(("damage", "line", "words"), [*LINES_DAMAGED, *RECORDS_DAMAGED])
def test_damage_is_reported_with_its_line(path, lines, damage, line, words):
    path.write_text("".join(damage(lines)))

    with pytest.raises(CassetteError) as caught:
        load_cassette(path)

    text = str(caught.value)
    assert words in text
    assert text.startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("damage", "line", "words"),
    [
        pytest.param(_replace('"$lines":2}},"lines', '"$lines":3}},"lines'), 5, "texts", id="more"),
        pytest.param(_replace('"$lines":2}},"lines', '"$lines":1}},"lines'), 5, "texts", id="less"),
        pytest.param(
            _replace('"choices",0,"message"', '"choices",4,"message"'), 11, "quotes", id="q"
        ),
    ],
)
def test_damage_inside_a_record_is_reported_when_it_is_read(path, lines, damage, line, words):
    path.write_text("".join(damage(lines)))

    with pytest.raises(CassetteError) as caught:
        _ = [entry.request.shape for entry in load_cassette(path).interactions]

    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_missing_cassette_says_how_to_record_it(path):
    with pytest.raises(CassetteError, match=r"there is no such cassette.*harness record"):
        load_cassette(path)


def test_a_missing_cassette_points_to_its_partial_recording(path):
    path.with_name("sample.jsonl.partial").write_bytes(b"")

    with pytest.raises(CassetteError, match=r"cut short is in .*sample\.jsonl\.partial"):
        load_cassette(path)


def test_a_partial_file_is_read_up_to_where_it_was_torn(path, lines):
    partial = path.with_name("sample.jsonl.partial")
    whole = "".join(lines)
    counts = set()
    for length in range(len(lines[0]), len(whole), 5):
        partial.write_text(whole[:length])
        counts.add(len(load_cassette(partial).interactions))

    assert counts == {0, 1, 2}


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_bytes_load_or_are_a_cassette_error(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.jsonl"
        write(path, (chat("one\ntwo"), reply("three\nfour")))
        whole = path.read_bytes()
        for content in (data, whole[:-10] + data, data + whole):
            path.write_bytes(content)
            try:
                load_cassette(path)
            except CassetteError as fault:
                assert str(fault).startswith(str(path))


def test_a_sample_has_its_place_below_the_root():
    key = SampleKey(suite="sales", scenario="widgets", config="brief-t0.2", epoch=3)

    assert cassette_path(Path("cassettes"), key) == Path(
        "cassettes/sales/widgets/brief-t0.2/3.jsonl"
    )


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc", "a\\b", ""])
def test_a_name_that_would_climb_out_of_the_folder_is_refused(name):
    with pytest.raises(CassetteError, match="plain file name"):
        cassette_path(Path("cassettes"), SampleKey(suite="s", scenario="c", config=name, epoch=1))


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"prompt_tokens": 3, "completion_tokens": -7}, "completion_tokens = -7"),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, "cached_tokens = -1"),
    ],
)
def test_a_usage_that_counts_below_nothing_is_refused(path, usage, said):
    write(path, (chat("hello"), json.dumps({"usage": usage}).encode()))

    with pytest.raises(CassetteError) as caught:
        load_cassette(path)

    assert str(caught.value).startswith(f"{path}:5: the usage in the response counts {said};")


def test_a_response_that_is_damaged_is_refused_on_every_read(path: Path) -> None:
    write(path, (chat("one"), reply("two\nthree")))
    text = path.read_text()
    damaged = text.replace('{"content":{"$lines":2}}', '{"x":{"$lines":1},"content":{"$lines":2}}')
    assert damaged != text
    path.write_text(damaged)
    (interaction,) = load_cassette(path).interactions

    for _ in range(3):
        with pytest.raises(CassetteError):
            _ = interaction.content
