"""The user's own rules, the environment, and what spelled-out secrets look like."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import httpx
import pytest

from harness.cassettes import recording, replaying
from harness.cassettes.credentials import credentials_in, secrets_of_variables
from harness.cassettes.redaction import Redactor
from harness.cassettes.secret_rules import pattern_fault
from harness.model.scenario import SecretRules

WORD = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz34"
VALUE = 'fj"ord/view+7'


@pytest.mark.parametrize(
    ("rules", "data", "clean"),
    [
        pytest.param(
            SecretRules(patterns=(r"emp-[0-9]{6}",)), ["I am emp-123456"], ["I am [redacted]"],
            id="pattern",
        ),
        pytest.param(
            SecretRules(patterns=(r"badge (?P<secret>\w+)!",)), "badge xy!", "badge [redacted]!",
            id="group",
        ),
        pytest.param(
            SecretRules(fields=("Badge",)), {"badge": "blue-bird", "x": "blue-bird"},
            {"badge": "[redacted]", "x": "blue-bird"},
            id="field",
        ),
        pytest.param(
            SecretRules(fields=("badge",)), ['{"badge": "blue-bird"}'], ['{"badge": "[redacted]"}'],
            id="field in JSON in JSON",
        ),
        pytest.param(
            SecretRules(variables=("COLOUR",)), ["it is ultramarine"], ["it is [redacted]"],
            id="variable",
        ),
    ],
)  # fmt: skip
def test_a_rule_of_the_user_adds_to_the_built_in_ones(rules, data, clean):
    redactor = Redactor.from_environment({"COLOUR": "ultramarine"}, rules)

    assert redactor.data(data) == clean
    assert redactor.text(f"sk-{WORD}") == "[redacted]"


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        pytest.param("a(", "not a regular expression", id="broken"),
        pytest.param("[0-9]*", "matches the empty text", id="empty"),
        pytest.param("red.*ted", "matches the placeholder", id="placeholder"),
        pytest.param("[a-z]+", "spoil every recording", id="every word"),
        pytest.param(r"emp-[0-9]{6}", "", id="sound"),
    ],
)
def test_a_rule_that_would_spoil_recordings_is_refused(pattern, fault):
    found = pattern_fault(pattern)

    assert fault in found
    assert bool(fault) == bool(found)


def test_rules_hold_while_recording(kit, provider, path):
    provider.reply = lambda *_: kit.completion("you are emp-123456")

    with recording(path, kit.header(provider), secrets=SecretRules(patterns=("emp-[0-9]{6}",))):
        httpx.post(provider.base_url, json={"messages": [{"content": "emp-654321"}]})

    assert "123456" not in path.read_text()
    assert "654321" not in path.read_text()


@pytest.mark.parametrize(
    ("environ", "secrets"),
    [
        pytest.param({"PWD": "/home/me", "OLDPWD": "/home"}, set(), id="working folder"),
        pytest.param({"DB_PWD": "tulip-field"}, {"tulip-field"}, id="pwd"),
        pytest.param({"SENTRY_DSN": "https://1a2b@s.io/1"}, {"https://1a2b@s.io/1"}, id="dsn"),
        pytest.param(
            {"DATABASE_URL": "postgres://me:tulip%20field@db/x"},
            {"postgres://me:tulip%20field@db/x", "tulip%20field", "tulip field"},
            id="password in a URL",
        ),
        pytest.param({"BROKER_URL": "amqp://guest:guest@mq"}, set(), id="guest"),
        pytest.param({"HOMEPAGE": "https://example.com/a:b"}, set(), id="plain URL"),
        pytest.param({"SSH_AUTH_SOCK": "/tmp/ssh-1/agent.2"}, set(), id="agent"),
    ],
)
def test_what_of_the_environment_is_secret(environ, secrets):
    assert set(secrets_of_variables(environ)) == secrets


@pytest.mark.parametrize(
    ("headers", "credentials"),
    [
        pytest.param({"authorization": f"Bearer {WORD}"}, {WORD}, id="bearer"),
        pytest.param({"helicone-auth": f"Bearer {WORD}"}, {WORD}, id="another's"),
        pytest.param({"x-litellm-api-key": WORD}, {WORD}, id="key"),
        pytest.param({"cookie": f"a=b; session={WORD}; c=d"}, {WORD}, id="cookie"),
        pytest.param({"authorization": "Bearer no-key"}, set(), id="no key"),
        pytest.param({"idempotency-key": WORD}, set(), id="no credential"),
        pytest.param(
            {"authorization": f"AWS4-HMAC-SHA256 Credential=a/b, Signature={'0' * 64}"},
            set(),
            id="a signature is of one request",
        ),
    ],
)
def test_what_of_a_request_is_a_credential(headers, credentials):
    assert credentials_in(headers) == credentials


def test_user_name_and_password_of_basic_authorization_are_credentials():
    encoded = base64.b64encode(b"me:tulip-field").decode()

    found = credentials_in({"authorization": f"Basic {encoded}"})

    assert {encoded, "tulip-field"} <= found


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda text: "".join(f"\\u{ord(c):04x}" for c in text), id="all escaped"),
        pytest.param(lambda text: "".join(f"%{ord(c):02X}" for c in text), id="all percent"),
        pytest.param(lambda text: text.replace('"', "&quot;"), id="HTML"),
        pytest.param(lambda text: repr(f"'{text}"), id="repr"),
        pytest.param(lambda text: base64.b64encode(text.encode()).decode(), id="base64"),
        pytest.param(lambda text: base64.b64encode(f"a {text} b".encode()).decode(), id="inside"),
        pytest.param(lambda text: json.dumps(json.dumps(json.dumps(text))), id="JSON three deep"),
    ],
)
def test_a_known_value_is_found_however_it_is_spelled(spell):
    redactor = Redactor.from_environment({"MY_SECRET": VALUE})

    clean = redactor.text(f"<{spell(VALUE)}>")

    assert "[redacted]" in clean
    assert len(clean) < 30


def test_several_secret_names_stay_several(kit, provider, path):
    keys = [f"sk-{number}{WORD}" for number in range(2)]
    ask = {"json": {"metadata": dict.fromkeys(keys, 1)}}

    with recording(path, kit.header(provider)):
        httpx.post(provider.base_url, **ask)
    with replaying(path) as session:
        httpx.post(provider.base_url, **ask)

    assert WORD not in path.read_text()
    assert (session.served, session.misses) == (1, ())


@pytest.mark.parametrize("later", ["tulip-field-1", "", "another value 2"])
def test_a_request_with_a_secret_replays_whatever_its_variable_is_now(
    kit, provider, path, monkeypatch, later
):
    monkeypatch.setenv("SERVICE_TOKEN", "tulip-field-1")
    recorded = kit.record(provider, path, ("say tulip-field-1",))
    if later:
        monkeypatch.setenv("SERVICE_TOKEN", later)
    else:
        monkeypatch.delenv("SERVICE_TOKEN")

    with replaying(path) as session, kit.client(provider.base_url) as client:
        kit.ask(client, "say tulip-field-1")

    assert "tulip" in recorded[0]
    assert "tulip" not in path.read_text()
    assert session.misses == ()


def test_a_miss_shows_no_secret_nor_half_of_one(kit, provider, path, monkeypatch):
    kit.record(provider, path, ("hello",))
    monkeypatch.setenv("SERVICE_TOKEN", "tulip-field-behind-the-house")
    key = f"sk-{WORD}"

    with (
        pytest.raises(BaseException, match="no recorded answer") as caught,
        replaying(path) as session,
        kit.client(provider.base_url) as client,
    ):
        kit.ask(client, f"{key} hello and tulip-field-behind-the-house")

    for text in (str(caught.value), *session.misses):
        assert "[redacted]" in text
        assert WORD[:8] not in text
        assert "tulip" not in text


def test_a_mention_of_a_private_key_is_no_private_key():
    text = "A file that begins with -----BEGIN PRIVATE KEY----- must not be committed, ever."

    assert Redactor().text(text) == text


HOSTILE = """
from harness.cassettes.redaction import Redactor
redactor = Redactor.from_environment({"A_KEY": "back\\\\slash\\n\\\\\\\\here"})
for text in (
    "-----BEGIN PRIVATE KEY-----" * 3000,
    "\\\\" * 60_000 + '"password": "',
    '"password": "' + '\\\\"' * 30_000,
    "redis://" + "a:" * 30_000,
    "redis://a:" * 10_000,
    "api_key=" * 10_000,
    "eyJ" + "a." * 30_000,
    "%25" * 30_000,
    "A_" * 30_000 + "KEY=",
):
    redactor.text(text)
print("done")
"""


def test_hostile_texts_do_not_take_forever():
    command = [sys.executable, "-c", HOSTILE]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.stdout == "done\n", done.stderr
