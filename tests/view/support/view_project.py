"""Folders as `harness view` finds them: runs in every state, and files of every kind."""

import os
import shutil
import subprocess
import sys

import msgspec
from report_hostile import PAYLOADS
from report_logs import realistic_log

from harness.logs import create_log
from harness.model.transcript import ExceptionInfo

SECRET = "SECRET-OUTSIDE"
# What JSON cannot hold never gets into a log.
EVIL = "\n".join(raw for raw, _ in PAYLOADS if raw.isprintable() or "\ud800" not in raw)
# A file's name cannot hold a slash.
EVIL_NAME = "<img src=x onerror=\"document.title='owned'\">&amp;'\u202e%2e%2e"


def save(folder, log):
    """Write a log as the harness does; the path of it."""
    store = create_log(folder, log.header)
    for sample in log.samples:
        store.append(sample)
    store.close()
    return store.path


def named(log, run_id):
    return msgspec.structs.replace(log, header=msgspec.structs.replace(log.header, run_id=run_id))


def evil_log():
    """A run whose every text, its suites' and samples' names included, is hostile."""
    log = realistic_log(epochs=1, suites=("sales_report",))
    replace = msgspec.structs.replace
    suite = replace(log.header.suites[0], name=EVIL, title=EVIL)
    error = ExceptionInfo(type="E", message=EVIL)
    samples = []
    for sample in log.samples:
        key = replace(sample.key, suite=EVIL, scenario=EVIL, config=EVIL + sample.key.config)
        key = replace(key, epoch=len(samples) + 1)
        samples.append(replace(sample, key=key, status="error", failure=error))
    top = replace(
        log.header,
        suites=(suite,),
        plan=tuple(sample.key for sample in samples),
        command=EVIL,
        sandbox=EVIL,
        started_at=EVIL,
        run_id="evil",
    )
    return replace(log, header=top, samples=tuple(samples))


def make_project(folder):
    """Runs and reports, and beside them what must stay out of reach."""
    runs, reports = folder / ".harness" / "runs", folder / "reports"
    log = realistic_log(epochs=1)
    kept = save(runs, named(log, "20260101T000000-whole"))
    save(runs, msgspec.structs.replace(named(log, "20260102T000000-part"), samples=log.samples[:5]))
    save(runs, evil_log()).rename(runs / f"{EVIL_NAME}.sqlite")
    _spoil(runs)
    (folder / "secret.txt").write_text(SECRET)
    shutil.copy(kept, folder / "outside.sqlite")
    (runs / "linked.sqlite").symlink_to(folder / "outside.sqlite")
    _write_reports(folder, reports)
    return folder


def _spoil(runs):
    (runs / "garbage.sqlite").write_bytes(b"not a database, but long enough to look at" * 30)
    (runs / "empty.sqlite").write_bytes(b"")
    (runs / "folder.sqlite").mkdir()
    os.mkfifo(runs / "pipe.sqlite")
    whole = (runs / "20260101T000000-whole.sqlite").read_bytes()
    (runs / "torn.sqlite").write_bytes(whole[: len(whole) // 2 + 100])


def _write_reports(folder, reports):
    command = [sys.executable, "-m", "harness", "report", "20260101T000000-whole"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (reports / "notes.txt").write_text("<b>plain</b>")
    (reports / "data.json").write_text('{"a": "<script>"}')
    (reports / "table.parquet").write_bytes(b"PAR1")
    (reports / f"{EVIL_NAME}.html").write_text("<title>evil</title>")
    (reports / ".hidden.html").write_text(SECRET)
    (reports / "sub").mkdir()
    (reports / "sub" / "inner.html").write_text(SECRET)
    (reports / "link.html").symlink_to(folder / "secret.txt")
    (reports / "way-out").symlink_to(folder)
    os.mkfifo(reports / "pipe.html")
