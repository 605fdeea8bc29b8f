"""Our cassettes and their rivals, each used the way its users do: writing, entering, asking.

All of them patch the same class of the HTTP client, so a request handed to its transport
measures the layers alone, without a client on top.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cassette_data

from harness.cassettes import CassetteHeader, recording, replaying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from cassette_data import Exchange

NO_CASSETTER = "cassetter is not installed; it exists for some platforms only"
# The default of vcrpy, and the body, without which the turns of a chat are all the same.
STOCK_MATCHERS = ("method", "scheme", "host", "port", "path", "query", "body")


@dataclass(frozen=True)
class Side:
    """A cassette layer with one of its file formats.

    Attributes:
        name: What to call it.
        suffix: Ending of its files.
        write: Writes a cassette.
        replaying: Enters a cassette that refuses what it does not hold.
    """

    name: str
    suffix: str
    write: Callable[[Path, Iterable[Exchange]], None]
    replaying: Callable[[Path], AbstractContextManager[Any]]


def http() -> Any:
    """The HTTP library that the openai client of this environment uses."""
    return importlib.import_module("httpx2" if importlib.util.find_spec("httpx2") else "httpx")


def has_cassetter() -> bool:
    """Whether the rival can be imported here."""
    return importlib.util.find_spec("cassetter") is not None


def request(exchange: Exchange) -> Any:
    """A request as the openai client hands it to its transport."""
    credentials = {"authorization": f"Bearer {cassette_data.API_KEY}"}
    return http().Request(
        "POST",
        cassette_data.URL,
        headers={**exchange.request_headers, **credentials},
        content=exchange.request,
    )


def response(exchange: Exchange) -> Any:
    """The response as the provider sends it."""
    module = http()
    return module.Response(
        200,
        headers=exchange.response_headers,
        stream=module.ByteStream(exchange.response),
        extensions={"reason_phrase": b"OK"},
    )


def transport() -> Any:
    """A transport that goes to the network, unless a cassette layer holds it back."""
    return http().HTTPTransport(verify=False)


def provider(exchanges: Iterable[Exchange]) -> Any:
    """A transport behind which our layer finds the given answers, in order."""
    answers = iter(exchanges)
    return http().MockTransport(lambda _request: response(next(answers)))


class StaticTransport:
    """Answers in order without any layer: the floor that every layer stands on."""

    def __init__(self, answers: Iterable[bytes]) -> None:
        self._answers = iter(answers)
        self._module = http()

    def handle_request(self, _request: Any) -> Any:
        return self._module.Response(
            200,
            headers=[("content-type", "application/json")],
            stream=self._module.ByteStream(next(self._answers)),
        )

    def __enter__(self) -> StaticTransport:
        return self

    def __exit__(self, *_fault: object) -> None:
        pass

    def close(self) -> None:
        pass


def header() -> CassetteHeader:
    """The first line of our cassettes."""
    return CassetteHeader(
        recorded_at="2026-02-12T19:29:13+00:00",
        source="api.openai.com",
        base_url=cassette_data.BASE_URL,
        sample="suite/case/brief-t0.2/1",
        engine_version="autogen 0.14.1",
        sdk_version="openai 3.52.0",
    )


def _write_ours(path: Path, exchanges: Iterable[Exchange]) -> None:
    asking, answers = itertools.tee(exchanges)
    with recording(path, header()):
        answering = provider(answers)
        for exchange in asking:
            answering.handle_request(request(exchange)).read()


def _stock(serializer: str) -> Side:
    def write(path: Path, exchanges: Iterable[Exchange]) -> None:
        import vcr
        from vcr.request import Request

        with vcr.use_cassette(str(path), serializer=serializer) as cassette:
            for exchange in exchanges:
                headers: dict[str, list[str]] = {}
                for name, value in exchange.response_headers:
                    headers.setdefault(name, []).append(value)
                answer = {
                    "status": {"code": 200, "message": "OK"},
                    "headers": headers,
                    "body": {"string": exchange.response},
                }
                asked = (exchange.request, exchange.request_headers)
                cassette.append(Request("POST", cassette_data.URL, *asked), answer)

    def replaying(path: Path) -> AbstractContextManager[Any]:
        import vcr

        options = {"serializer": serializer, "record_mode": "none", "match_on": STOCK_MATCHERS}
        entered: AbstractContextManager[Any] = vcr.use_cassette(str(path), **options)
        return entered

    return Side(f"stock vcrpy {serializer.upper()}", f".{serializer}", write, replaying)


def _cassetter(suffix: str) -> Side:
    def write(path: Path, exchanges: Iterable[Exchange]) -> None:
        import cassetter

        with cassetter.use_cassette(path, record_mode="all") as cassette:
            for exchange in exchanges:
                headers: dict[str, list[str]] = {}
                for name, value in exchange.response_headers:
                    headers.setdefault(name.lower(), []).append(value)
                cassette.record(
                    "POST",
                    cassette_data.URL,
                    {name: [value] for name, value in exchange.request_headers.items()},
                    exchange.request,
                    200,
                    headers,
                    exchange.response,
                )

    @contextmanager
    def replaying(path: Path) -> Iterator[Any]:
        import cassetter

        matchers: list[Any] = ["method", "uri", "json_body"]
        with cassetter.use_cassette(path, record_mode="none", match_on=matchers) as cassette:
            yield cassette

    return Side(f"cassetter {suffix[1:].upper()}", suffix, write, replaying)


OURS = Side("ours", ".jsonl", _write_ours, replaying)
STOCK_YAML, STOCK_JSON = _stock("yaml"), _stock("json")
CASSETTER_YAML, CASSETTER_TOML = _cassetter(".yaml"), _cassetter(".toml")
