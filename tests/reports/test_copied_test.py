"""The test that the page makes of a sample runs as it is, and fails once the sample differs."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from report_logs import realistic_log
from report_page import click, count, opened, text_of, write

ROOT = Path(__file__).parents[2]
SAMPLE = "code_review/user_search/brief-t0.2/1"
COPIED = ".made-test pre"


def run(folder, *command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with one shipped suite, the cassette of one sample, and its report."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "scenarios/code_review", folder / "scenarios/code_review")
    cassette = folder / f"cassettes/{SAMPLE}.jsonl"
    cassette.parent.mkdir(parents=True)
    shutil.copy(ROOT / f"cassettes/{SAMPLE}.jsonl", cassette)
    chosen = ["code_review", "-k", "user_search and brief-t0.2", "-e", "1"]
    ran = run(folder, "harness", "run", *chosen, "--report", "report.html")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture(scope="module")
def copied(chromium, project):
    page = opened(chromium, project / "report.html", f"#sample/{SAMPLE}")
    click(page, ".copy-test")
    page.wait(f"document.querySelector('{COPIED}') !== null")
    return text_of(page, COPIED)


# What the sample did, and something it did not do.
OTHERWISE = {
    "speakers": ('spoken_by(["executor", ', 'spoken_by(["coder", '),
    "ending": ('ended("termination_message"', 'ended("max_round"'),
    "files": ('artefact("user_search.py")', 'artefact("other.py")'),
    "code": ("code_executions] == [0", "code_executions] == [1"),
}


@pytest.mark.slow
def test_the_copied_test_passes_as_it_is_and_fails_for_whatever_differs(project, copied):
    (project / "test_copied.py").write_text(copied, encoding="utf-8")
    for name, (old, new) in OTHERWISE.items():
        assert old in copied
        text = copied.replace(old, new)
        (project / f"test_{name}.py").write_text(text, encoding="utf-8")

    ran = run(project, "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:asyncio", ".")

    told = [line.split("::")[0] for line in ran.stdout.splitlines()]
    assert "PASSED test_copied.py" in told, ran.stdout + ran.stderr
    assert {f"FAILED test_{name}.py" for name in OTHERWISE} < set(told)
    assert ran.returncode == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "imported"}, "it was imported"),
        ({"status": "error"}, "it did not complete"),
    ],
)
def test_of_a_sample_that_cannot_be_run_again_no_test_is_made(chromium, tmp_path, changes, reason):
    log = realistic_log(epochs=1)
    first = msgspec.structs.replace(log.samples[0], **changes)
    log = msgspec.structs.replace(log, samples=(first, *log.samples[1:]))
    page = opened(chromium, write(tmp_path, log), "#sample/sales_report/widget_sales/brief-t0.2/1")

    assert count(page, ".copy-test:disabled") == 1
    assert reason in page.evaluate("document.querySelector('.copy-test').title")
