"""The YAML file that says which field of a file to import holds what.

All keys are optional; `harness.model.imported` says what each means::

    suite: math_chats
    config: gpt-4
    executors: [Computer_terminal]
    terminators: [TERMINATE]
    fields:
      messages: history
      scenario: question_ID
      config: meta.model
      task: question
      seed: seed
      correct: is_correct
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import ImportFault
from harness.model.imported import ImportFields, ImportMapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import yaml


def read_mapping(path: Path) -> ImportMapping:
    """Read a mapping.

    Raises:
        ImportFault: With every fault found, each after ``path:line:``.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise ImportFault(f"{path}: the mapping cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ImportFault(f"{path}: the mapping is not YAML: {said}") from None
    if not isinstance(root, yaml.MappingNode):
        raise ImportFault(f"{path}:1: a mapping of keys was expected: {_known(ImportMapping)}.")
    faults = [f"{path}:{line}: {fault}" for line, fault in _faults(root)]
    if faults:
        raise ImportFault("\n".join(faults))
    return msgspec.convert(_value(root), ImportMapping)


def _faults(root: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    yield from _unknown(root, ImportMapping, "")
    for key, node in root.value:
        line = key.start_mark.line + 1
        if key.value == "fields":
            yield from _faults_of_fields(node, line)
        elif key.value in ("executors", "terminators") and not _is_list_of_texts(node):
            yield line, f"{key.value}: a list of texts was expected, such as [{key.value[:-1]}]."
        elif key.value in ("suite", "config") and not _is_text(node):
            yield line, f"{key.value}: a text was expected."


def _faults_of_fields(node: Any, line: int) -> Iterator[tuple[int, str]]:
    if node.id != "mapping":
        yield line, f"fields: keys were expected: {_known(ImportFields)}."
        return
    yield from _unknown(node, ImportFields, "fields.")
    for key, value in node.value:
        if not _is_text(value):
            yield key.start_mark.line + 1, f"fields.{key.value}: the name of a field was expected."


def _unknown(node: Any, kind: type[msgspec.Struct], prefix: str) -> Iterator[tuple[int, str]]:
    seen = set()
    for key, _ in node.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if name not in kind.__struct_fields__:
            near = difflib.get_close_matches(name, kind.__struct_fields__, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            yield line, f"{prefix}{name}: unknown key; valid choices: {_known(kind)}.{hint}"
        elif name in seen:
            yield line, f"{prefix}{name}: the key stands here twice."
        seen.add(name)


def _known(kind: type[msgspec.Struct]) -> str:
    return ", ".join(kind.__struct_fields__)


def _is_text(node: Any) -> bool:
    return node.id == "scalar" and bool(node.value) and node.tag != "tag:yaml.org,2002:null"


def _is_list_of_texts(node: Any) -> bool:
    return node.id == "sequence" and all(_is_text(item) for item in node.value)


def _value(node: Any) -> Any:
    """The node with every scalar as the text that stands there: a suite may be called 2024."""
    if node.id == "mapping":
        return {key.value: _value(value) for key, value in node.value}
    if node.id == "sequence":
        return [_value(item) for item in node.value]
    return node.value


def mapped_values(document: Any, fields: ImportFields, where: str) -> Mapping[str, Any]:
    """What the mapped fields of one conversation hold, by their names in the mapping.

    Raises:
        ImportFault: If a mapped field is not there.
    """
    named = {name: getattr(fields, name) for name in fields.__struct_fields__}
    return {
        name: _looked_up(document, path, f"{where}: fields.{name}")
        for name, path in named.items()
        if path is not None
    }


def _looked_up(document: Any, path: str, where: str) -> Any:
    # An attribute's own name has dots in it.
    if isinstance(document, dict) and path in document:
        return document[path]
    value = document
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            known = sorted(value) if isinstance(value, dict) else []
            near = difflib.get_close_matches(part, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            there = ", ".join(repr(name)[:60] for name in known[:20]) or "no fields"
            raise ImportFault(f"{where}: there is no field {path!r}; there is: {there}.{hint}")
        value = value[part]
    return value
