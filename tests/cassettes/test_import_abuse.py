"""Hostile and broken recordings: a clear error, nothing run, nothing written, memory bounded."""

from __future__ import annotations

import base64
import gzip
import json
import os
import resource
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import pytest

from harness.cassettes.exchange import import_recording, limits
from harness.errors import CassetteError

ITEM = """\
- request:
    body: '{}'
    headers: {}
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body: {string: hello}
    headers: {}
    status: {code: 200, message: OK}
"""


def refused(source: Path) -> str:
    """Import a recording; returns why it was refused, making sure that nothing is left."""
    target = source.parent / "out" / "new.jsonl"
    with pytest.raises(CassetteError) as caught:
        import_recording(source, target)
    assert not target.parent.exists() or not list(target.parent.iterdir())
    return str(caught.value)


@pytest.fixture
def yaml_file(tmp_path):
    def function(text: str | bytes) -> Path:
        path = tmp_path / "old.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return function


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {marker}']",
        "!!python/object/new:os.system ['touch {marker}']",
        "!!python/object/apply:subprocess.Popen {{args: [[touch, {marker}]]}}",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!python/object:collections.Counter {{}}",
        "!own 'x'",
        "!!set {{a, b}}",
    ],
)
def test_a_tag_that_asks_for_code_is_refused_with_its_line_and_not_run(yaml_file, tmp_path, tag):
    marker = tmp_path / "ran"
    hostile = f"interactions:\n{ITEM}- request:\n    body: {tag.format(marker=marker)}\n"

    message = refused(yaml_file(hostile))

    line = hostile[: hostile.index(tag.format(marker=marker))].count("\n") + 1
    assert f"old.yaml:{line}: the tag {tag.split()[0]} asks for" in message
    assert not marker.exists()


def test_a_file_that_stands_for_gigabytes_is_refused(yaml_file):
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    message = refused(yaml_file("\n".join(bomb) + f"\ninteractions:\n{ITEM}"))

    assert "the references in this file stand for more than 10,000,000" in message


def test_a_reference_to_itself_is_refused(yaml_file):
    assert "*a leads to itself" in refused(yaml_file(f"x: &a [*a]\ninteractions:\n{ITEM}"))


def test_a_reference_to_nothing_is_refused(yaml_file):
    assert "*a leads nowhere" in refused(yaml_file(f"x: *a\ninteractions:\n{ITEM}"))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_absurd_nesting_is_refused(yaml_file, opening):
    assert refused(yaml_file(f"x: {opening * 5000}"))


def test_nesting_in_json_is_refused(tmp_path):
    source = tmp_path / "old.json"
    source.write_text('{"interactions": [' + "[" * 100_000)

    assert "old.json:1: the JSON cannot be read" in refused(source)


def test_a_body_of_deeply_nested_json_is_kept_or_refused(tmp_path):
    source = tmp_path / "old.json"
    item = _json_item("[" * 100_000 + "]" * 100_000)
    source.write_text(json.dumps({"version": 1, "interactions": [item]}))

    try:
        result = import_recording(source, tmp_path / "new.jsonl")
    except CassetteError as error:
        assert "nested too deeply" in str(error)
        assert not (tmp_path / "new.jsonl").exists()
    else:
        assert result.interactions == 1


def _json_item(body: str, **headers: list[str]) -> dict[str, object]:
    return {
        "request": {"method": "GET", "uri": "https://a.example/", "body": None, "headers": {}},
        "response": {"status": {"code": 200}, "headers": headers, "body": {"string": body}},
    }


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_body_that_unpacks_to_gigabytes_is_refused(yaml_file, encoding):
    import zstandard

    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}[encoding]
    packed = base64.b64encode(pack(bytes(limits.BODY_BYTES + 1))).decode()
    text = ITEM.replace("string: hello", f"string: !!binary {packed}")
    text = text.replace(
        "    headers: {}\n    status",
        f"    headers: {{content-encoding: [{encoding}]}}\n    status",
    )

    assert "has more than 64 MB when decompressed" in refused(yaml_file(f"interactions:\n{text}"))


def test_a_file_beyond_the_limit_is_refused_without_being_read(tmp_path):
    source = tmp_path / "old.yaml"
    with source.open("wb") as file:
        file.write(b"interactions:\n")
        file.truncate(limits.FILE_BYTES + 1)

    assert "recordings of up to 256 MB are imported" in refused(source)


@pytest.mark.slow
@pytest.mark.parametrize("notation", ["yaml", "json"])
def test_200_megabytes_are_imported_within_a_gigabyte(tmp_path, notation):
    source = tmp_path / f"old.{notation}"
    text = "A few words. " * 31_000
    with source.open("w") as file:
        if notation == "yaml":
            file.write("interactions:\n")
            for number in range(500):
                file.write(ITEM.replace("hello", f"'{number} {text}'"))
        else:
            items = (json.dumps(_json_item(f"{number} {text}")) for number in range(500))
            file.write('{"version": 1, "interactions": [' + ",\n".join(items) + "]}")
    paths = f"Path({str(source)!r}), Path({str(tmp_path / 'new.jsonl')!r})"
    script = f"""
        import resource
        from pathlib import Path
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        from harness.cassettes.exchange import import_recording
        print(import_recording({paths}).interactions)
    """

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert source.stat().st_size >= 200_000_000
    assert (done.stdout.strip(), done.stderr) == ("500", "")


