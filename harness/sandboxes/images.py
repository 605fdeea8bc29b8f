"""Which images a sample left in its workspace, and their content, for reports."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from harness.model.sample import KeptImage
from harness.sandboxes.workspace import regular_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.model.sample import Artefact

MOST_IMAGES = 8
MOST_IMAGE_BYTES = 512 * 1024
MOST_BYTES = 1024 * 1024
# What a browser decodes of an image of a few bytes can be gigabytes.
MOST_PIXELS = 25_000_000

_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Markers of a JPEG that carry its size: all SOF but DHT, JPG and DAC.
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def collect_images(workspace: Path, artefacts: Iterable[Artefact]) -> tuple[KeptImage, ...]:
    """Keep the images among a sample's artefacts, in order of path.

    Taken are at most `MOST_IMAGES` of at most `MOST_IMAGE_BYTES` each and `MOST_BYTES`
    together, of at most `MOST_PIXELS`, whose content is what their name says. Symlinks are
    not followed.

    Args:
        workspace: The sample's folder.
        artefacts: What it left there.
    """
    wanted = {
        each.path: each
        for each in artefacts
        if each.path.lower().endswith(_ENDINGS) and 0 < each.size_bytes <= MOST_IMAGE_BYTES
    }
    found: list[KeptImage] = []
    left = MOST_BYTES
    for file in regular_files(workspace) if wanted else ():
        artefact = wanted.get(file.relative)
        if artefact is None or artefact.size_bytes > left or len(found) == MOST_IMAGES:
            continue
        try:
            with file.open() as stream:
                content = stream.read(MOST_IMAGE_BYTES + 1)
        except OSError:
            continue
        media_type = image_type(content)
        if media_type is not None and len(content) == artefact.size_bytes:
            left -= len(content)
            found.append(
                KeptImage(
                    path=artefact.path,
                    digest=artefact.digest,
                    media_type=media_type,
                    content=content,
                )
            )
    return tuple(found)


def image_type(content: bytes) -> str | None:
    """The media type that content proves to have; None if it is no image to keep."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        return _fitting("image/png", *struct.unpack(">II", content[16:24]))
    if content.startswith((b"GIF87a", b"GIF89a")) and len(content) >= 10:
        return _fitting("image/gif", *struct.unpack("<HH", content[6:10]))
    if content.startswith(_JPEG):
        return _fitting("image/jpeg", *_jpeg_size(content))
    return "image/svg+xml" if _is_svg(content) else None


def _fitting(media_type: str, width: int, height: int) -> str | None:
    return media_type if 0 < width * height <= MOST_PIXELS else None


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height, from the first marker that has them; 0 and 0 if none does."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0


def _is_svg(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Entities can make a page of text out of a line of it, and charts need none.
    return "<svg" in text and "<!ENTITY" not in text
