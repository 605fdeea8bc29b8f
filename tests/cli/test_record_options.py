"""What ``harness record`` is given is checked before anything is sent, written or skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Command, write_coding_suite
from loopback_provider import KEY, loopback_provider

from harness.cassettes import load_cassette

SAMPLE = "cassettes/coding/look/plain/1.jsonl"
ONE = ("-e", "1", "--no-report")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param(("--base-url", "127.0.0.1:9/v1"), "http://127.0.0.1:9/v1", id="no scheme"),
        pytest.param(("--base-url", "localhost/v1"), "needs http:// or https://", id="no port"),
        pytest.param(("--base-url", "ftp://x/v1"), "http:// or https://", id="other scheme"),
        pytest.param(("--base-url", "http:///v1"), "no complete URL", id="no host"),
        pytest.param(("--base-url", "http://x:port/v1"), "cannot be read", id="bad port"),
        pytest.param(
            ("--base-url", "http://x/v1/chat/completions"), "--base-url http://x/v1", id="operation"
        ),
        pytest.param(("--base-url", "http://x/v1?a=b"), "'?'", id="query"),
        pytest.param(("--api-key-env", "bad name"), "name of an environment variable", id="key"),
        pytest.param(("--sandbox", "doker"), "doker", id="sandbox"),
        pytest.param(
            ("--scripted", "--base-url", "http://127.0.0.1:9/v1"), "one of the two", id="both"
        ),
        pytest.param(("--scripted", "--api-key-env", "A_KEY"), "one of the two", id="both, key"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_even_if_nothing_is_to_be_recorded(
    harness: Command, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    write_coding_suite(tmp_path)
    for epoch in (1, 2):
        path = tmp_path / "cassettes/coding/look/plain" / f"{epoch}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("recorded\n")

    done = harness("record", *flags, OPENAI_API_KEY=KEY)

    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "bad name" not in done.stderr


def test_all_that_a_real_provider_needs_is_asked_for_at_once(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    done = harness("record", "--sandbox", "none")

    assert done.returncode == 2
    for part in ("--allow-unsafe", "OPENAI_API_KEY is not set", "--scripted"):
        assert part in done.stderr, part


def test_a_base_url_may_hold_credentials_and_no_file_shows_them(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    with loopback_provider() as provider:
        url = provider.base_url.replace("://", "://user:urlpassword1@")

        done = harness("record", "--base-url", url, "--allow-unsafe", *ONE, OPENAI_API_KEY=KEY)

    assert done.returncode == 0, done.stdout
    assert provider.authorizations[0].startswith("Basic ")
    header = load_cassette(tmp_path / SAMPLE).header
    assert (header.source, header.base_url) == ("127.0.0.1", provider.base_url)
    for path in (each for each in tmp_path.rglob("*") if each.is_file()):
        assert b"urlpassword1" not in path.read_bytes(), path
    assert harness("run", *ONE).returncode == 0


def test_a_scripted_provider_in_suite_yaml_is_called_scripted(
    harness: Command, tmp_path: Path
) -> None:
    from harness.provider.server import Behaviour, serving

    suite = write_coding_suite(tmp_path)
    behaviour = Behaviour(
        scenario="look",
        task="Look around, please.",
        parameters={},
        reply=lambda call: "Nothing to see. TERMINATE",
    )
    with serving([behaviour]) as provider:
        with (suite / "suite.yaml").open("a") as file:
            file.write(f"provider_settings: {{base_url: '{provider.base_url}'}}\n")
        done = harness("record", *ONE)

    assert done.returncode == 0, done.stderr
    assert load_cassette(tmp_path / SAMPLE).header.source == "scripted provider"


def test_scripted_replies_stay_scripted_through_export_and_import(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", *ONE)

    exported = harness("cassette", "export", SAMPLE, "--to", "w.yaml")
    imported = harness("cassette", "import", "w.yaml", "--to", "back.jsonl")

    assert (exported.returncode, imported.returncode) == (0, 0), imported.stderr
    assert load_cassette(tmp_path / "back.jsonl").header.source == "scripted provider"
    assert "real provider" not in harness("cassette", "show", "back.jsonl").stdout
