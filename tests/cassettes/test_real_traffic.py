"""Recordings that two open-source projects made of real providers: nothing of them is lost."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
import stock_vcr

from harness.cassettes import load_cassette, replaying
from harness.cassettes.costs import usage_of_response
from harness.cassettes.exchange import Imported, export_cassette, import_recording
from harness.cassettes.session import ReplaySession, Sent
from harness.cassettes.usage import is_model_call

if TYPE_CHECKING:
    from harness.cassettes import Cassette, Interaction

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cassettes"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the real recordings are not here: {RECORDINGS}"
)


@dataclass(frozen=True)
class Call:
    """A call as vcrpy itself reads it from a recording, its response decompressed."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int
    content: bytes

    @property
    def sent(self) -> Sent:
        return Sent(self.method, self.url, self.headers, self.body)


@dataclass(frozen=True)
class Traffic:
    """A recording, its calls, and the cassette it became."""

    calls: tuple[Call, ...]
    imported: Imported
    cassette: Cassette


def _calls(source: Path) -> tuple[Call, ...]:
    """The calls of a recording, read by vcrpy and decompressed by httpx: none of our code."""
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    requests, responses = deserialize(source.read_text(), yamlserializer)
    return tuple(_call(*pair) for pair in zip(requests, responses, strict=True))


def _call(request, response) -> Call:
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
        if name.lower() in ("content-type", "content-encoding")
    }
    packed = [
        (name, value)
        for name, values in response["headers"].items()
        if name.lower() == "content-encoding"
        for value in values
    ]
    content = httpx.Response(200, headers=packed, content=response["body"]["string"]).content
    status = response["status"]["code"]
    return Call(request.method, request.uri, headers, request.body or b"", status, content)


@pytest.fixture(scope="session")
def traffic(tmp_path_factory) -> tuple[Traffic, ...]:
    """Every recording, imported once for all tests."""
    folder = tmp_path_factory.mktemp("imported")
    done = []
    for number, source in enumerate(sorted(RECORDINGS.glob("*/*.yaml"))):
        imported = import_recording(source, folder / f"{number}.jsonl")
        done.append(Traffic(_calls(source), imported, load_cassette(imported.path)))
    return tuple(done)


def test_every_recording_is_imported_with_all_its_interactions(traffic):
    files = Counter(recording.imported.source.parent.name for recording in traffic)
    interactions = sum(len(recording.cassette.interactions) for recording in traffic)

    assert files == {"crewAI": 81, "openllmetry": 134}
    assert interactions == sum(len(recording.calls) for recording in traffic) == 483
    assert sum(recording.imported.redacted for recording in traffic) == 0


def test_every_response_is_kept_byte_for_byte(traffic):
    lost = [
        f"{recording.imported.source.name} {number}"
        for recording in traffic
        for number, (call, kept) in enumerate(
            zip(recording.calls, recording.cassette.interactions, strict=True), start=1
        )
        if (call.status, call.content) != (kept.status, kept.content)
    ]

    assert lost == []


def test_every_call_is_answered_from_its_own_recorded_request(traffic):
    wrong = []
    for recording in traffic:
        session = ReplaySession(recording.cassette)
        wrong += [
            (recording.imported.source.name, call.url)
            for call in recording.calls
            if session.answer(call.sent).content != call.content
        ]
        assert session.unplayed == 0

    assert wrong == []


def test_every_call_replays_through_a_real_client(traffic):
    wrong = []
    for recording in traffic:
        # The roots of TLS are loaded once while a replay is active.
        with replaying(recording.cassette.path) as session, httpx.Client() as client:
            for call in recording.calls:
                response = client.request(
                    call.method, call.url, headers=call.headers, content=call.body
                )
                if (response.status_code, response.content) != (call.status, call.content):
                    wrong.append((recording.imported.source.name, call.url))
        assert session.asked == session.served == len(recording.calls)
        assert (session.unplayed, session.sockets_opened) == (0, 0)

    assert wrong == []


# vcrpy's own default, and bodies too. It compares JSON as JSON only where the request says that
# it is JSON, which ten of Bedrock's do not; then they match by default alone, as bodies are
# written anew.
@pytest.mark.parametrize(
    "match_on",
    [("method", "scheme", "host", "port", "path", "query"), ("method", "uri", "body")],
    ids=["by default", "with bodies"],
)
def test_stock_vcrpy_replays_every_export_byte_for_byte(traffic, tmp_path, match_on):
    jobs = []
    silent = 0
    for number, recording in enumerate(traffic):
        path = tmp_path / f"{number}.yaml"
        export_cassette(recording.cassette.path, path)
        calls = []
        for call in recording.calls:
            headers = call.headers
            if "body" in match_on and "content-type" not in headers and call.body:
                headers = {**headers, "content-type": "application/json"}
                silent += 1
            calls.append(stock_vcr.call(call.method, call.url, headers, call.body))
        jobs.append({"path": str(path), "match_on": match_on, "calls": calls})

    replayed = stock_vcr.replay(jobs)

    wrong = [
        (recording.imported.source.name, call.url, got.get("error", "")[:300])
        for recording, answers in zip(traffic, replayed, strict=True)
        for call, got in zip(recording.calls, answers, strict=True)
        if got != {"status": call.status, "body": base64.b64encode(call.content).decode()}
    ]
    assert wrong == []
    assert silent == (10 if "body" in match_on else 0)


