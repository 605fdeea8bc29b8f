from __future__ import annotations

import sys
import sysconfig

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandboxes.normalise import Place, normalise

PLACES = (
    Place("/tmp/run-1/workspace", "/workspace"),
    Place("/tmp/run-1/home", "/home"),
    Place("/tmp/run-1/tmp", "/tmp", has_random_names=True),
)
OTHER_PLACES = (
    Place("/private/var/folders/x9/ws", "/workspace"),
    Place("/Users/somebody/.cache/h", "/home"),
    Place("/scratch/t", "/tmp", has_random_names=True),
)
SITE_PACKAGES = sysconfig.get_paths()["purelib"]
STDLIB = sysconfig.get_paths()["stdlib"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/tmp/run-1/workspace", "/workspace"),
        ('File "/tmp/run-1/workspace/main.py", line 1', 'File "/workspace/main.py", line 1'),
        ("saved in /tmp/run-1/workspace.", "saved in /workspace."),
        ("file:///private/tmp/run-1/workspace/a", "file:///workspace/a"),
        ("-I/tmp/run-1/workspace/include", "-I/workspace/include"),
        ("/tmp/run-1/workspace2 /tmp/run-1/workspace.old", None),
        ("/tmp/run-1/home/.config", "/home/.config"),
        (
            "/tmp/run-1/tmp/tmpab12_xyz/a /tmp/run-1/tmp/tmpab12_xyz.csv",
            "/tmp/tmp…/a /tmp/tmp….csv",
        ),
        ("/tmp/run-1/tmp/tmp_code_123", "/tmp/tmp_code_123"),
        ("/tmp/tmpab12_xyz is not ours", None),
        (f"{SITE_PACKAGES}/pandas/core.py", "<python>/site-packages/pandas/core.py"),
        (f"{STDLIB}/json/decoder.py", "<python>/lib/json/decoder.py"),
        (sys.executable, "<python>/bin/python"),
        ("/usr/bin/env /usr/local/share", None),
        ("<object object at 0x7f12ab34cd56>", "<object object at 0x…>"),
        ("<A at 0x10A2B3C4D>, 0x55d0c0ffee00", "<A at 0x…>, 0x…"),
        ("crc 0xdeadbeef, mask 0xff, key 0x1122334455667788", None),
        ("Ran 3 tests in 0.013s", "Ran 3 tests in 0.000s"),
        ("Ran 1 test in 12.345s\n\nOK", "Ran 1 test in 0.000s\n\nOK"),
        ("I Ran 3 tests in 0.013s", None),
        ("2 failed, 1 passed in 0.12s", "2 failed, 1 passed in 0.00s"),
        ("3 passed in 71.20s (0:01:11)", "3 passed in 0.00s"),
        ("no tests ran in 0.01s", "no tests ran in 0.00s"),
        ("the lap took 3 laps in 0.12s", None),
        ("a\r\nb\rc\n", "a\nb\rc\n"),
        ("a\r\r\nb\r\r", "a\n\nb\r\r"),
        ("Matplotlib is building the font cache; this may take a moment.\nok", "ok"),
    ],
)
def test_only_what_differs_between_machines_is_replaced(text, expected):
    assert normalise(text, PLACES) == (text if expected is None else expected)


@pytest.mark.parametrize("seconds", ["0.12s", "9.99s", "10.00s", "75.31s (0:01:15)"])
def test_the_rule_of_signs_around_pytests_summary_does_not_betray_the_duration(seconds):
    title = f"1 failed, 2 passed in {seconds}"
    fill = "=" * ((80 - len(title) - 2) // 2)
    line = f"{fill} {title} {fill}".ljust(80, "=")

    assert normalise(line) == f"{'=' * 25} 1 failed, 2 passed in 0.00s {'=' * 26}"


PIECES = [
    "{0}", "{0}/main.py", "{1}/.cache", "{2}/x", "{2}/tmpq1w2e3r4", "/", "\n", "\r\n", "\r", " ",
    "at ", "0x7f0011223344", "0xff", "Ran 2 tests in 0.004s", "1 passed in 3.21s", "é…", ".", "x",
    "=", "Matplotlib is building the font cache; this may take a moment.\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_normalising_again_changes_nothing(pieces):
    text = "".join(pieces).format(*(place.path for place in PLACES))
    once = normalise(text, PLACES)

    assert normalise(once, PLACES) == once


@given(st.lists(st.sampled_from(PIECES)))
def test_the_same_output_from_two_machines_reads_the_same(pieces):
    # A name directly after a path is part of the path.
    template = " ".join(pieces)
    here = template.format(*(place.path for place in PLACES))
    there = template.format(*(place.path for place in OTHER_PLACES))

    assert normalise(here, PLACES) == normalise(there, OTHER_PLACES)


@given(st.text(alphabet=st.characters(exclude_characters="\r")), st.integers(0, 2**46))
def test_ordinary_text_and_small_numbers_are_left_alone(text, number):
    said = f"{text} {number} {number:.2f}s"

    assert normalise(said, PLACES) == said
    assert normalise(f"checksum 0x{number % 2**32:08x}", PLACES).endswith(f"{number % 2**32:08x}")


@given(st.text())
def test_no_text_is_too_odd(text):
    assert isinstance(normalise(text, PLACES), str)
