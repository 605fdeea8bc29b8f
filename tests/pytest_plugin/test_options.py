"""Options and their ini twins: what is refused, and that nothing goes live in CI unasked."""

from __future__ import annotations

import os

import pytest
from pytest_project import result_of, run_pytest

OPEN = ("--harness-sandbox=none",)
EMPTY = "def test_nothing(): pass"


def run(pytester: pytest.Pytester, *arguments: str, ini: str = ""):
    pytester.makepyfile(EMPTY)
    pytester.makeini(f"[pytest]\n{ini}\n")
    return result_of(run_pytest(pytester.path, *arguments, CI=os.environ.get("CI", "")))


@pytest.mark.parametrize(
    ("ini", "ci", "text"),
    [
        pytest.param("harness_mode = replya", "", "*unknown mode 'replya'*'replay'*", id="none"),
        pytest.param("harness_mode = live", "true", "*only when told on the command*", id="CI"),
        pytest.param("harness_mode = record", "1", "*only when told on the command*", id="record"),
        pytest.param(
            "harness_mode = live\nharness_sandbox = none",
            "",
            "*NOT ISOLATED*--harness-allow-unsafe*",
            id="unsafe",
        ),
    ],
)
def test_a_mode_in_the_ini_file_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ini: str, ci: str, text: str
) -> None:
    monkeypatch.setenv("CI", ci)

    done = run(pytester, ini=ini)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([text])


def test_the_command_line_says_it_also_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    told = run(pytester, "--harness-mode=live", "--harness-allow-unsafe", *OPEN)
    offline = run(pytester, "--harness-mode=replay", ini="harness_mode = live")
    unsafe = run(pytester, "--harness-mode=live", *OPEN)

    assert (told.ret, offline.ret, unsafe.ret) == (0, 0, pytest.ExitCode.USAGE_ERROR)
    unsafe.stderr.fnmatch_lines(["*NOT ISOLATED*--harness-allow-unsafe*"])


def test_a_session_without_conversations_says_nothing_of_them(pytester: pytest.Pytester) -> None:
    done = run(pytester)

    done.assert_outcomes(passed=1)
    assert "harness" not in "\n".join(
        line for line in done.outlines if not line.startswith(("plugins:", "rootdir:"))
    )
    assert not (pytester.path / ".harness").exists()


def test_every_option_has_a_twin_in_the_ini_file(pytester: pytest.Pytester) -> None:
    text = run(pytester, "--help").stdout.str()

    for name in ("mode", "report", "max-cost", "strict", "update-snapshots", "cassettes"):
        assert f"--harness-{name}" in text
        assert f"harness_{name.replace('-', '_')} (" in text


@pytest.mark.parametrize("place", ["option", "ini"])
def test_a_sandbox_that_there_is_not_is_a_usage_error(
    pytester: pytest.Pytester, place: str
) -> None:
    given = ("--harness-sandbox=proces",) if place == "option" else ()
    done = run(pytester, *given, ini="" if given else "harness_sandbox = proces")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    said = done.stderr.str()
    assert f"harness{'-' if place == 'option' else '_'}sandbox: unknown sandbox 'proces'" in said
    assert "valid choices: auto, bubblewrap, docker, none, process." in said
    assert "Traceback" not in said


def test_messages_name_options_as_pytest_knows_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.scenario("sums/total")
        def test_it(sample): pass
        """
    )

    done = run_pytest(pytester.path, "--harness-scenarios=elsewhere")

    assert "name yours with --harness-scenarios." in done.stdout
    assert "harness new scenario my_suite/hello --scenarios elsewhere" in done.stdout


@pytest.mark.parametrize("sum_", ["0", "-1", "much"])
def test_a_sum_that_is_none_is_refused(pytester: pytest.Pytester, sum_: str) -> None:
    pytester.makepyfile("def test_it(conversation): pass")

    done = run_pytest(pytester.path, f"--harness-max-cost={sum_}")

    assert "is no sum of US dollars" in done.stdout + done.stderr
    assert done.returncode != 0
