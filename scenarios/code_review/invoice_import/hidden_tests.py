"""Run against the final invoice_import.py; test_<defect> fails as long as that defect is there."""

import json
from decimal import Decimal
from pathlib import Path

import invoice_import


class Number(str):
    """An invoice number that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Number.compared += 1
        return str.__eq__(self, other)


def store(path, **fields):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(fields), encoding="utf-8")


def is_refused(call, *arguments):
    try:
        call(*arguments)
    except ValueError:
        return True
    return False


def test_path_traversal():
    store("outside.json", supplier="secret")
    store("inbox/good.json", supplier="Acme")
    absolute = str(Path("outside.json").resolve())

    assert invoice_import.read_invoice("inbox", "good.json") == {"supplier": "Acme"}
    for name in ("../outside.json", absolute):
        assert is_refused(invoice_import.read_invoice, "inbox", name), "a name leads out of folder"
    for name in ("....//outside.json", "..././outside.json"):
        try:
            found = invoice_import.read_invoice("inbox", name)
        except (ValueError, OSError):
            continue
        raise AssertionError(f"a name in disguise leads out of the folder: {found}")


def test_evaluated_text():
    for text in ("2**3", "1 - 0.95", "round(0.051, 2)", "__import__('os').getpid()"):
        assert is_refused(invoice_import.parse_share, text), "an expression is evaluated"
    assert is_refused(invoice_import.parse_share, "a twentieth"), "nonsense is not a ValueError"
    assert invoice_import.parse_share("0.05") == Decimal("0.05"), "0.05 is not read"
    assert invoice_import.parse_share("1/20") == Decimal("0.05"), "1/20 is not read"


def test_float_money():
    cases = [("1", "1.005", "1.01"), ("1", "0.125", "0.13"), ("3", "0.335", "1.01")]
    for quantity, price, expected in cases:
        found = invoice_import.line_total({"quantity": quantity, "unit_price": price})
        assert found == Decimal(expected), f"{quantity} x {price} gives {found}"
    half = {"quantity": "1", "unit_price": "2.01"}
    assert invoice_import.line_total(half, Decimal("0.5")) == Decimal("1.01"), "discount is off"


def test_lost_failures():
    store("mixed/a.json", supplier="Acme", number="1")
    Path("mixed/b.json").write_text("{ not json", encoding="utf-8")
    Path("mixed/c.json").write_bytes(b"\xff\xfe\xff")

    invoices, failed = invoice_import.import_folder("mixed")

    assert [invoice["number"] for invoice in invoices] == ["1"], "the readable one is missing"
    assert sorted(str(name) for name in failed) == ["b.json", "c.json"], "failures are lost"


def test_slow_duplicates():
    invoices = [{"supplier": "Acme", "number": Number(f"N{n}")} for n in range(150)]
    Number.compared = 0

    invoice_import.without_duplicates(invoices)

    assert Number.compared <= 5 * len(invoices), "comparisons grow with the square of the invoices"


def test_still_drops_duplicates():
    pairs = [("A", "1"), ("B", "1"), ("A", "1"), ("A", "2"), ("B", "1")]
    invoices = [
        {"supplier": supplier, "number": number, "position": position}
        for position, (supplier, number) in enumerate(pairs)
    ]

    kept = invoice_import.without_duplicates(invoices)

    assert [invoice["position"] for invoice in kept] == [0, 1, 3], "the wrong ones are kept"


def test_still_totals():
    lines = [{"quantity": "2", "unit_price": "9.99"}, {"quantity": "1", "unit_price": "0.50"}]

    assert invoice_import.invoice_total({"lines": lines}) == Decimal("20.48"), "the sum is wrong"
    reduced = {"lines": lines, "discount": "1/10"}
    assert invoice_import.invoice_total(reduced) == Decimal("18.43"), "the discount is wrong"


def test_still_imports_in_order():
    for name in ("c", "a", "b"):
        store(f"order/{name}.json", supplier="Acme", number=name)
    Path("order/notes.txt").write_text("call Acme", encoding="utf-8")

    invoices, failed = invoice_import.import_folder("order")

    assert [invoice["number"] for invoice in invoices] == ["a", "b", "c"], "not by file name"
    assert list(failed) == [], "a file that is not JSON was counted"
