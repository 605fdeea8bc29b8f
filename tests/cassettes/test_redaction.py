"""What counts as a secret, and what must not."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.redaction import PLACEHOLDER, Redactor

HEX = "0123456789abcdef0123456789abcdef"
WORD = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz34"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{WORD}\n{WORD}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("sk-" + WORD, id="OpenAI"),
        pytest.param("sk-proj-" + WORD + "_-x", id="OpenAI project"),
        pytest.param("sk-ant-api03-" + WORD, id="Anthropic"),
        pytest.param("sk_live_" + WORD, id="Stripe"),
        pytest.param("gsk_" + WORD, id="Groq"),
        pytest.param("AKIA" + "ABCDEFGH12345678", id="AWS id"),
        pytest.param("AIza" + WORD[:35], id="Google"),
        pytest.param("ya29." + WORD, id="Google OAuth"),
        pytest.param("ghp_" + WORD[:36], id="GitHub"),
        pytest.param("github_pat_" + WORD, id="GitHub fine-grained"),
        pytest.param("glpat-" + WORD[:20], id="GitLab"),
        pytest.param("hf_" + WORD[:34], id="Hugging Face"),
        pytest.param("xoxb-123456789012-" + WORD[:24], id="Slack"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + WORD, id="JWT"),
        pytest.param(PEM, id="PEM"),
        pytest.param(PEM[:80], id="cut-off PEM"),
    ],
)
@pytest.mark.parametrize(
    "text",
    ["{}", "the key is {}, keep it", '{{"key": "{}"}}', "https://host/{}/x", "key={}\n", "'{}'"],
)
def test_a_known_key_is_removed_wherever_it_stands(secret, text):
    clean = Redactor().text(text.format(secret))

    assert secret not in clean
    assert WORD[:12] not in clean
    assert PLACEHOLDER in clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param(f"api-key: {HEX}", "api-key: [redacted]", id="Azure header"),
        pytest.param(f'api_key="{HEX}"', 'api_key="[redacted]"', id="Azure in code"),
        pytest.param(
            f"aws_secret_access_key = {WORD}", "aws_secret_access_key = [redacted]", id="AWS secret"
        ),
        pytest.param(
            f"Authorization: Bearer {WORD}", "Authorization: Bearer [redacted]", id="bearer"
        ),
        pytest.param(
            "postgresql://me:hunter2@db.example/x",
            "postgresql://me:[redacted]@db.example/x",
            id="URL",
        ),
        pytest.param(
            f"AccountName=x;AccountKey={WORD}==;End=1",
            "AccountName=x;AccountKey=[redacted];End=1",
            id="Azure storage",
        ),
        pytest.param(
            "Server=db;User=me;Password=hunter22;",
            "Server=db;User=me;Password=[redacted];",
            id="SQL server",
        ),
        pytest.param(
            f"https://host/x?a=1&sig={WORD}&b=2",
            "https://host/x?a=1&sig=[redacted]&b=2",
            id="signed",
        ),
    ],
)
def test_only_the_secret_part_is_removed(text, clean):
    assert Redactor().text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a risk-averse, task-oriented sk-learn-compatible-estimator/2", id="prose"),
        pytest.param(f"commit {HEX}", id="hex without a key"),
        pytest.param("token = bucket.acquire(1); password: str", id="code"),
        pytest.param("api_key = os.environ['OPENAI_API_KEY']", id="code that reads a key"),
        pytest.param("The basic internationalization of bearer documents", id="words"),
        pytest.param("http://localhost:8000/@me and me@example.com", id="address"),
        pytest.param("see https://example.com/?key=short", id="short value"),
        pytest.param("[redacted] and Bearer [redacted]", id="placeholder"),
    ],
)
def test_what_is_no_secret_stays(text):
    assert Redactor().text(text) == text


@given(st.binary(min_size=0, max_size=3000))
def test_base64_payloads_are_not_corrupted(data):
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        text = f"data:image/png;base64,{encoded.decode()}"
        assert Redactor().text(text) == text


@pytest.mark.parametrize("before", ["SYS-", "team_", "Bearer-", "x_"])
@pytest.mark.parametrize(
    "key", ["sk-proj-" + WORD, "sk-ant-api03-" + WORD, "ghp_" + WORD[:36], "github_pat_" + WORD]
)
def test_a_key_behind_a_name_is_removed(before, key):
    assert Redactor().text(f"Use {before}{key} here") == f"Use {before}[redacted] here"


@pytest.mark.parametrize("text", ["task-sk-project-one", "disk-proj-overview-of-2026-budgets-x1"])
def test_a_name_that_only_ends_like_a_key_stays(text):
    assert Redactor().text(text) == text


@pytest.mark.parametrize("middle", ["sk-", "AKIA", "AIza", "xoxb-", "ghp_", "hf_"])
def test_base64_that_holds_the_beginning_of_a_key_is_not_corrupted(middle):
    text = ("QUJD" * 20 + middle + WORD * 2) * 3

    assert Redactor().text(text) == text


def test_values_of_secret_looking_variables_are_removed_in_every_spelling():
    value = 'pa"ss\\wörd /1'
    redactor = Redactor.from_environment({"DB_PASSWORD": value, "HOME": "/home/somebody"})

    spellings = [
        value,
        json.dumps(value),
        json.dumps(json.dumps(value)),
        "pa%22ss%5Cw%C3%B6rd%20%2F1",
    ]

    for spelling in spellings:
        assert PLACEHOLDER in redactor.text(f"<{spelling}>")
        assert "rd /1" not in redactor.text(f"<{spelling}>")
    assert redactor.text("/home/somebody") == "/home/somebody"


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"MY_KEY": "short"}, id="too short"),
        pytest.param({"MY_KEY": " " * 20}, id="blank"),
        pytest.param({"EDITOR": "emacs -nw"}, id="another name"),
    ],
)
def test_other_variables_are_not_secrets(environ):
    text = "short, emacs -nw" + " " * 30

    assert Redactor.from_environment(environ).text(text) == text


def test_data_is_cleaned_in_keys_values_and_numbers():
    redactor = Redactor.from_environment({"PIN_TOKEN": "1234567890"})
    data = {"a 1234567890": ["x1234567890x", 1234567890, 5, None, True], "password": "hunter22"}

    assert redactor.data(data) == {
        "a [redacted]": ["x[redacted]x", "[redacted]", 5, None, True],
        "password": "[redacted]",
    }


@given(st.text(), st.text(min_size=8))
def test_cleaning_twice_changes_nothing(text, value):
    redactor = Redactor.from_environment({"A_KEY": value})
    once = redactor.text(f"{text}{value}{text}")

    if value.strip() not in once:
        assert redactor.text(once) == once