def test_an_interaction_of_too_many_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "INTERACTION_VALUES", 1000)
    many = [0] * 1001
    (tmp_path / "a.yaml").write_text(f"interactions:\n- {many}\n")
    (tmp_path / "b.json").write_text(json.dumps({"interactions": [many]}))
    (tmp_path / "c.json").write_text(json.dumps({"interactions": [_json_item("," * 5000)]}))

    assert "1,000 values are read" in refused(tmp_path / "a.yaml")
    assert "1,000 are read" in refused(tmp_path / "b.json")
    assert import_recording(tmp_path / "c.json", tmp_path / "c.jsonl").interactions == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ":1: the file is empty", id="nothing"),
        pytest.param("# only a comment\n", ":1: the file is empty", id="a comment"),
        pytest.param("- a\n", ":1: this is no known recording", id="a list"),
        pytest.param("http_interactions: []\n", "this is no known recording", id="Ruby's"),
        pytest.param("interactions: 3\n", "this is no known recording", id="a number"),
        pytest.param("interactions: []\nversion: 1\n", "holds no interactions", id="none"),
        pytest.param(f"interactions:\n{ITEM}version: 9\n", ":11: the version is '9'", id="version"),
        pytest.param(f"interactions:\n{ITEM}interactions: []\n", "two lists", id="two lists"),
        pytest.param(f"interactions:\n{ITEM}---\na: 1\n", "second YAML document", id="two files"),
        pytest.param("interactions:\n- 'cut off", ":2: the YAML cannot be read", id="cut off"),
        pytest.param("interactions:\n- {}\n", ":2: the interaction is in no known form", id="{}"),
        pytest.param("interactions:\n- text\n", ":2: the interaction is a text", id="a text"),
        pytest.param(b"interactions:\n- \xff\n", "the YAML cannot be read", id="no UTF-8"),
        pytest.param(b'{"kind":"header","schema_version":2}\n', "a cassette already", id="ours"),
        pytest.param("interactions:\n- {request: {uri: 3}}\n", "response is missing", id="half"),
        pytest.param("x: !!int 1e\n", "cannot be read as int", id="a number that is none"),
        pytest.param("x: !!binary a\n", "cannot be read as binary", id="bytes that are none"),
        pytest.param(f"x: {'1' * 5000}\n", "cannot be read as int", id="a huge number"),
        pytest.param(
            "x: {[a]: b}\n", ":1: a mapping has a key that is no text", id="a list as key"
        ),
    ],
)
def test_what_is_no_recording_is_refused(yaml_file, text, expected):
    assert expected in refused(yaml_file(text))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("method: POST", "method: 3", "request.method is a number, not a text"),
        ("method: POST", "method: ''", "request.method is empty"),
        ("uri: https://api", "uri: ftp://api", "does not begin with http:// or https://"),
        ("uri: https://api.openai.com", "uri: /v1", "does not begin with http:// or https://"),
        ("https://api.openai.com", "https://[::1", "is not valid"),
        ("api.openai.com", "api.openai.com:99999", "is not valid"),
        ("code: 200", "code: 7", "the status code is 7"),
        ("code: 200", "code: '200'", "the status code is a text"),
        ("{code: 200, message: OK}", "true", "the status code is a truth value"),
        ("message: OK", "message: [OK]", "response.status.message is a list"),
        ("{string: hello}", "{strings: hello}", 'response.body has no "string"'),
        ("{string: hello}", "{string: 3}", "response.body is a number"),
        ("body: '{}'", "body: 2.5", "request.body is a number"),
        ("body: '{}'", "body: {a: !!binary AA==}", "a value that JSON has no form for"),
        ("headers: {}", "headers: {a: {b: c}}", "request.headers holds a mapping"),
        ("headers: {}", "headers: [[a]]", "holds a pair that is none"),
        ("headers: {}", "headers: text", "request.headers is a text, not a mapping"),
        ("body: '{}'", "body: '{}'\n    parsed_body: 1", "both a body and a parsed_body"),
    ],
)
def test_a_fault_in_an_interaction_is_named(yaml_file, old, new, expected):
    assert old in ITEM

    message = refused(yaml_file(f"interactions:\n{ITEM}{ITEM.replace(old, new, 1)}"))

    assert "old.yaml:11: " in message
    assert expected in message


def test_json_that_is_no_recording_is_refused(tmp_path):
    source = tmp_path / "old.json"
    for text, expected in (
        ('{"interactions": [{}', "the JSON cannot be read"),
        ('{"version": 1}', "this is no known recording"),
        ('[{"request": {}}]', "this is no known recording"),
        ('{"version": 3, "interactions": []}', "the version is '3'"),
        ('{"interactions":\n[\n{"request": 4}]}', "old.json:3: the interaction is in no known"),
        ('{"interactions": [{"a": "\xff', "the JSON cannot be read"),
    ):
        source.write_bytes(text.encode("latin-1"))
        assert expected in refused(source)


def test_missing_and_unreadable_files_are_named(tmp_path):
    assert "there is no such file" in refused(tmp_path / "absent.yaml")
    (tmp_path / "folder.yaml").mkdir()
    assert "folder.yaml: the file cannot be read" in refused(tmp_path / "folder.yaml")


def test_a_full_disk_leaves_nothing_behind(yaml_file, tmp_path):
    source = yaml_file(f"interactions:\n{ITEM.replace('hello', 'x' * 100_000)}")
    target = tmp_path / "out" / "new.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(CassetteError, match="nothing can be written there"):
            import_recording(source, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert os.listdir(target.parent) == []
