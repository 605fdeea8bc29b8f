"""Whatever a file holds, importing it gives a whole cassette or a clear refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cassettes import load_cassette
from harness.cassettes.exchange import import_recording
from harness.errors import CassetteError

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cassettes"
EXAMPLES = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

# The keys that readers look at, and words that mean something to YAML or to them.
STRUCTURE = ["interactions", "request", "response", "body", "string", "headers", "status", "code"]
FIELDS = ["message", "method", "uri", "url", "version", "parsed_body", "status_code", "content"]
VALUES_OF_NOTE = [
    "gzip",
    "br",
    "zstd",
    "deflate",
    "POST",
    "https://a.example/v1",
    "http://[",
    "200",
]
WORDS = [
    *STRUCTURE,
    *FIELDS,
    *VALUES_OF_NOTE,
    "duration",
    "content-encoding",
    "Date",
    "\u00e4\u2028",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(WORDS),
    st.just(200),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), SCALARS), inner, max_size=5),
    ),
    max_leaves=20,
)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=20), VALUES)
HEADERS = st.one_of(
    st.dictionaries(
        st.sampled_from(["content-type", "content-encoding", "Date", "x"]),
        st.one_of(st.lists(st.sampled_from(WORDS), max_size=2), TEXTS),
        max_size=3,
    ),
    VALUES,
)
BODIES = st.one_of(st.binary(), st.text(), VALUES)
URLS = st.one_of(
    st.just("https://api.openai.com/v1/chat/completions"),
    st.text(max_size=30).map(lambda text: f"https://a.example/{text}"),
    st.text(max_size=30).map(lambda text: f"https://{text}"),
    VALUES,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "method": TEXTS,
        "uri": URLS,
        "url": URLS,
        "headers": HEADERS,
        "body": BODIES,
        "parsed_body": VALUES,
    },
)
RESPONSES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.one_of(
            st.fixed_dictionaries({"code": st.integers(100, 999)}, optional={"message": TEXTS}),
            VALUES,
        ),
        "code": st.one_of(st.integers(100, 999), VALUES),
        "status_code": st.one_of(st.integers(100, 999), VALUES),
        "headers": HEADERS,
        "body": st.one_of(st.fixed_dictionaries({"string": BODIES}), BODIES),
        "parsed_body": VALUES,
        "content": BODIES,
        "duration": TEXTS,
    },
)
PLAIN_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "Date", "authorization"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    max_size=3,
)
PLAIN_BODIES = st.one_of(
    st.binary(), st.text(), VALUES.map(lambda value: json.dumps(value, default=str, skipkeys=True))
)


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, object]:
    """An interaction of vcrpy that is right but for at most one thing in each side."""
    request = {
        "method": draw(st.sampled_from(["GET", "POST"])),
        "uri": "https://a.example/" + draw(st.text(max_size=30)),
        "headers": draw(PLAIN_HEADERS),
        "body": draw(PLAIN_BODIES),
    }
    response = {
        "status": {"code": draw(st.integers(100, 999)), "message": draw(st.text(max_size=9))},
        "headers": draw(PLAIN_HEADERS),
        "body": {"string": draw(PLAIN_BODIES)},
    }
    for side in (request, response):
        if draw(st.integers(0, 4)) == 0:
            side[draw(st.sampled_from([*side, "parsed_body", "status_code", "url"]))] = draw(VALUES)
    return {"request": request, "response": response}


INTERACTIONS = st.one_of(
    nearly_right(),
    nearly_right(),
    st.fixed_dictionaries({"request": REQUESTS, "response": RESPONSES}),
    VALUES,
)
DOCUMENTS = st.one_of(
    st.fixed_dictionaries(
        {"interactions": st.lists(INTERACTIONS, min_size=1, max_size=3)},
        optional={"version": st.one_of(st.just(1), VALUES)},
    ),
    VALUES,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def check(folder: Path, name: str, data: bytes) -> int | None:
    """Import a file of these bytes; the number of interactions, None if it was refused."""
    source, target = folder / name, folder / "new.jsonl"
    source.write_bytes(data)
    target.unlink(missing_ok=True)
    try:
        result = import_recording(source, target)
    except CassetteError as fault:
        assert str(fault).startswith(f"{source}:")
        assert not list(folder.glob("new.jsonl*"))
        return None
    assert len(load_cassette(target).interactions) == result.interactions > 0
    return result.interactions


@EXAMPLES
@given(document=DOCUMENTS)
def test_any_yaml_document_is_imported_or_refused(folder, document):
    data = yaml.dump(document, encoding="utf-8")

    imported = check(folder, "old.yaml", data)

    assert imported is None or imported == len(document["interactions"])


@EXAMPLES
@given(document=DOCUMENTS)
def test_any_json_document_is_imported_or_refused(folder, document):
    data = json.dumps(document, default=str, skipkeys=True).encode()

    imported = check(folder, "old.json", data)

    assert imported is None or imported == len(document["interactions"])


@EXAMPLES
@given(
    data=st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.text(alphabet="[]{}:,-?&*!|>'\"#%@ \n\tab<").map(str.encode),
    ),
    name=st.sampled_from(["old.yaml", "old.json", "old"]),
)
def test_any_bytes_are_imported_or_refused(folder, data, name):
    check(folder, name, data)


def _small_recordings() -> list[Path]:
    files = sorted(RECORDINGS.glob("*/*.yaml"), key=lambda path: path.stat().st_size)
    return files[:120]


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the real recordings are not here: {RECORDINGS}"
)
@EXAMPLES
@given(data=st.data())
def test_real_recordings_with_damage_are_imported_or_refused(folder, data):
    files = _small_recordings()
    content = bytearray(data.draw(st.sampled_from(files)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.sampled_from([0, 1, 5, 80, 5000]))
        pieces = [b"", b"\n", b"- ", b": ", b"!!python/name:os.system ", b"&a ", b"*a ", b"'", b"{"]
        content[start : start + length] = data.draw(
            st.one_of(st.sampled_from(pieces), st.binary(max_size=4))
        )

    check(folder, "old.yaml", bytes(content))
