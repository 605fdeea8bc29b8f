r"""What secrets look like. Each shape is anchored so that base64 payloads stay whole.

A group named ``secret`` narrows a match to the part that is replaced.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A key never starts inside a longer word. "/" and "+" do not count as part of
# one: they occur in standard base64, which has no "-" or "_", and every shape
# that could start inside base64 needs one of those or a fixed capital prefix.
# The end of an escape ("\nsk-", "%20sk-") is no part of a word either.
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
# Prefixes that no name has by chance may follow a name: "team-sk-ant-...", "x_ghp_...".
_GLUED = _START.replace("_-]", "]")
_WORD = _START.replace("_-]", "_]")
_END = r"(?![A-Za-z0-9_-])"
# Not far: looking on and on would make a long text of names slow.
_HAS_DIGIT = r"(?=[A-Za-z0-9_+/=.~-]{0,200}[0-9])"
_QUOTES = r"[\"'\\]{0,6}"
_ASSIGNED = _QUOTES + r"\s{0,8}(?:[:=]|\bis\b)\s{0,8}" + _QUOTES

_KEY_NAME = (
    r"(?:api|subscription|access|account|secret|private|auth|client|openai|azure|encryption|signing"
    r"|ocp[-_ ]apim[-_ ]subscription)[-_ ]?(?:key|token|secret)|apikey|password|authorization"
)


@dataclass(frozen=True)
class Shape:
    """One kind of secret.

    Attributes:
        kind: What it is, in words.
        pattern: The shape.
        hints: Lower-case texts of which one must occur, for there to be a match at all;
            looking for them is far cheaper than the pattern.
        is_long: Whether the hint is in one of the text's long words.
        words: Keys of `TRIGGERS`, one of which must occur.
        accept: If given, it has the last word on what would be replaced.
    """

    kind: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    is_long: bool = False
    words: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a text has this shape: start and end of what is to be replaced."""
        group = "secret" if "secret" in self.pattern.groupindex else 0
        found = [match for match in self.pattern.finditer(text) if match[group]]
        if self.accept is None:
            return [match.span(group) for match in found]
        return [match.span(group) for match in found if self.accept(match[group])]


# A word for a key, with what makes a name of it; patterns that begin with a word are fast.
TRIGGERS = {
    # Not of tokens: every answer of a model counts those.
    word: re.compile(
        word
        + ("s?" if word == "credential" else r"(?:_id)?")
        + r"[0-9]?[\"'\\\s\]]{0,12}(?:[:=]|is\b)"
    )
    for word in (
        *("key", "token", "secret", "password", "passwd", "passphrase", "pass", "pwd"),
        *("pgpass", "credential", "authorization"),
    )
}

LONG_WORD = 13
_WORD_CHARACTERS = frozenset(b"_+/=.~-?&:%#@" + bytes(range(48, 58)) + bytes(range(97, 123)))
_LONG_WORDS = re.compile(b"[^ ]{%d,}" % LONG_WORD)
_TO_WORDS = bytes(byte if byte in _WORD_CHARACTERS else 32 for byte in range(256))


def long_words(lowered: str) -> str:
    """The long words of a text in lower case: keys and URLs among them, hardly any prose."""
    words = lowered.encode(errors="surrogatepass").translate(_TO_WORDS)
    return b" ".join(_LONG_WORDS.findall(words)).decode()


def _shape(kind: str, pattern: str, *hints: str) -> Shape:
    """A shape that is, or has in it, one long word."""
    return Shape(kind, re.compile(pattern), hints, is_long=True)


def _loose(kind: str, pattern: str, *hints: str) -> Shape:
    return Shape(kind, re.compile(pattern), hints)


def _assigned(kind: str, pattern: str, *words: str) -> Shape:
    """A shape in which one of some words is followed by an assignment."""
    return Shape(kind, re.compile(pattern), words=words)


def _is_basic(word: str) -> bool:
    """Whether a word is a user name and a password in base64, perhaps with a path behind it."""
    cuts = [at for at, letter in enumerate(word) if letter == "/"]
    return any(_names_a_user(word[:cut]) for cut in (len(word), *cuts))


def _names_a_user(encoded: str) -> bool:
    try:
        plain = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain[1:] and plain.isascii() and all(byte >= 32 for byte in plain)


_SERVERS = (
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|oracle|clickhouse|cockroachdb"
    r"|nats|kafka|smtps?|ldaps?|s?ftp)(?:\+[a-z0-9]+)?"
)

_KEYED = (
    r"(?i:(?:x-goog-)?(?:api[-_]?)?key|(?:access_|auth_|id_|refresh_)?token|sig|signature|password"
    r"|client_secret|x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential))"
)
_KEYED_ALONE = re.compile(rf"{_KEYED}|{_KEY_NAME}", re.IGNORECASE)

