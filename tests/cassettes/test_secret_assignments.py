"""A value that only its name makes a secret goes; ordinary code stays as it is."""

from __future__ import annotations

import base64
import random

import pytest

from harness.cassettes.redaction import Redactor

SECRETS = [
    ("MY_API_KEY={}", "plainvalue998877"),
    ("export MY_API_KEY={}", "plainvalue998877"),
    ("Set MY_API_KEY={}, then run it.", "plainvalue998877"),
    ("api_key={}", "plainvalue998877"),
    ("api_key = '{}'", "plain77value"),
    ('apiKey: "{}"', "plain77value"),
    ("password: {}", "hunter2hunter2"),
    ("password={}", "hunter22"),
    ("The password is {}.", "hunter2hunter2"),
    ("DB_PASS='{}'", "s3cr3t-w0rd"),
    ("DB_PWD={}", "hunter2hunter2"),
    ("set SERVICE_TOKEN={}&& run", "abc123def456"),
    ("client_secret = {}", "abc123def456"),
    ("my_access_key: {}", "abc123def456"),
    ("API_KEY2={}", "abc123def456"),
    ("--api-key={}", "abc123def456"),
    ("openaiApiKey = '{}'", "abc123def456"),
    ("os.environ['MY_TOKEN'] = '{}'", "abc123def456"),
    ('{{"DB_PASSWORD": "{}"}}', "abc123def456"),
    ('\\"db_password\\": \\"{}\\"', "abc123def456"),
    ("def login(password: str = '{}'):", "abc123def456"),
    ("if password == '{}':", "abc123def456"),
    ('{{"a": "\\nMY_API_KEY={}", "a": 1}}', "abc123def456"),
    ("passphrase: {}", "4-horses-staple"),
]


@pytest.mark.parametrize(("frame", "secret"), SECRETS, ids=[frame for frame, _ in SECRETS])
def test_the_value_is_replaced_and_nothing_else(frame: str, secret: str) -> None:
    text = f"before\n{frame.format(secret)}\nafter"

    clean = Redactor().text(text)

    assert clean == f"before\n{frame.format('[redacted]')}\nafter"
    assert Redactor().text(clean) == clean


CODE = [
    'api_key=os.environ["X"]',
    'api_key = os.environ["OPENAI_API_KEY_2"]',
    "password = input()",
    "password = getpass.getpass('Password 1: ')",
    "key=None",
    "token=token",
    "api_key=openai_api_key2",
    "client = OpenAI(api_key=settings.openai2_key, timeout=30)",
    "API_KEY = load_key_v2(path)",
    "access_token = response1.json()['access_token']",
    "access_token = response1",
    "max_tokens=16384, total_tokens: 12345678",
    "for key in sorted(counts, key=lambda item: item[1]):",
    "key = 'created_at_2024'",
    "cache_key = f'{user}:{day}2024'",
    "SORT_KEY = 'created_at_2024'",
    "PRIMARY_KEY=order_id_2024",
    "EOS_TOKEN = '<|endoftext2|>'",
    "PAD_TOKEN = 'padding12'",
    "token: abcdef12",
    "password: str",
    "password: string, at least 8 characters",
    "password = ''",
    "password=${DB_PASSWORD_1}",
    "password: {{ vault_password_1 }}",
    "api_key: <your-api-key-1>",
    "api_key=YOUR_API_KEY_1",
    "Enter the password:\n\nchapter2section3",
    "private_key=~/.ssh/id_ed25519",
    "PRIVATE_KEY=/etc/key1.pem",
    "API_KEY_URL=https://example.com/keys/v1",
    "api_key_env: LOCAL_KEY_2",
    "if password is None or len(password) < 8:",
    "secret_key: bytes32",
    "self.password = password1",
    '{"password": {"type": "string", "minLength": 8}}',
    "assert check_password(password='') is False",
]


@pytest.mark.parametrize("code", CODE)
def test_ordinary_code_and_prose_stay_as_they_are(code: str) -> None:
    text = f"first\n{code}\nlast"

    assert Redactor().text(text) == text


def test_base64_stays_whole() -> None:
    draw = random.Random(7)
    for _ in range(300):
        blob = draw.randbytes(draw.randint(30, 300))
        for encoded in (base64.b64encode(blob), base64.urlsafe_b64encode(blob)):
            text = f"data:image/png;base64,{encoded.decode()}"
            assert Redactor().text(text) == text
