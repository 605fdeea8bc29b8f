"""The command line says what contains the agents' code, and refuses where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Command, write_coding_suite

from harness import plugins
from harness.runner.sandboxes import resolved_sandbox

NAMES = plugins.names("sandboxes")
OWN = "none (NOT ISOLATED by harness: the team's own executor)"


def test_doctor_says_of_each_sandbox_what_it_gives_here_and_which_is_taken(
    harness: Command,
) -> None:
    said = harness("doctor").stdout.splitlines()

    starts = {
        name: at
        for name in NAMES
        for at, line in enumerate(said)
        if line.startswith(f"sandbox {name}: ")
    }
    assert sorted(starts) == sorted(NAMES)
    taken = [line for line in said if line.endswith("<- auto takes this one")]
    assert len(taken) == 1
    assert taken[0].startswith(f"sandbox {resolved_sandbox('auto')}: ")
    for name, at in starts.items():
        sandbox = plugins.load("sandboxes", name)()
        if sandbox.fault:
            assert f"does not work here: {sandbox.fault}" in said[at]
        else:
            assert sandbox.label in said[at]
            given = said[at + 1 : at + 1 + len(sandbox.gives)]
            assert given == [f"    {line}" for line in sandbox.gives]
            assert any(line.startswith(("    not: ", "    leaves code")) for line in given)


@pytest.mark.parametrize("command", ["run", "record"])
def test_help_names_every_sandbox(harness: Command, command: str) -> None:
    said = " ".join(harness(command, "--help").stdout.split())

    (choices,) = [word for word in said.split() if word.startswith("auto|")]
    assert choices.split("|")[1:] == sorted(NAMES, key=choices.index)
    assert set(choices.split("|")) == {"auto", *NAMES}
    assert "See: harness doctor" in said


def test_a_mistyped_sandbox_is_answered_with_the_nearest(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)

    said = harness("record", "--scripted", "--sandbox", "proces")

    assert said.returncode == 2
    assert "unknown sandbox 'proces'" in said.stderr
    assert "Did you mean 'process'?" in said.stderr


def test_code_of_a_live_model_is_not_run_where_nothing_isolates_it(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    said = harness("record", "--sandbox", "none", OPENAI_API_KEY="sk-none")

    assert said.returncode == 2
    assert said.stderr.strip() == (
        f"Error: The sandbox here is {OWN}: code written by a live model could read your files "
        "and use your network. See what would isolate it by: harness doctor. Or use a container "
        "or virtual machine, or accept the risk with: --allow-unsafe"
    )
    assert not (tmp_path / "cassettes").exists()


def test_a_suite_that_leaves_code_to_its_team_is_refused_alike(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "suite.yaml").write_text((suite / "suite.yaml").read_text() + "sandbox: none\n")

    said = harness("record", OPENAI_API_KEY="sk-none")

    assert said.returncode == 2
    assert f"The sandbox here is {OWN}" in said.stderr


@pytest.mark.parametrize("sandbox", [None, "process"])
def test_header_log_and_report_name_the_sandbox(
    harness: Command, tmp_path: Path, sandbox: str | None
) -> None:
    write_coding_suite(tmp_path)
    chosen = ("--sandbox", sandbox) if sandbox else ()
    label = plugins.load("sandboxes", resolved_sandbox(sandbox or "auto"))().label

    said = harness("record", "--scripted", *chosen)

    assert f"sandbox {label}" in said.stdout.splitlines()[0]
    assert (tmp_path / ".harness" / "runs").is_dir()
    for form in ("json", "markdown"):
        assert label in harness("report", "--format", form).stdout
    (page,) = (tmp_path / "reports").glob("*.html")
    assert label in page.read_text()
    assert label in harness("show", "coding/look/plain/1").stdout


def test_a_run_without_isolation_says_so_at_its_beginning_and_end(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    said = harness("record", "--scripted", "--sandbox", "none")

    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0].endswith(f"sandbox {OWN}")
    assert any(line.startswith("NOT ISOLATED: ") for line in lines[1:])
