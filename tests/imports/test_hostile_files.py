"""Whatever stands in a file, importing it works or is refused as the user's mistake."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.runner.importing import import_run

SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
RESULTS = st.builds(
    "exitcode: {} (execution failed)\nCode output: {}".format, st.integers(), st.text(max_size=9)
)
TEXTS = st.text(max_size=30) | RESULTS | st.just("```python\nx\n```") | st.just("TERMINATE")
ENTRIES = st.fixed_dictionaries(
    {"content": TEXTS | ANY_JSON},
    optional={
        "name": TEXTS | ANY_JSON,
        "role": st.sampled_from(["user", "assistant", "tool", None]) | ANY_JSON,
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {"id": SCALARS},
                optional={
                    "function": st.fixed_dictionaries({"name": SCALARS, "arguments": SCALARS})
                    | ANY_JSON
                },
            )
        )
        | ANY_JSON,
        "tool_call_id": SCALARS,
    },
)
HISTORIES = st.lists(ENTRIES | ANY_JSON, max_size=5)
DOCUMENTS = (
    ANY_JSON
    | HISTORIES
    | st.fixed_dictionaries(
        {"messages": HISTORIES, "id": ANY_JSON | st.text(min_size=1), "ok": ANY_JSON}
    )
)
MAPPINGS = st.sampled_from(
    [
        None,
        "fields: {scenario: id, config: id, seed: ok, task: id, correct: ok, messages: messages}",
    ]
)


def imports(content: bytes, mapping: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "a.json").write_bytes(content)
        if mapping is not None:
            (folder / "m.yaml").write_bytes(mapping)
        try:
            log = import_run(
                folder / "a.json",
                "autogen",
                folder / "m.yaml" if mapping is not None else None,
                folder / "runs",
            )
        except HarnessError as error:
            assert str(error)
        else:
            assert len(log.samples) == 1


@given(DOCUMENTS, MAPPINGS)
def test_any_json_is_imported_or_refused(document: object, mapping: str | None) -> None:
    imports(json.dumps(document).encode(), mapping.encode() if mapping else None)


@given(st.binary(max_size=60))
def test_any_bytes_are_imported_or_refused(content: bytes) -> None:
    imports(content, None)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_mapping_is_used_or_refused(mapping: bytes) -> None:
    imports(b'[{"content": "hi", "name": "a", "role": "user"}]', mapping)


def test_numbers_beyond_all_measure_are_refused_or_imported() -> None:
    huge = "9" * 6000
    imports(f'{{"messages": [{{"content": "hi"}}], "id": {huge}, "ok": 1}}'.encode(), None)
    imports(
        f'{{"messages": [{{"content": "hi"}}], "id": {huge}, "ok": 1e999}}'.encode(),
        b"fields: {scenario: id, correct: ok}",
    )
