"""Cassettes from recordings of other tools, and recordings of stock vcrpy from cassettes.

`documents` reads YAML and JSON within fixed limits and runs nothing that stands
in them; one module per foreign format makes `ForeignInteraction`s of what was
read; `importing` writes them through the parts a recording uses; `exporting`
goes the other way.
"""

from harness.cassettes.exchange.exporting import Exported, export_cassette
from harness.cassettes.exchange.importing import Imported, import_recording

__all__ = ["Exported", "Imported", "export_cassette", "import_recording"]
