"""What a replay left is compared with what its recording left, file by file."""

from __future__ import annotations

from harness.model.sample import Artefact
from harness.sandboxes.artefacts import artefact_differences


def _left(**digests: str) -> tuple[Artefact, ...]:
    return tuple(Artefact(path=p, size_bytes=1, digest=d) for p, d in digests.items())


def test_files_that_changed_came_or_went_are_named_in_order() -> None:
    found = artefact_differences(
        {"same": "1", "changed": "2", "gone": "3"}, _left(same="1", changed="9", added="4")
    )

    assert found == ("added is new", "changed differs", "gone is missing")


def test_a_recording_that_noted_nothing_differs_from_nothing() -> None:
    assert artefact_differences(None, _left(any="1")) == ()
