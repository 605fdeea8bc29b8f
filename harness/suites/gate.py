"""What a suite's results must reach: the key ``gate`` of suite.yaml."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.model.gate import Gate, Thresholds
from harness.suites.document import Invalid, Value
from harness.suites.reading import (
    Reader,
    Section,
    described,
    filled,
    mapping_of,
    number,
    one_of,
    positive,
    unknown,
    with_example,
)

_THRESHOLDS = ("success", "cost_usd", "turns")
_USUAL = {"at_least": 0.8, "at_most": 12, "margin": 0.1}
_EXAMPLE = "{success: {at_least: 0.8}, against_baseline: {success: {margin: 0.1}}}"


def gate(configs: Collection[str]) -> Reader[Gate]:
    """A reader of a suite's gate.

    Args:
        configs: Names of the suite's configs.
    """

    def read(value: Value) -> Gate:
        section = Section(value, [*_THRESHOLDS, "configs", "against_baseline", "on_inconclusive"])
        keys = (*_THRESHOLDS, "configs", "against_baseline")
        if not any(section.has(key) for key in keys):
            raise Invalid(value, "expected at least one threshold")
        on_inconclusive = section.get(
            "on_inconclusive", one_of("on_inconclusive", ("pass", "fail")), "pass"
        )
        return Gate(
            thresholds=_thresholds(section),
            configs=section.get("configs", _by_config(configs), {}),
            success_margin=section.find("against_baseline", _MARGIN),
            fails_inconclusive=on_inconclusive == "fail",
        )

    return with_example(read, _EXAMPLE)


def _by_config(names: Collection[str]) -> Reader[dict[str, Thresholds]]:
    def read(value: Value) -> dict[str, Thresholds]:
        found = mapping_of(_of_one)(value)
        # Without sound configs every name would be unknown: that fault is reported elsewhere.
        for name, item in value.content.items() if isinstance(value.content, Mapping) else ():
            if names and name not in names:
                Invalid(item, unknown("config", name, names)).report()
        return found

    return filled(with_example(read, "{careful: {success: {at_least: 0.9}}}"))


def _of_one(value: Value) -> Thresholds:
    section = Section(value, _THRESHOLDS)
    if not any(section.has(key) for key in _THRESHOLDS):
        raise Invalid(value, "expected at least one threshold")
    return _thresholds(section)


def _thresholds(section: Section) -> Thresholds:
    return Thresholds(
        success_at_least=section.find("success", _single("at_least", _share)),
        cost_usd_at_most=section.find("cost_usd", _single("at_most", number(0))),
        turns_at_most=section.find("turns", _single("at_most", number(0))),
    )


def _single(key: str, reader: Reader[float]) -> Reader[float]:
    """A mapping with one key, which must be there."""

    def read(value: Value) -> float:
        return Section(value, [key]).require(key, reader, 1.0)

    return with_example(read, f"{{{key}: {_USUAL[key]}}}")


def _share(value: Value) -> float:
    found = positive(value)
    if found > 1:
        hint = f"; for {found:g} % write {found / 100:g}" if found <= 100 else ""
        raise Invalid(
            value, f"{described(value)} is out of range; expected a share above 0 up to 1{hint}"
        )
    return found


def _margin(value: Value) -> float:
    section = Section(value, ["success"])
    return section.require("success", _single("margin", number(0, 1)), 1.0)


_MARGIN = with_example(_margin, "{success: {margin: 0.1}}")