def test_an_export_comes_back_as_the_same_cassette(traffic, tmp_path):
    changed = []
    for number, recording in enumerate(traffic):
        there, back = tmp_path / f"{number}.yaml", tmp_path / f"{number}.jsonl"
        export_cassette(recording.cassette.path, there)
        import_recording(there, back)
        again = load_cassette(back)
        if [_facts(one) for one in again.interactions] != [
            _facts(one) for one in recording.cassette.interactions
        ]:
            changed.append(recording.imported.source.name)

    assert changed == []


def _facts(interaction: Interaction) -> tuple[object, ...]:
    request = interaction.request
    return (request.digest, request.origin, interaction.status, interaction.content)


def test_cassettes_are_not_larger_than_what_vcrpy_writes_as_json(traffic):
    from vcr.serializers import jsonserializer

    ours = sum(recording.cassette.path.stat().st_size for recording in traffic)
    theirs = sum(len(jsonserializer.serialize(_plain(recording)).encode()) for recording in traffic)

    print(f"ours {ours:,} bytes, vcrpy's JSON {theirs:,} bytes, {theirs / ours:.2f} to 1")
    assert ours <= theirs


def _plain(recording: Traffic) -> dict[str, object]:
    """A recording as vcrpy's JSON serializer can hold it: decompressed, bytes as text."""
    from harness.cassettes.exchange.formats import read_recording

    interactions = [
        {
            "request": {
                "method": call.method,
                "uri": call.url,
                "body": _text(call.body),
                "headers": found.request_headers,
            },
            "response": {
                "body": {"string": _text(call.content)},
                "headers": found.response_headers,
                "status": {"code": found.status, "message": found.reason},
            },
        }
        for call, (_, _, found) in zip(
            recording.calls, read_recording(recording.imported.source), strict=True
        )
    ]
    return {"version": 1, "interactions": interactions}


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def test_what_has_no_price_has_a_reason(traffic):
    rows: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for recording in traffic:
        project = recording.imported.source.parent.name
        providers = [_provider(call.url) for call in recording.calls]
        for provider in set(providers):
            rows[project, provider]["files"] += 1
        for provider, kept in zip(providers, recording.cassette.interactions, strict=True):
            rows[project, provider][_cause(kept, recording.cassette.header.base_url)] += 1

    causes = sum(rows.values(), Counter())
    del causes["files"]
    _print_table(rows)
    print(f"{len(traffic)} files, {causes.total()} interactions: {dict(causes.most_common())}")
    assert causes.total() == 483
    assert (causes["an error"], causes["no model call"], causes["no usage"]) == (2, 37, 43)
    # These two change with the price list.
    assert causes["priced"] + causes["no list price"] == 401
    assert causes["priced"] >= 380


def _provider(url: str) -> str:
    host = urlsplit(url).hostname or ""
    names = ("openai.azure", "openai", "anthropic", "googleapis", "bedrock", "cohere")
    return next((name for name in names if name in host), host)


CAUSES = ("priced", "no list price", "no usage", "no model call", "an error")


def _print_table(rows: dict[tuple[str, str], Counter[str]]) -> None:
    """By project and provider; a file with calls to two providers counts for both."""
    line = "{:<12} {:<34} {:>5} {:>12} {:>6} {:>13} {:>8} {:>13} {:>8}"
    print("\n" + line.format("project", "provider", "files", "interactions", *CAUSES))
    for (project, provider), row in sorted(rows.items()):
        counts = [row[cause] for cause in CAUSES]
        print(line.format(project, provider, row["files"], sum(counts), *counts))


def _cause(interaction: Interaction, base_url: str) -> str:
    if interaction.cost_usd is not None:
        return "priced"
    if not is_model_call(interaction.request.path):
        return "no model call"
    if not 200 <= interaction.status < 300:
        return "an error"
    usage = usage_of_response(
        interaction.request,
        interaction.status,
        interaction.headers,
        interaction.content,
        host=urlsplit(base_url).hostname or "",
    )
    return "no usage" if usage is None else "no list price"
