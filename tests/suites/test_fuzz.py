"""Whatever is written in a suite's files, the answer is a suite or a list of faults."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.model.scenario import Suite
from harness.suites import load_suite

VALID = """\
title: Demo
description: Some words.
engine: autogen
model: scripted-1
team: team.py:build
epochs: 5
accept: [termination_message, max_turns]
limits: {wall_seconds: 120, turns: 40, cost_usd: 1.0, code_seconds: 60}
scorers: [termination, cost]
baseline: brief-t0.2
prices: {scripted-1: {prompt: 0.5, completion: 1.5, cached: 0.25}}
provider_settings: {api_key_env: OPENAI_API_KEY}
scenarios: [first]
parameters: &p {rows: 3}
configs:
  - {name: special, temperature: 0.5, prompts: {analyst: "text", executor: {file: x.md}}}
matrix:
  prompts:
    brief: {analyst: {file: x.md}}
    careful: {analyst: Be careful.}
  temperature: [0.2, 1.0]
"""
SCENARIO = "title: First\ntask: Do it.\nhuman: [exit]\nfiles: [{file: ../x.md, as: y.md}]\n"
PLACED = re.compile(r"(?s)\S.*?:\d+: \S")


def outcome(suite: bytes, scenario: bytes) -> None:
    """Load a suite of these two files; anything but a suite or faults fails the test."""
    with tempfile.TemporaryDirectory() as parent:
        root = Path(parent, "demo")
        (root / "first").mkdir(parents=True)
        (root / "team.py").write_text("def build(context): pass\n")
        (root / "x.md").write_text("A prompt.")
        (root / "suite.yaml").write_bytes(suite)
        (root / "first" / "scenario.yaml").write_bytes(scenario)
        try:
            loaded = load_suite(root)
        except SuiteError as error:
            assert error.faults
            for fault in error.faults:
                assert PLACED.match(fault)
                assert "\n" not in fault
        else:
            assert loaded.scenarios
            assert loaded.configs
            assert msgspec.json.decode(msgspec.json.encode(loaded), type=Suite) == loaded
            assert all(config.digest for config in loaded.configs)


def test_the_suite_that_is_mutated_here_is_valid() -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(parent, "demo")
        (root / "first").mkdir(parents=True)
        (root / "team.py").write_text("def build(context): pass\n")
        (root / "x.md").write_text("A prompt.")
        (root / "suite.yaml").write_text(VALID)
        (root / "first" / "scenario.yaml").write_text(SCENARIO)

        assert len(load_suite(root).configs) == 5


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_random_bytes(suite: bytes, scenario: bytes) -> None:
    outcome(suite, scenario)


YAML_TEXT = st.text(
    st.sampled_from(list("ab:-[]{}&*!|>%@`\"'#?,<~. \n\t01\\Uux\0\x85\u2028")), max_size=80
)


@settings(deadline=None)
@given(YAML_TEXT, YAML_TEXT)
def test_random_text_with_the_letters_of_yaml(suite: str, scenario: str) -> None:
    outcome(suite.encode(), scenario.encode())


@settings(deadline=None)
@given(
    start=st.integers(0, len(VALID)),
    length=st.integers(0, 30),
    insert=st.one_of(YAML_TEXT, st.text(max_size=10)),
)
def test_a_valid_suite_with_a_piece_replaced(start: int, length: int, insert: str) -> None:
    mutated = VALID[:start] + insert + VALID[start + length :]

    outcome(mutated.encode("utf-8", "surrogatepass"), SCENARIO.encode())


KEYS = sorted(set(re.findall(r"(\w+):", VALID + SCENARIO)) | {"file", "as", "parameters.x", "<<"})
WORDS = st.one_of(
    st.sampled_from([*KEYS, "x.md", "../..", "/", "team.py:build"]), st.text(max_size=8)
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), DATA, max_size=6), st.booleans())
def test_known_keys_with_any_data(extra: dict[str, Any], is_suite: bool) -> None:
    import yaml

    base = yaml.safe_load(VALID if is_suite else SCENARIO)
    text = yaml.safe_dump({**base, **extra}, allow_unicode=True).encode("utf-8", "surrogatepass")

    outcome(*((text, SCENARIO.encode()) if is_suite else (VALID.encode(), text)))