_PREFIXED: tuple[Shape, ...] = (
    _shape("an Anthropic key", _GLUED + r"sk-ant-(?:[a-z]+[0-9]*-)?[A-Za-z0-9_-]{16,}", "sk-ant-"),
    _shape(
        "an OpenAI key",
        _GLUED + r"(?:sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{16,}|sess-[A-Za-z0-9]{24,})",
        *("sk-", "sess-"),
    ),
    # OpenAI, Stripe, Groq, xAI, Tavily, Perplexity, Cerebras, OpenRouter.
    _shape(
        "an API key",
        _START + r"(?:sk|rk|gsk|csk|xai|tvly|pplx)[-_](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{16,}",
        *("sk-", "sk_", "rk_", "rk-", "xai-", "tvly-", "pplx-"),
    ),
    # Replicate, NVIDIA, Pinecone, LangSmith, DigitalOcean, Jina, webhooks, Shopify, Atlassian.
    _shape(
        "an API key",
        _START
        + r"(?:r8_|nvapi-|pcsk_|lsv2_(?:pt|sk)_|dop_v1_|jina_|whsec_|shpat_|ATATT3x)"
        + _HAS_DIGIT
        + r"[A-Za-z0-9_=-]{24,}",
        *("r8_", "nvapi-", "pcsk_", "lsv2_", "dop_v1_", "jina_", "whsec_", "shpat_", "atatt3x"),
    ),
    _shape(
        "an AWS access key id",
        _START + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}" + _END,
        *("akia", "asia", "abia", "acca"),
    ),
    _shape("a Google API key", _START + r"AIza[A-Za-z0-9_-]{35}", "aiza"),
    _shape("a Google token", _START + r"(?:ya29\.|GOCSPX-)[A-Za-z0-9_.-]{20,}", "ya29.", "gocspx-"),
    _shape(
        "a GitHub token",
        _GLUED + r"(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
        *("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_"),
    ),
    _shape(
        "a GitLab token",
        _START + r"gl(?:pat|dt|rt|cbt|ptt|soat|agent|ft|imt|oas)-[A-Za-z0-9_.-]{20,}",
        *("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-", "glagent-"),
        *("glft-", "glimt-", "gloas-"),
    ),
    _shape("a Hugging Face token", _START + r"(?:hf|api_org)_[A-Za-z0-9]{30,}", "hf_", "api_org_"),
    _shape("an npm token", _START + r"npm_[A-Za-z0-9]{36,}", "npm_"),
    _shape("a PyPI token", _START + r"pypi-[A-Za-z0-9_-]{50,}", "pypi-"),
    _shape("a SendGrid key", _START + r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", "sg."),
    _shape(
        "a Slack token",
        _START + r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10,}",
        *("xox", "xapp-"),
    ),
    _shape(
        "a Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/]{20,})",
        "hooks.slack.com",
    ),
    _shape(
        "a JSON web token",
        _START + r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}\.[A-Za-z0-9_-]{4,}",
        "eyj",
    ),
)

