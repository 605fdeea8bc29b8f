r"""Secrets that nothing but the name they are assigned to gives away, in text and in code.

``MY_API_KEY=...``, ``export DB_PASS='...'``, ``password: ...``, ``api_key = "..."``. Such a
value is short and looks like any word, so ordinary code must be told from it:
``api_key=os.environ["X"]``, ``password = input()``, ``token=token``.
"""

from __future__ import annotations

import re

from harness.cassettes.secret_shapes import Shape

_WORDS = ("key", "token", "secret", "password", "passwd", "passphrase", "pass", "pwd", "credential")

# Names in capitals, as of variables of the environment. What databases and tokenizers call
# a key or a token is none.
_HARMLESS = (
    r"(?:(?:PRIMARY|FOREIGN|SORT|CACHE|PARTITION|GROUP|UNIQUE|PUBLIC|ROW|OBJECT|INDEX|LOOKUP|JOIN"
    r"|HASH|MAP|DICT|RANGE|COMPOSITE|IDEMPOTENCY|CONFIG|STATE|DATA|FEATURE|METRIC|MODEL|ITEM"
    r"|METADATA|CONTEXT|DEPENDENCY|VARIABLE)_KEY"
    r"|(?:EOS|BOS|PAD|CLS|SEP|UNK|MASK|STOP|END|START|SPECIAL|NEXT|LAST|FIRST|IMAGE)_TOKEN)"
)
_CAPITALS = (
    r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt]))"
    rf"(?!(?:[A-Z0-9_]{{0,40}}_)?{_HARMLESS}(?![A-Z0-9_]))"
    r"[A-Z][A-Z0-9_]{0,60}_(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|CREDENTIALS?)"
)
# Any other name must say more than "key" or "token", which mean other things in most code.
_CORE = (
    r"(?:(?:api|access|secret|private|auth|client|account|subscription|encryption|signing|master"
    r"|service|license|openai|anthropic|azure|aws|github|gitlab|slack|stripe)[-_ ]?"
    r"(?:key|token|secret)|(?:refresh|session|bearer|id)[-_]token|password|passwd|passphrase)"
)
_CAMEL = r"(?:ApiKey|AccessKey|SecretKey|PrivateKey|AccessToken|AuthToken|ClientSecret|Password)"
_NAME = (
    rf"(?:{_CAPITALS}|(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?i:{_CORE})|(?<=[a-z]){_CAMEL})"
    r"[0-9]?(?![A-Za-z0-9_])"
)
# With a type between name and value, as in `password: str = "..."`, or none.
_ASSIGNED = (
    r"\\{0,3}[\"']?\]?[ \t]{0,4}(?::[ \t]?[A-Za-z_][A-Za-z0-9_.]{0,20}[ \t]?=(?!=)|:=|={1,3}|:"
    r"|\bis\b)[ \t]{0,4}"
)
_QUOTED = (
    rf"{_NAME}{_ASSIGNED}[bru]?(?P<quote>\\{{0,3}}[\"'])"
    r"(?P<secret>[^\"'\\\s]{6,200}+)(?P=quote)"
)
# A full stop behind it belongs to the sentence, and a bracket shows that it is an expression.
_END = r"\s\"'\\,;(){}<>\[\]&|`"
_BARE = (
    rf"{_NAME}{_ASSIGNED}(?P<secret>[^{_END}]{{5,200}}[^{_END}.:])"
    rf"(?=[.:]*+(?:[{_END}]|\Z))(?![.:]*+[(\[{{])"
)

_LETTER_AND_DIGIT = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])", re.DOTALL)
_REFERENCE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|\w*(?i:key|token|secret|pass)\w*"
    r"|(?:bytes|u?int|float|str)[0-9]+"
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# Templates, variables, addresses, files.
_NO_VALUE = re.compile(r"[${<%~/.]|[a-z]{2,8}://|[A-Za-z]:[\\/]")


def _is_value(word: str) -> bool:
    """Whether a quoted word may be a secret: one with a letter and a digit, no template."""
    return bool(_LETTER_AND_DIGIT.match(word)) and not _NO_VALUE.match(word) and "{" not in word


def _is_bare_value(word: str) -> bool:
    """Whether a word without quotes is one, and no name of something else in a program."""
    if not _is_value(word) or _REFERENCE.fullmatch(word):
        return False
    # A name such as `response1` has one digit, hardly ever two.
    return not _IDENTIFIER.fullmatch(word) or sum(map(str.isdigit, word)) > 1


ASSIGNMENTS: tuple[Shape, ...] = (
    Shape(
        "a value beside the name of a secret", re.compile(_QUOTED), words=_WORDS, accept=_is_value
    ),
    Shape(
        "a value beside the name of a secret",
        re.compile(_BARE),
        words=_WORDS,
        accept=_is_bare_value,
    ),
)
