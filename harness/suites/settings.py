"""How a suite reaches its provider and what the provider's models cost."""

from __future__ import annotations

import re

from harness.model.scenario import Price, SecretRules
from harness.suites.document import Invalid, Value
from harness.suites.reading import (
    Reader,
    Section,
    list_of,
    number,
    one_of,
    optional,
    text,
    with_example,
)

_PRICE = number(0)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def price(value: Value) -> Price:
    """Prices of one model, in US dollars per million tokens."""
    return _PRICES_OF_ONE(value)


def _prices_of_one(value: Value) -> Price:
    section = Section(value, Price.__struct_fields__)
    return Price(
        prompt=section.require("prompt", _PRICE, 0.0),
        completion=section.require("completion", _PRICE, 0.0),
        cached=section.get("cached", optional(_PRICE), None),
    )


def provider_settings(value: Value) -> dict[str, str]:
    """The settings that are given, all of them text."""
    section = Section(value, [*_SETTINGS, "api_key"])
    if section.has("api_key"):
        section.report(
            "a key does not belong in a file; put it into an environment variable and name that "
            "variable under 'api_key_env'",
            "api_key",
        )
    found = {key: section.find(key, reader) for key, reader in _SETTINGS.items()}
    if found["api_type"] == "azure" and not section.has("api_version"):
        section.report("Azure needs an 'api_version', e.g. \"2024-10-21\"", "api_type")
    return {key: setting for key, setting in found.items() if setting is not None}


def secret_rules(value: Value) -> SecretRules:
    """What else must not be recorded."""
    return _SECRETS(value)


def _secret_rules(value: Value) -> SecretRules:
    section = Section(value, SecretRules.__struct_fields__)
    return SecretRules(
        patterns=section.get("patterns", list_of(_pattern), ()),
        variables=section.get("variables", list_of(_variable), ()),
        fields=section.get("fields", list_of(_field), ()),
    )


def _pattern(value: Value) -> str:
    from harness.cassettes.secret_rules import pattern_fault

    if not isinstance(value.content, str):
        raise Invalid(value, "expected a regular expression as text, in single quotes")
    if fault := pattern_fault(value.content):
        raise Invalid(value, fault)
    return value.content


def _field(value: Value) -> str:
    found = text(value)
    if found.lower() in _STRUCTURAL:
        raise Invalid(
            value,
            f"every conversation needs {found!r}, so its text cannot be removed; "
            "describe the secret in it under 'patterns'",
        )
    return found


def _url(value: Value) -> str:
    found = text(value)
    if not re.match(r"https?://[^\s/]+", found):
        raise Invalid(value, "expected a URL that begins with http:// or https://")
    return found


def _variable(value: Value) -> str:
    # What is written may be the key itself, so no message repeats it.
    if not isinstance(value.content, str) or not _VARIABLE.match(value.content):
        raise Invalid(value, "expected the name of an environment variable, e.g. OPENAI_API_KEY")
    return value.content


# JSON members without which a recorded conversation is none.
_STRUCTURAL = frozenset(
    {"arguments", "content", "id", "input", "messages", "model", "name", "object", "role", "text"}
    | {"type"}
)
_SECRETS = with_example(_secret_rules, "{patterns: ['emp-[0-9]{6}'], variables: [MY_PIN]}")
_PRICES_OF_ONE = with_example(_prices_of_one, "{prompt: 0.5, completion: 1.5}")
_SETTINGS: dict[str, Reader[str]] = {
    "base_url": _url,
    "api_key_env": _variable,
    "api_type": one_of("api_type", ("openai", "azure")),
    "api_version": text,
}
