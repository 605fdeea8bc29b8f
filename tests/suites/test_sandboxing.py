"""How a suite says in what its agents' code runs, and what it may use."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SuiteError
from harness.model.execution import CodeLimits, SandboxSettings
from harness.suites import load_suite


def scenario_of(suite: Any) -> Any:
    (scenario,) = load_suite(suite.root).scenarios
    return scenario


def test_without_a_word_the_strongest_sandbox_with_the_usual_limits_is_meant(suite: Any) -> None:
    scenario = scenario_of(suite)

    assert scenario.sandbox == SandboxSettings()
    assert scenario.sandbox.backend == "auto"
    assert scenario.limits.code == CodeLimits()


@pytest.mark.parametrize("backend", ["auto", "bubblewrap", "docker", "process", "none"])
def test_a_name_alone_chooses_the_sandbox(suite: Any, backend: str) -> None:
    suite.suite(f"sandbox: {backend}")

    assert scenario_of(suite).sandbox == SandboxSettings(backend=backend)


def test_every_setting_can_be_written(suite: Any) -> None:
    suite.suite(
        "sandbox:",
        "  backend: process",
        "  preload: [numpy, matplotlib.pyplot]",
        "  readable: [/opt/models]",
        "  seed: 7",
        '  frozen_at: "2026-01-31T12:00:00"',
        "  remember: true",
        "  image: registry.example/team/python:1.2",
    )

    assert scenario_of(suite).sandbox == SandboxSettings(
        backend="process",
        preload=("numpy", "matplotlib.pyplot"),
        readable=("/opt/models",),
        seed=7,
        frozen_at="2026-01-31T12:00:00",
        is_remembering=True,
        image="registry.example/team/python:1.2",
    )


def test_a_scenario_changes_of_its_suites_settings_what_it_names(suite: Any) -> None:
    suite.suite("sandbox: {backend: process, seed: 7}", "limits: {code_disk_mb: 9, code_files: 99}")
    suite.scenario("task: x", "sandbox: {seed: 8, preload: []}", "limits: {code_disk_mb: 10}")

    scenario = scenario_of(suite)

    assert scenario.sandbox == SandboxSettings(backend="process", seed=8, preload=())
    assert (scenario.limits.code.disk_mb, scenario.limits.code.files) == (10, 99)


def test_every_limit_of_code_can_be_written(suite: Any) -> None:
    suite.suite(
        "limits: {code_seconds: 5, code_cpu_seconds: 4, code_memory_mb: 64, code_processes: 8,",
        "  code_files: 16, code_disk_mb: 1, code_output_kb: 2}",
    )

    limits = scenario_of(suite).limits

    assert limits.code_seconds == 5
    assert limits.code == CodeLimits(
        cpu_seconds=4, memory_mb=64, processes=8, files=16, disk_mb=1, output_kb=2
    )


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        (
            "sandbox: bublewrap",
            "sandbox",
            ["unknown sandbox 'bublewrap'", "bubblewrap, ", "Did you mean 'bubblewrap'?"],
        ),
        ("sandbox: {backend: proces}", "sandbox.backend", ["Did you mean 'process'?"]),
        ("sandbox: 3", "sandbox", ["expected text", "bubblewrap, or {backend: auto"]),
        ("sandbox: {sed: 1}", "sandbox.sed", ["unknown key 'sed'", "Did you mean 'seed'?"]),
        ("sandbox: {seed: -1}", "sandbox.seed", ["-1 is out of range"]),
        ("sandbox: {preload: pandas}", "sandbox.preload", ["expected a list"]),
        ("sandbox: {preload: [a-b]}", "sandbox.preload[0]", ["expected the name of a module"]),
        ("sandbox: {readable: [models]}", "sandbox.readable[0]", ["expected an absolute path"]),
        ("sandbox: {readable: [/]}", "sandbox.readable[0]", ["not all of the disk"]),
        ("sandbox: {readable: [/opt/../]}", "sandbox.readable[0]", ["expected an absolute path"]),
        ("sandbox: {frozen_at: noon}", "sandbox.frozen_at", ["ISO 8601", "2026-01-31T12:00:00"]),
        ("sandbox: {image: '--privileged'}", "sandbox.image", ["the name of an image", "slim"]),
        ("sandbox: {image: 3}", "sandbox.image", ["expected text"]),
        ("sandbox: {remember: 1}", "sandbox.remember", ["expected true or false"]),
        ("limits: {code_memory: 9}", "limits.code_memory", ["Did you mean 'code_memory_mb'?"]),
        ("limits: {code_memory_mb: 63}", "limits.code_memory_mb", ["63 is out of range", "64"]),
        ("limits: {code_cpu_seconds: 0}", "limits.code_cpu_seconds", ["a number above 0"]),
        ("limits: {code_processes: 7.5}", "limits.code_processes", ["a whole number"]),
        ("limits: {code_output_kb: 0}", "limits.code_output_kb", ["0 is out of range"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    suite: Any, line: str, key: str, says: list[str]
) -> None:
    suite.suite(line)

    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)

    (fault,) = caught.value.faults
    assert fault.startswith(f"demo/suite.yaml:6: {key}: ")
    for part in says:
        assert part in fault
