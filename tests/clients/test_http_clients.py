"""A miss gets out of every HTTP library as itself, after one try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from harness.cassettes import Session
from harness.errors import CassetteMiss

URL = "https://api.openai.com/v1/chat/completions"
BODY = b'{"model":"m","messages":[{"role":"user","content":"something else"}]}'
JSON = {"content-type": "application/json"}


def with_httpx(library: str) -> Any:
    return pytest.importorskip(library).post(URL, content=BODY, headers=JSON)


def with_httpx_async(library: str) -> Any:
    module = pytest.importorskip(library)

    async def ask() -> Any:
        async with module.AsyncClient() as client:
            return await client.post(URL, content=BODY, headers=JSON)

    return asyncio.run(ask())


def with_requests() -> Any:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        retries = requests.adapters.Retry(total=5, backoff_factor=1, status_forcelist=[500])
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retries))
        return session.post(URL, data=BODY, headers=JSON, timeout=30)


def with_aiohttp() -> Any:
    aiohttp = pytest.importorskip("aiohttp")

    async def ask() -> Any:
        async with aiohttp.ClientSession() as session, session.post(URL, data=BODY) as answer:
            return await answer.read()

    return asyncio.run(ask())


def with_httplib2() -> Any:
    return pytest.importorskip("httplib2").Http().request(URL, "POST", body=BODY, headers=JSON)


def with_botocore() -> Any:
    pytest.importorskip("botocore")
    import botocore.session
    from botocore.config import Config

    client = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 5, "mode": "standard"}),
    )
    return client.converse(
        modelId="m", messages=[{"role": "user", "content": [{"text": "something else"}]}]
    )


def with_urllib() -> Any:
    import urllib.request

    with urllib.request.urlopen(urllib.request.Request(URL, BODY, JSON), timeout=30) as answer:
        return answer.read()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: with_httpx("httpx"), id="httpx"),
        pytest.param(lambda: with_httpx_async("httpx"), id="httpx, async"),
        pytest.param(lambda: with_httpx("httpx2"), id="httpx2"),
        pytest.param(lambda: with_httpx_async("httpx2"), id="httpx2, async"),
        pytest.param(with_requests, id="requests"),
        pytest.param(with_aiohttp, id="aiohttp"),
        pytest.param(with_httplib2, id="httplib2"),
        pytest.param(with_botocore, id="botocore"),
        pytest.param(with_urllib, id="urllib"),
    ],
)
def test_a_miss_escapes_as_itself_after_one_try(session: Session, ask: Callable[[], Any]) -> None:
    with pytest.raises(CassetteMiss) as caught:
        ask()

    assert session.misses == (str(caught.value),)
    assert (session.asked, session.served, session.sockets_opened) == (1, 0, 0)
