"""Images that agents drew are kept: by what they are, within limits, without secrets."""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PIL import Image

from harness.model.sample import KeptImage, SampleKey, SampleResult, decode_sample
from harness.model.transcript import Transcript
from harness.runner.redact import redacted_encoding
from harness.sandboxes.artefacts import collect_artefacts
from harness.sandboxes.images import MOST_BYTES, MOST_IMAGE_BYTES, MOST_IMAGES, collect_images

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><rect width="9"/></svg>'


def drawn(form: str, size: tuple[int, int] = (30, 20)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, form)
    return stream.getvalue()


def kept(workspace: Path) -> dict[str, str]:
    images = collect_images(workspace, collect_artefacts(workspace))
    return {image.path: image.media_type for image in images}


def test_images_of_the_four_kinds_are_kept_with_content_and_digest(tmp_path: Path) -> None:
    contents = {
        "a.png": drawn("PNG"),
        "b.jpg": drawn("JPEG"),
        "c.GIF": drawn("GIF"),
        "charts/d.svg": SVG,
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "notes.txt").write_text("<svg")

    artefacts = collect_artefacts(tmp_path)
    images = collect_images(tmp_path, artefacts)

    assert {image.path: image.content for image in images} == contents
    digests = {each.path: each.digest for each in artefacts}
    assert all(image.digest == digests[image.path] for image in images)
    assert [image.media_type for image in images] == [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/svg+xml",
    ]


HUGE_PNG = drawn("PNG")[:16] + struct.pack(">II", 50_000, 50_000) + drawn("PNG")[24:]
HUGE_GIF = b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\x00" * 20
HUGE_JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 60_000, 60_000) + b"\x00" * 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("page.png", b"<html><script>alert(1)</script>", id="a page"),
        pytest.param("text.svg", b"no drawing", id="no drawing"),
        pytest.param("binary.svg", b"\xff<svg", id="no text"),
        pytest.param("bomb.svg", b'<!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>', id="entities"),
        pytest.param("empty.png", b"", id="empty"),
        pytest.param("cut.png", drawn("PNG")[:20], id="cut off"),
        pytest.param("cut.jpg", drawn("JPEG")[:40], id="cut off, without a size"),
        pytest.param("still.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 100, id="no end of markers"),
        pytest.param("bomb.png", HUGE_PNG, id="too many pixels"),
        pytest.param("bomb.gif", HUGE_GIF, id="too many pixels, as gif"),
        pytest.param("bomb.jpg", HUGE_JPEG, id="too many pixels, as jpeg"),
        pytest.param("big.png", drawn("PNG") + b"\x00" * MOST_IMAGE_BYTES, id="too many bytes"),
        pytest.param("chart.bmp", drawn("BMP"), id="another kind"),
    ],
)
def test_what_is_no_harmless_image_is_not_kept(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    assert kept(tmp_path) == {}


def test_a_link_to_an_image_elsewhere_is_not_followed(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "private.png").write_bytes(drawn("PNG"))
    (workspace / "a.png").write_bytes(drawn("PNG"))
    artefacts = collect_artefacts(workspace)
    (workspace / "a.png").unlink()
    os.symlink(tmp_path / "private.png", workspace / "a.png")

    assert collect_images(workspace, artefacts) == ()


def test_number_and_size_together_are_limited(tmp_path: Path) -> None:
    for number in range(MOST_IMAGES + 3):
        (tmp_path / f"small{number:02}.png").write_bytes(drawn("PNG"))
    assert len(kept(tmp_path)) == MOST_IMAGES

    for number in range(4):
        content = drawn("PNG") + b"\x00" * (MOST_IMAGE_BYTES - 1000)
        (tmp_path / f"large{number}.png").write_bytes(content)
    images = collect_images(tmp_path, collect_artefacts(tmp_path))
    assert sum(len(image.content) for image in images) <= MOST_BYTES
    assert len(images) == MOST_IMAGES


def result(**changes: Any) -> SampleResult:
    plain = SampleResult(
        key=SampleKey(suite="s", scenario="a", config="c", epoch=1),
        status="completed",
        mode="mock",
        transcript=Transcript(engine="x", engine_version="x"),
        started_at="",
        duration_seconds=0.0,
    )
    return msgspec.structs.replace(plain, **changes)


def image(content: bytes, path: str = "a.svg") -> KeptImage:
    return KeptImage(path=path, digest="d", media_type="image/svg+xml", content=content)


def test_an_image_that_tells_a_secret_is_left_out_of_the_log() -> None:
    clean, leaky = image(SVG), image(SVG.replace(b"<rect", f"<text>{KEY}</text><rect".encode()))

    stored = decode_sample(redacted_encoding(result(images=(clean, leaky))))

    assert stored.images == (clean,)


@pytest.mark.parametrize("path", [f"{KEY}.png", "lone-\udcff.png"])
def test_images_come_through_whatever_else_is_mended(path: str) -> None:
    content = bytes(range(256)) * 3

    encoded = redacted_encoding(result(images=(image(content, path),), sandbox=f"key {KEY}"))

    assert KEY.encode() not in encoded
    assert decode_sample(encoded).images[0].content == content
