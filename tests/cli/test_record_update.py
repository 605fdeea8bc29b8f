"""``harness record --update``, ``--dry-run`` and ``--max-cost`` as a user meets them."""

from __future__ import annotations

from pathlib import Path

from cli_project import Command, write_coding_suite

from harness.cassettes import load_cassette

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


def cassettes(project: Path) -> dict[str, bytes]:
    root = project / "cassettes"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.jsonl*")}


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / "scenarios" / "coding" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_update_of_what_still_fits_changes_no_file(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", "--no-report")
    before = cassettes(tmp_path)

    done = harness("record", "--scripted", "--update", "--no-report")

    assert done.returncode == 0, done.stderr
    assert "Calls: 4 taken over from the earlier recordings, 0 recorded" in done.stdout
    assert "2 of 2 samples needed no call" in done.stdout
    assert cassettes(tmp_path) == before


def test_an_update_records_from_the_first_call_that_changed(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", "--no-report")
    path = tmp_path / "cassettes/coding/look/plain/1.jsonl"
    before = load_cassette(path).interactions
    # What the code printed stands in the second request: as if it printed something else now.
    text = path.read_text()
    assert text.count("exitcode: 1") == 1
    path.write_text(text.replace("exitcode: 1", "exitcode: 77"))

    done = harness("record", "--scripted", "--update", "--no-report", "--epoch", "1")

    after = load_cassette(path).interactions
    assert done.returncode == 0, done.stderr
    assert "Calls: 1 taken over from the earlier recordings, 1 recorded" in done.stdout
    assert [each.request.digest for each in after] == [each.request.digest for each in before]
    assert after[0].latency_seconds == before[0].latency_seconds
    assert after[1].latency_seconds != before[1].latency_seconds


def test_a_dry_run_tells_what_would_be_recorded_and_touches_nothing(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", "--no-report", "--epoch", "1")
    before, runs = cassettes(tmp_path), sorted((tmp_path / ".harness/runs").iterdir())

    done = harness("record", "--update", "--dry-run", "--max-cost", "1")

    # No key is needed: nothing is sent.
    assert done.returncode == 0, done.stderr
    assert "new              coding/look/plain/2  about 2 calls, about $0.0004" in done.stdout
    assert "(as in 1 other epoch)" in done.stdout
    assert "Would record 1 of 2 samples: about 2 calls, $0.0004; 1 still fit" in done.stdout
    assert cassettes(tmp_path) == before
    assert sorted((tmp_path / ".harness/runs").iterdir()) == runs


def test_a_dry_run_finds_the_call_that_no_longer_fits(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", "--no-report")
    edit(tmp_path, "suite.yaml", "You are a coder.", "You are a careful coder.")

    done = harness("record", "--scripted", "--update", "--dry-run", "--config", "plain")

    assert "from call 1      coding/look/plain/1  about 2 calls" in done.stdout
    assert "Would record 2 of 2 samples: about 4 calls, $0.0008" in done.stdout


def test_a_recording_stops_before_it_costs_more_than_it_may(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    edit(tmp_path, "suite.yaml", "temperature: 0.5,", "temperature: 0.5, max_tokens: 100,")

    done = harness("record", "--scripted", "--no-report", "-n", "1", "--max-cost", "0.0007")
    kept = [name for name in cassettes(tmp_path) if name.endswith(".partial")]
    again = harness("record", "--scripted", "--no-report", "-n", "1", "--update")

    assert done.returncode == 1
    assert "--max-cost 0.0007 is reached" in done.stdout + done.stderr
    assert kept
    assert again.returncode == 0, again.stderr
    assert "taken over from the earlier recordings" in again.stdout
    assert sorted(cassettes(tmp_path)) == ["coding/look/plain/1.jsonl", "coding/look/plain/2.jsonl"]


def test_a_limit_on_cost_needs_prices(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)
    edit(tmp_path, "suite.yaml", "prices: {written-1: {prompt: 1, completion: 2}}", "")

    done = harness("record", "--scripted", "--no-report", "--max-cost", "1")

    assert done.returncode == 2
    assert "no" in done.stderr
    assert "'written-1' of coding" in done.stderr
    assert "prices:" in done.stderr
    assert cassettes(tmp_path) == {}


def test_recording_without_a_key_fails_before_it_starts(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)

    for flags in ((), ("--update",), ("--overwrite",)):
        done = harness("record", "--allow-unsafe", "--no-report", *flags)

        assert done.returncode == 2
        assert "OPENAI_API_KEY is not set" in done.stderr
    assert not (tmp_path / ".harness").exists()


def test_update_and_overwrite_exclude_each_other(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)

    done = harness("record", "--scripted", "--update", "--overwrite")

    assert done.returncode == 2
    assert "--update keeps what still fits" in done.stderr


def test_rules_for_what_is_ignored_are_checked_with_their_line(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "look" / "scenario.yaml").write_text(
        "title: Look\ntask: Look around, please.\ncassette:\n  ignore: [uuid, uid]\n  repeat: 1\n"
    )

    done = harness("validate")

    assert done.returncode == 2
    assert "scenario.yaml:4: cassette.ignore[1]: 'uid' is no rule" in done.stderr
    assert "scenario.yaml:5: cassette.repeat: expected true or false" in done.stderr


def test_rules_for_what_is_ignored_reach_the_cassette(harness: Command, tmp_path: Path) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "look" / "scenario.yaml").write_text(
        "title: Look\ntask: Look around, please.\ncassette: {ignore: [uuid, $.user]}\n"
    )

    recorded = harness("record", "--scripted", "--no-report", "--epoch", "1")
    replayed = harness("run", "--no-report", "--epoch", "1")

    path = tmp_path / "cassettes/coding/look/plain/1.jsonl"
    assert (recorded.returncode, replayed.returncode) == (0, 0), replayed.stdout
    assert load_cassette(path).header.ignored == ("uuid", "$.user")


def test_a_rule_that_is_newer_than_the_cassette_is_not_advised_again(
    harness: Command, tmp_path: Path
) -> None:
    one, other = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "9b2d7c51-7d1c-4f0a-8c55-6f1d2a3b4c5d"
    suite = write_coding_suite(tmp_path)
    scenario = suite / "look" / "scenario.yaml"
    scenario.write_text(f"title: Look\ntask: Look around, job {one}.\n")
    harness("record", "--scripted", "--no-report", "--epoch", "1")
    scenario.write_text(
        f"title: Look\ntask: Look around, job {other}.\ncassette: {{ignore: [uuid]}}\n"
    )

    missed = harness("run", "--no-report", "--epoch", "1")
    command = missed.stdout.split("To record it again: harness ")[1].partition("\n")[0].split()
    updated = harness(*command, "--no-report")

    assert missed.returncode == 1
    assert "this cassette is older" in missed.stdout
    assert "in scenario.yaml and run" not in missed.stdout
    assert "Re-recording from there" not in missed.stdout
    assert updated.returncode == 0, updated.stdout
    assert "Calls: 2 taken over from the earlier recordings, 0 recorded" in updated.stdout
    assert harness("run", "--no-report", "--epoch", "1").returncode == 0
