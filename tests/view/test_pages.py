"""What the pages say of runs and files, those that cannot be read included."""

import os
import re
import shutil
import sqlite3
from contextlib import closing

import msgspec
import pytest
from report_logs import realistic_log
from view_project import EVIL_NAME, named, save
from view_server import served

from harness.logs import create_log, locked, open_log
from harness.model.run import RunHeader

WHOLE, PART = "20260101T000000-whole", "20260102T000000-part"


def text_of(answer):
    """What a reader sees, on one line."""
    body = re.sub(r"(?s)<(style|script|title).*?</\1>|<[^>]+>", " ", answer.text)
    return " ".join(body.split())


def row_of(view, name):
    rows = re.findall(r"(?s)<tr.*?</tr>", view.get("/").text)
    (row,) = [row for row in rows if f"/runs/{name}/" in row or f"<code>{name}<" in row]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


def test_all_runs_are_listed_newest_first_with_what_became_of_them(view):
    page = view.get("/")

    names = [name for name in re.findall(r'href="/runs/([^"/]+)"', page.text) if "2026" in name]
    assert names == [PART, WHOLE]
    whole = row_of(view, WHOLE)
    assert re.search(r"code_review , sales_report|sales_report , code_review", whole)
    assert "complete 24 of 24" in whole
    assert "replay report" in whole
    assert "$0." in whole
    assert "stopped at 5 of 24" in row_of(view, PART)


def test_what_is_no_run_or_is_damaged_is_told_and_hides_no_other(view):
    for name, reason in [
        ("garbage", "this is not a run log"),
        ("empty", "the run log has layout version 0"),
        ("torn", "database disk image is malformed"),
    ]:
        assert "cannot be read" in row_of(view, name)
        assert reason in row_of(view, name)
        for path in (f"/runs/{name}", f"/runs/{name}/report"):
            answer = view.get(path)
            assert answer.status_code == 422
            assert reason in text_of(answer)
    listed = view.get("/").text
    assert not re.search("linked|pipe|folder.sqlite|outside", listed)


