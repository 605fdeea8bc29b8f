"""Forms and files that are uploaded replay, whatever boundary a client puts between them."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest
import requests

from harness.cassettes import load_cassette, recording, replaying
from harness.errors import CassetteMiss

PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff\xfe"


def by_httpx(url, name, content):
    return httpx.post(url, files={"file": (name, content)}, data={"purpose": "test"}).content


def by_requests(url, name, content):
    return requests.post(url, files={"file": (name, content)}, data={"purpose": "test"}).content


def by_openai(url, name, content):
    openai = pytest.importorskip("openai")
    with openai.OpenAI(api_key="sk-test-0123456789abcdef0123456789abcdef", base_url=url) as client:
        return client.files.create(file=(name, content), purpose="assistants").id


@pytest.fixture
def files(kit, provider):
    """A provider that numbers the files it gets."""
    numbers = iter(range(1, 100))
    provider.reply = lambda *_: kit.Answer(b'{"id": "file-%d"}' % next(numbers))
    return provider


@pytest.mark.parametrize("content", [b"some text\r\n", PICTURE], ids=["text", "bytes"])
@pytest.mark.parametrize("upload", [by_httpx, by_requests, by_openai])
def test_an_upload_replays_though_its_boundary_is_another(kit, files, path, upload, content):
    with recording(path, kit.header(files)):
        recorded = [upload(files.base_url, name, content) for name in ("one.bin", "two.bin")]
    with replaying(path) as session:
        again = [upload(files.base_url, name, content) for name in ("two.bin", "one.bin")]
        with pytest.raises(CassetteMiss):
            upload(files.base_url, "three.bin", content)

    assert again == recorded[::-1]
    assert (session.served, session.unplayed) == (2, 0)


def test_an_upload_is_written_with_one_boundary_in_body_and_header(kit, files, path):
    with recording(path, kit.header(files)):
        by_requests(files.base_url, "one.txt", b"some text")

    [interaction] = load_cassette(path).interactions
    [kept] = interaction.request_headers.get("content-type", ["none kept"])
    boundary = interaction.request.shape.fields.partition("\r\n")[0].removeprefix("--")
    assert boundary == "harness-boundary"
    assert kept in ("none kept", f"multipart/form-data; boundary={boundary}")


def test_a_recording_with_a_boundary_of_its_own_still_plays(kit, files, path):
    headers = {"content-type": "multipart/form-data; boundary=mine"}
    body = '--mine\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--mine--\r\n'
    with recording(path, kit.header(files)):
        recorded = requests.post(files.base_url, data=body, headers=headers).content
    text = path.read_text()
    path.write_text(text.replace("--harness-boundary", "--mine"))

    with replaying(path):
        assert requests.post(files.base_url, data=body, headers=headers).content == recorded


def test_what_only_begins_like_an_upload_stays_as_it_is(kit, files, path):
    with recording(path, kit.header(files)):
        requests.post(files.base_url, data="--rule\r\nand no end")

    [interaction] = load_cassette(path).interactions
    assert interaction.request.shape.fields == "--rule\r\nand no end"


def _form(aiohttp, value):
    form = aiohttp.FormData()
    form.add_field("purpose", "test")
    form.add_field("file", io.BytesIO(value.encode()), filename="a.txt", content_type="text/plain")
    return form


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_form, id="a form with a file"),
        pytest.param(lambda aiohttp, value: aiohttp.FormData({"a": value}), id="a plain form"),
        pytest.param(lambda _, value: [("a", value), ("a", "2")], id="pairs"),
        pytest.param(lambda _, value: [("a", io.BytesIO(value.encode()))], id="a file in pairs"),
        pytest.param(lambda _, value: {"a": value}, id="a dictionary"),
    ],
)
def test_a_form_of_aiohttp_replays(kit, files, path, data):
    aiohttp = pytest.importorskip("aiohttp")
    bodies = []
    answer = files.answer
    files.answer = lambda body: (bodies.append(body), answer(body))[1]

    def ask(value):
        async def post():
            async with (
                aiohttp.ClientSession() as client,
                client.post(files.base_url, data=data(aiohttp, value)) as response,
            ):
                return await response.read()

        return asyncio.run(post())

    with recording(path, kit.header(files)):
        recorded = [ask("one"), ask("two")]
    with replaying(path):
        again = [ask("two"), ask("one")]
        with pytest.raises(CassetteMiss):
            ask("three")

    assert again == recorded[::-1]
    assert all(word in body for word, body in zip((b"one", b"two"), bodies, strict=True))
