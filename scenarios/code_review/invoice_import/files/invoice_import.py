"""Import the invoices that suppliers upload as JSON files."""

import json
from decimal import Decimal
from pathlib import Path


def read_invoice(folder, name):
    """Return the invoice that is stored in folder under a file name.

    The name comes from an upload form; one that leads out of folder is a ValueError.
    """
    path = Path(folder) / name
    with path.open(encoding="utf-8") as handle:
        return json.load(handle)


def parse_share(text):
    """Return a share such as "0.05" or "1/20" as a Decimal; anything else is a ValueError."""
    return Decimal(str(eval(text)))


def line_total(line, discount=Decimal(0)):
    """Return the price of a line less discount, rounded half up to cents, as a Decimal.

    Quantity and unit price are decimal strings such as "3" and "0.335".
    """
    amount = float(line["quantity"]) * float(line["unit_price"]) * (1 - float(discount))
    return Decimal(str(round(amount, 2)))


def invoice_total(invoice):
    """Return the sum of the line totals; "discount" is a share and may be missing."""
    discount = parse_share(invoice.get("discount", "0"))
    return sum((line_total(line, discount) for line in invoice["lines"]), Decimal(0))


def without_duplicates(invoices):
    """Keep the first invoice of every supplier and number."""
    kept = []
    for invoice in invoices:
        key = (invoice["supplier"], invoice["number"])
        if not any((other["supplier"], other["number"]) == key for other in kept):
            kept.append(invoice)
    return kept


def import_folder(folder):
    """Return the invoices of all JSON files, by name, and the names that could not be read."""
    invoices, failed = [], []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            invoices.append(read_invoice(folder, path.name))
        except Exception:
            pass
    return without_duplicates(invoices), failed