ODD = {
    "body": ("UPDATE sample SET body = x'00'", ["/report"]),
    "body-of-another-type": ("UPDATE sample SET body = 7", ["/report"]),
    "status": ("UPDATE sample SET status = 'odd'", [""]),
    "turns": ("UPDATE sample SET turns = 'many'", [""]),
    "epoch": ("UPDATE sample SET epoch = x'ff' WHERE rowid = 1", [""]),
    "no-utf-8": ("UPDATE sample SET suite = CAST(x'ff' AS TEXT) WHERE rowid = 1", [""]),
    "header": ("UPDATE run SET header = 'x'", ["", "/report"]),
    "header-of-another-type": ("UPDATE run SET header = 7", ["", "/report"]),
    "no-header": ("DELETE FROM run", ["", "/report"]),
    "no-samples": ("DROP TABLE sample", ["", "/report"]),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The server over logs that each hold something else than they should."""
    folder = tmp_path_factory.mktemp("odd")
    kept = save(folder / "kept", named(realistic_log(epochs=1), "kept"))
    runs = folder / ".harness" / "runs"
    runs.mkdir(parents=True)
    for name, (change, _) in ODD.items():
        path = shutil.copy(kept, runs / f"{name}.sqlite")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(change)
            connection.commit()
    with served(folder) as view:
        yield view


@pytest.mark.parametrize("name", ODD)
def test_a_log_with_other_data_than_it_should_have_is_told(odd, name):
    answers = [odd.get(f"/runs/{name}{each}") for each in ODD[name][1]]

    assert [answer.status_code for answer in answers] == [422 for _ in answers]
    assert all("This cannot be read" in answer.text for answer in answers)
    assert ("cannot be read" in row_of(odd, name)) == ("" in ODD[name][1])


def test_a_report_is_the_file_that_harness_report_writes_byte_for_byte(view, project):
    written = (project / "reports" / f"{WHOLE}.html").read_bytes()

    answer = view.get(f"/runs/{WHOLE}/report")

    assert answer.status_code == 200
    assert answer.content == written
    assert view.get(f"/reports/{WHOLE}.html").content == written


def test_a_report_of_a_run_that_was_stopped_tells_what_is_missing(view):
    answer = view.get(f"/runs/{PART}/report")

    assert "19 of 24 planned samples have no result" in text_of(answer)


def test_a_stopped_run_says_how_to_go_on(view, project):
    assert f"harness run --resume {PART}" in text_of(view.get(f"/runs/{PART}"))
    with served(project.parent, "--runs-folder", f"{project}/.harness/runs") as other:
        page = text_of(other.get(f"/runs/{PART}"))

    assert f"--resume {PART} --runs-folder {project}/.harness/runs" in page


def test_a_recording_that_was_stopped_says_how_to_go_on(tmp_path):
    log = realistic_log(epochs=1)
    header = msgspec.structs.replace(log.header, mode="record", run_id="r")
    save(tmp_path / ".harness" / "runs", msgspec.structs.replace(log, header=header, samples=()))
    with served(tmp_path) as view:
        page = text_of(view.get("/runs/r"))

    assert "stopped at 0 of 24" in page
    assert "Go on with the same command and --update" in page


def test_the_page_of_a_run_counts_by_config_and_leads_into_the_report(view):
    answer = view.get(f"/runs/{WHOLE}")

    page = text_of(answer)
    assert re.search(r"complete 24 of 24 samples \d+ passed \d+ failed", page)
    for config in ("brief-t0.2", "careful-t1.0"):
        assert re.search(rf"code_review {config} 3 of 3", page)
    links = re.findall(rf'href="(/runs/{WHOLE}/report#sample/[^"]+)"', answer.text)
    places = re.findall(r'href="#(sample/[^"]+)"', view.get(f"/runs/{WHOLE}/report").text)
    assert len(links) >= 20
    assert {link.partition("#")[2] for link in links} <= set(places)


def test_files_are_shown_as_what_they_are_and_never_as_ours(view, project):
    page = view.get(f"/reports/{WHOLE}.html")
    plain = [view.get("/reports/notes.txt"), view.get("/reports/data.json")]
    other = view.get("/reports/table.parquet")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert {each.headers["content-type"] for each in plain} == {"text/plain; charset=utf-8"}
    assert other.headers["content-type"] == "application/octet-stream"
    assert other.headers["content-disposition"] == "attachment"
    listed = view.get("/").text
    assert [name for name in ("hidden", "inner", "link.html", "pipe.html") if name in listed] == []


def test_names_that_try_to_break_out_are_links_that_work(view, project):
    page = view.get("/").text

    (path,) = re.findall(r'href="(/reports/%3Cimg[^"]+)"', page)
    assert view.get(path).text == "<title>evil</title>"
    (path,) = {
        each for each in re.findall(r'href="(/runs/%3Cimg[^"]+)"', page) if "report" not in each
    }
    assert view.get(path).status_code == 200
    assert view.get(f"{path}/report").status_code == 200
    assert EVIL_NAME not in page


def test_an_unknown_page_leads_back(view):
    answer = view.get("/runs/nowhere")

    assert answer.status_code == 404
    assert "There is no such page, run or file here." in text_of(answer)
    assert 'href="/"' in answer.text


def test_without_runs_and_reports_the_page_says_how_to_make_some(tmp_path):
    with served(tmp_path) as view:
        page = text_of(view.get("/"))

    assert "There is no run here yet. Make one with harness run" in page
    assert "harness report writes one" in page
    assert list(tmp_path.iterdir()) == []


def test_of_many_runs_the_newest_are_shown_and_the_others_on_request(tmp_path):
    runs = tmp_path / ".harness" / "runs"
    log = realistic_log(epochs=1, suites=("sales_report",))
    first = save(runs, named(log, "run-000"))
    for number in range(1, 130):
        shutil.copy(first, runs / f"run-{number:03}.sqlite")
    with served(tmp_path) as view:
        some, everything = view.get("/"), view.get("/?all")

    assert len(re.findall("<tr>\n<th", some.text)) - 1 <= 101
    assert "Show all 130 runs" in some.text
    assert "run-129" in some.text
    assert "run-000" not in some.text
    assert "run-000" in everything.text
    assert "Show all" not in everything.text


@pytest.fixture
def growing(tmp_path):
    """A log with a plan of 24 samples and none of them done, and those samples."""
    log = realistic_log(epochs=1)
    runs = tmp_path / ".harness" / "runs"
    path = save(runs, msgspec.structs.replace(named(log, "now"), samples=()))
    return path, log.samples


def test_a_run_is_live_while_somebody_holds_it_and_stopped_when_nobody_does(tmp_path, growing):
    path, samples = growing
    with served(tmp_path) as view:
        assert "stopped at 0 of 24" in text_of(view.get("/runs/now"))
        store = open_log(path)
        with locked(path) as lock:
            assert "Running now Starting." in text_of(view.get("/runs/now"))
            lock.began(samples[0].key)
            assert f"Running now {samples[0].key} 0." in text_of(view.get("/runs/now"))
            for done, sample in enumerate(samples[:7], 1):
                store.append(sample)
                lock.ended(sample.key)
                assert f"running {done} of 24 samples" in text_of(view.get("/runs/now"))
            assert "to go" in text_of(view.get("/"))
        assert "stopped at 7 of 24" in text_of(view.get("/runs/now"))
        for sample in samples[7:]:
            store.append(sample)
        store.close()
        assert "complete 24 of 24 samples" in text_of(view.get("/runs/now"))


@pytest.mark.parametrize("torn", [b"", b'{"started_at": "x", "running": [{"ke', b"\xff", b"[1]"])
def test_what_is_half_written_about_a_run_breaks_no_page(tmp_path, growing, torn):
    path, _ = growing
    with served(tmp_path) as view, locked(path):
        path.with_suffix(".lock").write_bytes(torn)

        answers = [view.get("/"), view.get("/runs/now")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "running 0 of 24 samples, \u2013 so far" in text_of(answers[1])


def test_a_run_that_is_removed_or_replaced_is_not_remembered(tmp_path, growing):
    path, _ = growing
    with served(tmp_path) as view:
        assert "0 of 24" in text_of(view.get("/"))
        os.unlink(path)
        assert view.get("/runs/now").status_code == 404
        other = named(realistic_log(epochs=1, suites=("sales_report",)), "now")
        save(path.parent, other)
        assert f"complete {len(other.samples)} of" in text_of(view.get("/runs/now"))


def test_a_run_without_suites_and_plan_is_shown(tmp_path):
    header = RunHeader(
        run_id="bare",
        started_at="",
        mode="mock",
        command="",
        harness_version="",
        python="",
        platform="",
        sandbox="",
        suites=(),
        plan=(),
    )
    create_log(tmp_path / ".harness" / "runs", header).close()
    with served(tmp_path) as view:
        answers = [view.get(path) for path in ("/", "/runs/bare", "/runs/bare/report")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "complete 0 of 0 samples" in text_of(answers[1])
