"""Conversations nobody ran here, read from files of other tools; one file per format."""

from harness.imports.mapping import read_mapping
from harness.imports.reading import find_files, read_document

__all__ = ["find_files", "read_document", "read_mapping"]
