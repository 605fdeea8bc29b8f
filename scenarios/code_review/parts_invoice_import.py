"""Written parts for the scenario invoice_import."""

from __future__ import annotations

from harness.suites import sibling

parts = sibling(__file__, "parts")
Change, Defect, Mistake, Parts = parts.Change, parts.Defect, parts.Mistake, parts.Parts

PATH = "    path = Path(folder) / name\n"
PATH_RESOLVED = """\
    path = (Path(folder) / name).resolve()
    if not path.is_relative_to(Path(folder).resolve()):
        raise ValueError(f"{name!r} leads out of the folder")
"""
PATH_BARE_NAME = """\
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name")
    path = Path(folder) / name
"""
PATH_REPLACED = '    path = Path(folder) / name.replace("../", "")\n'

traversal = Defect(
    name="path_traversal",
    kind="security",
    where="read_invoice",
    severity="high",
    subtlety=0.05,
    planted=PATH,
    findings=(
        "path traversal: a name such as ../../etc/passwd or an absolute path is opened as it is",
        "the uploaded name can leave the folder with ../; resolve it and refuse anything outside",
        "name is joined without a check, so it can lead out of the folder, against the docstring",
    ),
    fixes=(
        Change(
            "read_invoice resolves the path and refuses what is outside", ((PATH, PATH_RESOLVED),)
        ),
        Change("read_invoice accepts plain file names only", ((PATH, PATH_BARE_NAME),)),
    ),
    half_fix=Change("read_invoice removes ../ from the name", ((PATH, PATH_REPLACED),)),
    half_findings=(
        "removing ../ once is not enough: ....// turns into ../ again and absolute paths still "
        "leave the folder",
    ),
    probe="""\
for name in ("../outside.json", "/outside.json"):
    try:
        read_invoice("probe", name)
    except ValueError:
        continue
    raise AssertionError("a name leads out of the folder")
""",
)

EVAL = "    return Decimal(str(eval(text)))\n"
SHARE_PARTS = """\
    top, _, bottom = text.partition("/")
    try:
        return Decimal(top) / Decimal(bottom or "1")
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a share") from None
"""
SHARE_PATTERN = """\
    match = re.fullmatch(r"(\\d+(?:\\.\\d+)?)(?:/([1-9]\\d*))?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a share")
    return Decimal(match[1]) / Decimal(match[2] or "1")
"""
EVAL_CAGED = """\
    return Decimal(str(eval(text, {"__builtins__": {}})))
"""

evaluated = Defect(
    name="evaluated_text",
    kind="security",
    where="parse_share",
    severity="high",
    subtlety=0.0,
    planted=EVAL,
    findings=(
        "eval on text from a supplier runs any code it contains; parse the two forms by hand",
        "arbitrary code execution through eval(text)",
        "eval() of uploaded data: a discount of __import__('os').system(...) would be run",
    ),
    fixes=(
        Change("parse_share splits at the slash and divides Decimals", ((EVAL, SHARE_PARTS),)),
        Change(
            "parse_share matches the two forms with a pattern",
            ((EVAL, SHARE_PATTERN), ("import json\n", "import json\nimport re\n")),
        ),
    ),
    half_fix=Change("parse_share evaluates without builtins", ((EVAL, EVAL_CAGED),)),
    half_findings=(
        "eval without builtins still runs expressions, and attributes lead back to everything",
    ),
    probe="""\
assert parse_share("1/20") == Decimal("0.05")
try:
    parse_share("len('abc')")
except ValueError:
    return
raise AssertionError("an expression is evaluated")
""",
)

MONEY = """\
    amount = float(line["quantity"]) * float(line["unit_price"]) * (1 - float(discount))
    return Decimal(str(round(amount, 2)))
"""
MONEY_CONSTANT = """\
    amount = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (1 - discount)
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
"""
MONEY_WORD = """\
    gross = Decimal(line["quantity"]) * Decimal(line["unit_price"])
    return (gross - gross * discount).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
"""
MONEY_EVEN = """\
    amount = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (1 - discount)
    return round(amount, 2)
"""
DECIMAL = "from decimal import Decimal\n"

money = Defect(
    name="float_money",
    kind="correctness",
    where="line_total",
    severity="high",
    subtlety=0.3,
    planted=MONEY,
    findings=(
        "money goes through float, so 1.005 becomes 1.00 instead of 1.01; stay in Decimal",
        "binary floats lose cents and round() rounds half to even, not half up",
        "amounts are converted to float; use Decimal with ROUND_HALF_UP",
    ),
    fixes=(
        Change(
            "line_total stays in Decimal and rounds half up",
            ((MONEY, MONEY_CONSTANT), (DECIMAL, "from decimal import ROUND_HALF_UP, Decimal\n")),
        ),
        Change("line_total computes in Decimal and quantizes half up", ((MONEY, MONEY_WORD),)),
    ),
    half_fix=Change("line_total multiplies Decimals", ((MONEY, MONEY_EVEN),)),
    half_findings=(
        "Decimal is right now, but round() rounds half to even: 0.125 gives 0.12; the docstring "
        "says half up",
    ),
    probe="""\
assert line_total({"quantity": "1", "unit_price": "1.005"}) == Decimal("1.01")
""",
)

