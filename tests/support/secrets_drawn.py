"""Secrets of every known shape, drawn at random, and the places one can stand in."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

from hypothesis import strategies as st

ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE64 = ALPHANUMERIC + "+/"


def random_text(letters: str, size: int) -> st.SearchStrategy[str]:
    """A random word with a digit, as every generated key of that length has one."""
    return st.text(letters, min_size=size, max_size=size).filter(
        lambda word: any(letter.isdigit() for letter in word) and len(set(word)) > 3
    )


def _prefixed(prefix: str, size: int, letters: str = ALPHANUMERIC) -> st.SearchStrategy[str]:
    return random_text(letters, size).map(prefix.__add__)


def _has_digits(word: str) -> bool:
    """Whether a word looks less like a name in a program than most do."""
    return sum(map(str.isdigit, word)) > 1 and any(map(str.isalpha, word))


# Recognised by itself, whatever stands around it.
BARE: dict[str, st.SearchStrategy[str]] = {
    "OpenAI": _prefixed("sk-", 48),
    "OpenAI project": _prefixed("sk-proj-", 64, ALPHANUMERIC + "_-"),
    "OpenAI service account": _prefixed("sk-svcacct-", 64, ALPHANUMERIC + "_-"),
    "OpenAI session": _prefixed("sess-", 40),
    "Anthropic": _prefixed("sk-ant-api03-", 93, ALPHANUMERIC + "_-"),
    "Groq": _prefixed("gsk_", 52),
    "AWS id": _prefixed("AKIA", 16, string.ascii_uppercase + string.digits),
    "AWS temporary id": _prefixed("ASIA", 16, string.ascii_uppercase + string.digits),
    "Google": _prefixed("AIza", 35, ALPHANUMERIC + "_-"),
    "Google OAuth": _prefixed("ya29.", 60, ALPHANUMERIC + "_-"),
    "GitHub": _prefixed("ghp_", 36),
    "GitHub fine-grained": _prefixed("github_pat_", 82),
    "GitLab": _prefixed("glpat-", 20),
    "Hugging Face": _prefixed("hf_", 34),
    "Slack": _prefixed("xoxb-", 50, string.digits + ALPHANUMERIC),
    "Slack app": _prefixed("xapp-1-", 50, ALPHANUMERIC),
    "JWT": st.tuples(*(random_text(ALPHANUMERIC + "_-", 40) for _ in range(3))).map(
        lambda parts: "eyJ" + ".".join(parts)
    ),
    "PEM": random_text(BASE64, 192).map(
        lambda word: (
            f"-----BEGIN RSA PRIVATE KEY-----\n{word[:64]}\n{word[64:128]}\n{word[128:]}\n"
            "-----END RSA PRIVATE KEY-----"
        )
    ),
}

# Recognised by what stands around it: the text, and the part that is secret.
IN_CONTEXT: dict[str, tuple[st.SearchStrategy[str], str]] = {
    "Azure": (random_text(HEX, 32), "api-key: {}"),
    "Azure, new": (random_text(ALPHANUMERIC, 84), "AZURE_OPENAI_API_KEY={}"),
    "AWS secret": (random_text(BASE64, 40), "aws_secret_access_key = {}"),
    "SigV4": (
        random_text(HEX, 64),
        "Authorization: AWS4-HMAC-SHA256 Credential=x/y, SignedHeaders=host, Signature={}",
    ),
    "signed URL": (random_text(HEX, 64), "https://s3.example/a?X-Amz-Expires=1&X-Amz-Signature={}"),
    "security token": (
        random_text(ALPHANUMERIC, 90),
        "https://s3.example/a?X-Amz-Security-Token={}&a=b",
    ),
    "Google URL": (random_text(ALPHANUMERIC, 39), "https://g.example/v1?alt=sse&key={}"),
    "bearer": (random_text(ALPHANUMERIC, 40), "Authorization: Bearer {}"),
    "postgres": (random_text(ALPHANUMERIC, 12), "postgresql://me:{}@db.example:5432/x"),
    "postgres with @": (
        random_text(ALPHANUMERIC, 12).map(lambda word: f"{word[:4]}@{word[4:]}"),
        "postgres://me:{}@db/x",
    ),
    "mysql": (random_text(ALPHANUMERIC, 12), "mysql+pymysql://me:{}@db/x"),
    "mongodb": (random_text(ALPHANUMERIC, 12), "mongodb+srv://me:{}@c0.example.net/?w=1"),
    "redis": (random_text(ALPHANUMERIC + "/", 24), "redis://:{}@cache:6379/0"),
    "amqp": (random_text(ALPHANUMERIC, 12), "amqp://me:{}@queue//"),
    "Azure storage": (
        random_text(BASE64, 86).map(lambda word: word + "=="),
        "AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",
    ),
    "basic": (
        random_text(ALPHANUMERIC, 12).map(
            lambda word: base64.b64encode(f"me:{word}".encode()).decode()
        ),
        "Authorization: Basic {}",
    ),
    "variable": (random_text(ALPHANUMERIC, 14).filter(_has_digits), "export MY_SERVICE_KEY={}"),
    "assigned": (random_text(ALPHANUMERIC, 14).filter(_has_digits), "x_api_key = '{}'"),
    "password": (random_text(ALPHANUMERIC, 14).filter(_has_digits), "password: {}"),
}


@st.composite
def known_by_shape(draw: Any) -> tuple[str, str]:
    """A text and the secret in it."""
    if draw(st.booleans()):
        secret = draw(BARE[draw(st.sampled_from(sorted(BARE)))])
        frame = draw(st.sampled_from(["{}", "it is {} today", "line\n{}\nline", '"{}"', "'{}'"]))
        return frame.replace("{}", secret), secret
    kind = draw(st.sampled_from(sorted(IN_CONTEXT)))
    secret = draw(IN_CONTEXT[kind][0])
    return IN_CONTEXT[kind][1].replace("{}", secret), secret


# Not a word that the format or the surroundings of a test hold anyway.
_unlike_words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=10,
    max_size=40,
).filter(lambda text: len(text.strip()) >= 10 and len(set(text.strip())) > 4)
of_environment = st.one_of(
    _unlike_words.map(str.strip),
    random_text(ALPHANUMERIC + "\"\\/'& +%=é漢\U0001f600\n\t", 24).map(str.strip),
    st.integers(10**9, 10**15).map(str),
).filter(lambda text: any(letter.isdigit() or not letter.isascii() for letter in text))


def spellings(secret: str) -> set[str]:
    """How a secret may appear in a file of JSON."""
    from urllib.parse import quote, quote_plus

    found = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    for _ in range(3):
        found |= {
            json.dumps(one, ensure_ascii=a)[1:-1] for one in set(found) for a in (True, False)
        }
    return found
