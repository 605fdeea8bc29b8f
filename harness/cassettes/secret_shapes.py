"""What secrets look like. Each shape is anchored so that base64 payloads stay whole.

A group named ``secret`` narrows a match to the part that is replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A key never starts inside a longer word. "/" and "+" do not count as part of
# one: they occur in standard base64, which has no "-" or "_", and every shape
# that could start inside base64 needs one of those or a fixed capital prefix.
_START = r"(?<![A-Za-z0-9_-])"
_END = r"(?![A-Za-z0-9_-])"
_HAS_DIGIT = r"(?=[A-Za-z0-9_+/=.~-]*[0-9])"

_KEY_NAME = (
    r"(?:api|subscription|access|account|secret|private|auth|client|ocp[-_ ]apim[-_ ]subscription)"
    r"[-_ ]?(?:key|token|secret)|apikey|password|authorization"
)


@dataclass(frozen=True)
class Shape:
    """One kind of secret.

    Attributes:
        pattern: The shape.
        hints: Lower-case texts of which one must occur, for there to be a match at all;
            looking for them is far cheaper than the pattern. Without hints it is a long
            word, as `LONG_WORD` finds them, that has to be near.
    """

    pattern: re.Pattern[str]
    hints: tuple[str, ...]


# Found fast, and rare in prose. What is secret in a shape without hints is one of them.
LONG_WORD = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
# How far before a long word the shape that makes it a secret may begin.
REACH = 80


def _shape(pattern: str, *hints: str) -> Shape:
    return Shape(re.compile(pattern), hints)


SHAPES: tuple[Shape, ...] = (
    # OpenAI, Anthropic, Stripe, Groq, xAI, Tavily, Perplexity, OpenRouter.
    _shape(
        _START + r"(?:sk|rk|gsk|xai|tvly|pplx)[-_](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{16,}",
    ),
    # AWS: access key ids, and the secret key next to its name.
    _shape(_START + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}" + _END, "akia", "asia", "abia", "acca"),
    _shape(
        r"(?i:secret[-_]?access[-_]?key|aws[-_]?secret(?:[-_]?key)?|session[-_]?token)"
        r"[\"'\\\s:=]{1,8}(?P<secret>[A-Za-z0-9/+]{40,}={0,2})",
    ),
    # Google: API keys, OAuth access tokens and client secrets.
    _shape(_START + r"AIza[A-Za-z0-9_-]{35}", "aiza"),
    _shape(_START + r"(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,}", "ya29.", "gocspx-"),
    # GitHub, GitLab, Hugging Face, npm, PyPI, SendGrid.
    _shape(
        _START + r"(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
        *("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_"),
    ),
    _shape(_START + r"glpat-[A-Za-z0-9_-]{20,}", "glpat-"),
    _shape(
        _START + r"(?:hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36,}|pypi-[A-Za-z0-9_-]{50,})",
        *("hf_", "npm_", "pypi-"),
    ),
    _shape(_START + r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    # Slack.
    _shape(_START + r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}", "xox", "xapp-"),
    _shape(r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})", "hooks.slack.com"),
    # JSON web tokens and PEM private keys, cut-off ones too.
    _shape(_START + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}", "eyj"),
    _shape(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        "private key-----",
    ),
    # Authorization headers quoted in a text.
    _shape(r"(?i:\b(?:bearer|basic))\s{1,8}(?P<secret>" + _HAS_DIGIT + r"[A-Za-z0-9._~+/=-]{16,})"),
    # A long random word beside a name for a key: Azure's 32 hexadecimal digits among them.
    _shape(
        r"(?i:" + _KEY_NAME + r")[\"'\\]{0,2}\s{0,8}(?:[:=]|\bis\b)\s{0,8}[\"'\\]{0,2}"
        r"(?P<secret>" + _HAS_DIGIT + r"[A-Za-z0-9_+/-]{32,}={0,2})",
    ),
    # Connection strings.
    _shape(r"://[^\s/:@\"'<>]*:(?P<secret>[^\s/@\"'<>]+)@", "@"),
    _shape(
        r"(?i:AccountKey|SharedAccessKey|SharedAccessSignature)=(?P<secret>[^;\s\"']{8,})",
        *("accountkey=", "sharedaccesskey=", "sharedaccesssignature="),
    ),
    _shape(
        r"(?i:;\s{0,4}(?:password|pwd))\s{0,4}=\s{0,4}(?P<secret>[^;\s\"']+)", "password", "pwd"
    ),
    _shape(
        r"(?i:\b(?:password|pwd))=(?P<secret>[^;\s\"'()]{4,})(?=;\s{0,4}[A-Za-z][A-Za-z ]{0,40}=)",
        *("password=", "pwd="),
    ),
    # Signed and keyed URLs.
    _shape(
        r"[?&](?i:(?:x-goog-)?(?:api[-_]?)?key|(?:access_|auth_)?token|sig|signature|password"
        r"|client_secret|x-amz-(?:signature|credential|security-token)|x-goog-signature)"
        r"=(?P<secret>[^&\s\"'#<>\\]{8,})",
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
        "refresh_token",
        "secret_access_key",
        "secret_key",
        "session_token",
        "x-api-key",
    }
)

VARIABLE_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
