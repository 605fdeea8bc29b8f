"""What every registered importer must do, ours and anyone's: registering it puts it under test."""

from __future__ import annotations

import inspect
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import plugins
from harness.errors import HarnessError
from harness.model.imported import ImportMapping

every_importer = pytest.mark.parametrize("name", plugins.names("importers"))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)


@every_importer
def test_an_importer_bears_the_name_it_is_registered_under_and_is_documented(name: str) -> None:
    importer = plugins.load("importers", name)

    assert importer.name == name
    assert importer.__doc__
    assert inspect.getmodule(importer).__doc__  # type: ignore[union-attr]


@every_importer
@given(document=DOCUMENTS)
def test_an_importer_reads_a_document_or_names_the_file_it_refuses(
    name: str, document: object
) -> None:
    importer = plugins.load("importers", name)()

    try:
        read = importer.read("f.json", json.dumps(document), document, ImportMapping())
    except HarnessError as error:
        assert str(error).startswith("f.json: ")
    else:
        assert all(each.transcript.messages for each in read)