_PEM = r"PRIVATE KEY(?: BLOCK)?-----"
_OTHERS: tuple[Shape, ...] = (
    # A cut-off block too: its lines of base64, as they are or with their ends escaped.
    _loose(
        "a private key",
        rf"-----BEGIN [A-Z0-9 ]{{0,40}}{_PEM}(?:[\s\S]{{0,16384}}?-----END [A-Z0-9 ]{{0,40}}{_PEM}"
        r"|(?:(?:\\+[rn]|\s|\\+u000[ad]|%0[ADad]|Proc-Type:[^\\\n]*|DEK-Info:[^\\\n]*)*"
        r"[A-Za-z0-9+/=]{16,}+)+(?:(?:\\+[rn]|[\r\n]){1,4}[A-Za-z0-9+/=]{1,76}(?=\Z|[\"'\\]))?)",
        "private key",
    ),
    _assigned(
        "an AWS secret key",
        r"(?i:secret[-_]?access[-_]?key|aws[-_]?secret(?:[-_]?key)?|session[-_]?token)"
        r"[\"'\\\s:=]{1,8}(?P<secret>[A-Za-z0-9/+]{40,}={0,2})",
        *("key", "token", "secret"),
    ),
    _shape(
        "an AWS signature",
        _WORD + r"(?i:signature)=(?P<secret>[0-9a-f]{64})(?![0-9a-f])",
        "signature=",
    ),
    _shape(
        "an AWS credential",
        r"AWS4-[A-Z0-9-]{6,24}\s{1,4}Credential=(?P<secret>[^\s,\"'\\\[]{8,})",
        "credential=",
    ),
    _loose(
        "an authorization header",
        _WORD
        + r"(?i:bearer)(?:\s|\\+[nt]|\+|%20){1,8}(?P<secret>"
        + _HAS_DIGIT
        + r"[\w.~+/=-]{16,})",
        "bearer",
    ),
    Shape(
        "a user name and password in base64",
        re.compile(_WORD + r"(?i:basic)(?:\s|\+|%20){1,8}(?P<secret>[A-Za-z0-9+/]{8,}={0,2})"),
        ("basic",),
        accept=_is_basic,
    ),
    # A long random word beside a name for a key: Azure's 32 or 84 characters among them.
    _assigned(
        "a key beside its name",
        rf"(?i:{_KEY_NAME})[0-9]?{_ASSIGNED}(?P<secret>{_HAS_DIGIT}[A-Za-z0-9_+/-]{{32,}}={{0,2}})",
        *("key", "token", "secret", "password", "authorization"),
    ),
    _assigned(
        "a key beside its name",
        _WORD
        + r"[A-Z][A-Z0-9_]{0,60}_(?:KEY|TOKEN|SECRET)"
        + _ASSIGNED
        + r"(?P<secret>"
        + _HAS_DIGIT
        +
        # Letters as well, or it is a number.
        r"(?=[^A-Za-z\s]*[A-Za-z])[A-Za-z0-9_+/=.~-]{20,}+)(?![(\[])",
        *("key", "token", "secret"),
    ),
    _assigned(
        "a password",
        _WORD + r"[A-Z0-9_]{0,60}(?:PASSWORD|PASSWD|PGPASS)\s?=\s?[\"'\\]{0,6}"
        r"(?P<secret>(?![${<\[])[^\s\"'\\,;(){}<>\[\]&]{6,}+)(?![(\[{])",
        *("password", "passwd", "pgpass"),
    ),
    # Connection strings. In those of known servers, the password may hold a slash or an "@".
    _loose(
        "a password in a URL", r"://[^\s/:@\"'<>\\]*:(?P<secret>[^\s/\"'<>\\]+)@(?=[^\s@])", "://"
    ),
    _loose(
        "a password in a URL",
        _WORD
        + rf"(?i:{_SERVERS})://[^\s/:@\"'<>\\]*:(?P<secret>[^\s\"'<>\\]{{1,200}})@(?=[A-Za-z0-9\[])",
        "://",
    ),
    _shape(
        "an Azure account key",
        r"(?i:AccountKey|SharedAccessKey|SharedAccessSignature)=(?P<secret>[^;\s\"'\\]{8,})",
        *("accountkey=", "sharedaccesskey=", "sharedaccesssignature="),
    ),
    _loose(
        "a password in a connection string",
        r"(?i:;\s{0,4}(?:password|pwd))\s{0,4}=\s{0,4}(?P<secret>[^;\s\"'\\]+)",
        *("password", "pwd"),
    ),
    _loose(
        "a password in a connection string",
        _WORD + r"(?i:password|pwd)=(?P<secret>[^;\s\"'()\\]{4,})"
        r"(?=;\s{0,4}[A-Za-z][A-Za-z ]{0,40}=)",
        *("password=", "pwd="),
    ),
    _shape(
        "a key in a URL",
        r"(?:[?&]|&amp;|\\u0026|\\u003[fF])" + _KEYED + r"=(?P<secret>[^&\s\"'#<>\\]{8,})",
        *("key=", "token=", "sig=", "signature=", "password=", "client_secret=", "credential="),
    ),
)

# Names of JSON fields whose text is a secret whatever it looks like. Not "token":
# log probabilities use it for ordinary words.
FIELDS = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "authorization",
        "client_secret",
        "id_token",
        "passwd",
        "password",
        "private_key",
        "private_key_id",
        "proxy-authorization",
        "refresh_token",
        "secret_access_key",
        "secret_key",
        "secretaccesskey",
        "session_token",
        "sessiontoken",
        "x-api-key",
        "x-goog-api-key",
    }
)


def field_shape(names: Iterable[str]) -> Shape:
    r"""The text of JSON members with these names, in JSON that stands in a text.

    The quotes may be escaped, any number of times, as they are in JSON inside JSON.

    Args:
        names: Names in lower case.
    """
    known = sorted(names, key=len, reverse=True)
    listed = "|".join(map(re.escape, known))
    pattern = (
        rf"(?<!\\)(?P<q>\\*)\"(?i:{listed})(?P=q)\"\s{{0,8}}:\s{{0,8}}(?P=q)\""
        r"(?P<secret>(?:[^\"\\]|\\++(?!\")|(?!(?P=q)\")\\++\"){8,}+)(?=(?P=q)\")"
    )
    hints = (
        () if all(name.removesuffix("_id").endswith(tuple(TRIGGERS)) for name in known) else known
    )
    words = () if hints else tuple(TRIGGERS)
    return Shape("the value of a secret field", re.compile(pattern), tuple(hints), words=words)


SHAPES: tuple[Shape, ...] = (*_PREFIXED, *_OTHERS, field_shape(FIELDS))


def is_keyed(name: str) -> bool:
    """Whether the value of a URL's parameter is a secret."""
    return bool(_KEYED_ALONE.fullmatch(name))


_VARIABLE_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(?:^|_)(?:PWD|PASS|DSN|AUTH)(?:_|$)"
    r"|CONN(?:ECTION)?_?STR|SIGNATURE",
    re.IGNORECASE,
)
# The working folders of every shell, and what says where to ask for a key.
_HARMLESS_VARIABLES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})


def is_secret_variable(name: str) -> bool:
    """Whether the name of an environment variable says that its value is a secret."""
    return name.upper() not in _HARMLESS_VARIABLES and bool(_VARIABLE_NAME.search(name))