SWALLOWED = """\
        except Exception:
            pass
"""
REPORTED = """\
        except (OSError, ValueError):
            failed.append(path.name)
"""
REPORTED_ALL = """\
        except Exception:
            failed.append(path.name)
"""
PRINTED = """\
        except (OSError, ValueError) as error:
            print(f"skipped {path.name}: {type(error).__name__}")
"""

swallowed = Defect(
    name="lost_failures",
    kind="correctness",
    where="import_folder",
    severity="high",
    subtlety=0.25,
    planted=SWALLOWED,
    findings=(
        "except Exception: pass swallows every error and failed stays empty for ever",
        "broken files vanish silently; their names belong into failed",
        "errors are swallowed, so nobody learns that an invoice was not imported",
    ),
    fixes=(
        Change("import_folder lists unreadable files in failed", ((SWALLOWED, REPORTED),)),
        Change("import_folder adds every file that fails to failed", ((SWALLOWED, REPORTED_ALL),)),
    ),
    half_fix=Change("import_folder prints which files it skips", ((SWALLOWED, PRINTED),)),
    half_findings=("the name is printed but failed is still always empty",),
    probe="""\
Path("probe").mkdir(exist_ok=True)
Path("probe/broken.json").write_text("{", encoding="utf-8")
assert import_folder("probe") == ([], ["broken.json"])
""",
)

TWICE = """\
    kept = []
    for invoice in invoices:
        key = (invoice["supplier"], invoice["number"])
        if not any((other["supplier"], other["number"]) == key for other in kept):
            kept.append(invoice)
    return kept
"""
TWICE_SEEN = """\
    kept, seen = [], set()
    for invoice in invoices:
        key = (invoice["supplier"], invoice["number"])
        if key not in seen:
            seen.add(key)
            kept.append(invoice)
    return kept
"""
TWICE_DICT = """\
    first = {}
    for invoice in invoices:
        first.setdefault((invoice["supplier"], invoice["number"]), invoice)
    return list(first.values())
"""
TWICE_LIST = """\
    kept, keys = [], []
    for invoice in invoices:
        key = (invoice["supplier"], invoice["number"])
        if key not in keys:
            keys.append(key)
            kept.append(invoice)
    return kept
"""

twice = Defect(
    name="slow_duplicates",
    kind="performance",
    where="without_duplicates",
    severity="medium",
    subtlety=0.25,
    planted=TWICE,
    findings=(
        "quadratic: every invoice is compared with all kept ones; keep the keys in a set",
        "O(n^2), with a year of invoices the any(...) scan takes minutes",
        "the inner scan over kept makes this slow for many invoices; a set of keys does it in "
        "one pass",
    ),
    fixes=(
        Change("without_duplicates remembers keys in a set", ((TWICE, TWICE_SEEN),)),
        Change(
            "without_duplicates keeps the first invoice per key in a dict", ((TWICE, TWICE_DICT),)
        ),
    ),
    half_fix=Change("without_duplicates builds every key only once", ((TWICE, TWICE_LIST),)),
    half_findings=("keys is a list, so the look-up is still a scan: quadratic; make it a set",),
    probe="""\
bills = [{"supplier": "A", "number": number} for number in ("1", "2", "1")]
assert without_duplicates(bills) == bills[:2]
""",
)

mistakes = (
    Mistake(
        where="read_invoice",
        severity="low",
        what="the encoding argument must not be given, JSON files carry their own",
        refusal="JSON has no field for its encoding, UTF-8 is right in read_invoice",
    ),
    Mistake(
        where="import_folder",
        severity="medium",
        what="sorted and glob read the folder twice; iterdir is enough",
        refusal="import_folder promises the order of names and JSON files only",
        change=Change(
            "import_folder walks the folder once with iterdir",
            (('sorted(Path(folder).glob("*.json"))', "Path(folder).iterdir()"),),
        ),
    ),
    Mistake(
        where="invoice_total",
        severity="medium",
        what="sum starts at Decimal(0), which fails as soon as a line is a Decimal too",
        refusal="sum needs Decimal(0) as its start so that an empty invoice is a Decimal",
    ),
    Mistake(
        where="line_total",
        severity="low",
        what="the default Decimal(0) is shared between calls and may be changed by one of them",
        refusal="a Decimal cannot be changed, so it is a safe default",
    ),
)

PARTS = Parts(
    module="invoice_import.py",
    defects=(traversal, evaluated, money, twice, swallowed),
    mistakes=mistakes,
    check_setup="""\
from decimal import Decimal
from pathlib import Path

from invoice_import import (
    import_folder,
    line_total,
    parse_share,
    read_invoice,
    without_duplicates,
)
""",
    forgotten=("from pathlib import Path\n\n", ""),
)
