"""What a script draws and reads: the same on every machine, for every process."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ScriptError
from harness.provider.script import Call, text_of

CALL = Call(scenario="sum", model="scripted-1", temperature=0.2, system="Be brief.", epoch=3)
# U+1FAE8 is newer than Python 3.11's Unicode tables; a lone surrogate fits in no UTF-8.
NEWEST = "Ünïcode \U0001fae8 \U0001fae8 \ud800"
TEXTS = st.text(st.characters(), max_size=40)  # lone surrogates included: JSON can carry them


@given(label=TEXTS, system=TEXTS, temperature=st.floats(0, 2), epoch=st.integers(1, 99))
def test_a_draw_lies_from_zero_to_below_one(label, system, temperature, epoch):
    call = replace(CALL, system=system, temperature=temperature, epoch=epoch)

    assert 0.0 <= call.draw(label) < 1.0


# Written down once: a change of any of them would silently change every recorded conversation.
@pytest.mark.parametrize(
    ("changes", "label", "number"),
    [
        pytest.param({}, "x", 0.21869288135098242, id="plain"),
        pytest.param({}, "y", 0.5175211527499404, id="other-label"),
        pytest.param({"epoch": 4}, "x", 0.28439959614216437, id="other-epoch"),
        pytest.param({"temperature": 1}, "x", 0.17475859611259403, id="whole-temperature"),
        pytest.param(
            {"system": "Ünïcode 🫨 \U0001fae8 \ud800"},
            "x",
            0.443254558577751,
            id="newest-characters",
        ),
        pytest.param({"seed": 1}, "x", 0.9047633022504086, id="other-seed"),
    ],
)
def test_a_draw_never_changes_between_releases_pythons_and_machines(changes, label, number):
    assert replace(CALL, **changes).draw(label) == number


@pytest.mark.parametrize(
    "changes",
    [
        {"scenario": "other"},
        {"model": "scripted-2"},
        {"temperature": 1.0},
        {"system": "Be verbose."},
        {"epoch": 4},
        {"seed": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_draw_depends_on(changes):
    assert replace(CALL, **changes).draw("x") != CALL.draw("x")


@given(
    messages=st.lists(st.fixed_dictionaries({"role": TEXTS, "content": TEXTS})),
    parameters=st.dictionaries(TEXTS, TEXTS),
)
def test_a_draw_does_not_depend_on_the_conversation_or_the_parameters(messages, parameters):
    call = replace(CALL, messages=tuple(messages), parameters=parameters)

    assert call.draw("x") == CALL.draw("x")


def test_equal_temperatures_draw_alike():
    assert replace(CALL, temperature=0).draw("x") == replace(CALL, temperature=-0.0).draw("x")
    assert replace(CALL, temperature=0.1 + 0.2).draw("x") == replace(CALL, temperature=0.3).draw(
        "x"
    )


def test_draws_are_spread_evenly():
    draws = [replace(CALL, epoch=epoch).draw("x") for epoch in range(2_000)]

    for tenth in range(10):
        share = sum(tenth <= draw * 10 < tenth + 1 for draw in draws) / len(draws)
        assert 0.07 < share < 0.13


def test_draws_do_not_depend_on_the_hash_seed_of_the_process():
    program = (
        "import json; from harness.provider.script import Call\n"
        "call = Call(scenario='sum', model='scripted-1', temperature=0.2, system='Be brief.')\n"
        "print(json.dumps([call.draw(str(i)) for i in range(50)]))"
    )

    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }

    call = replace(CALL, epoch=1)
    assert [json.loads(output) for output in outputs] == [[call.draw(str(i)) for i in range(50)]]


@given(label=TEXTS, options=st.lists(st.integers(), min_size=1))
def test_a_choice_is_one_of_the_options(label, options):
    assert CALL.choose(label, options) in options


def test_every_option_is_chosen_at_times():
    options = ["a", "b", "c"]

    assert {CALL.choose(str(label), options) for label in range(50)} == set(options)


def test_choosing_among_nothing_names_the_choice():
    with pytest.raises(ScriptError, match=r"call.choose\('style', ...\) .* was given no options"):
        CALL.choose("style", [])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("plain", "plain", id="text"),
        pytest.param(None, "", id="null"),
        pytest.param(
            [{"type": "text", "text": "two "}, {"type": "text", "text": "parts"}],
            "two parts",
            id="parts",
        ),
    ],
)
def test_the_text_of_a_message_is_read_from_every_form(content, text):
    assert text_of({"role": "user", "content": content}) == text


def test_a_script_reads_the_conversation_by_speaker():
    messages = (
        {"role": "user", "name": "coder", "content": "first"},
        {"role": "user", "name": "reviewer", "content": "no"},
        {"role": "user", "name": "coder", "content": "second"},
    )
    call = replace(CALL, messages=messages)

    assert call.said_by("coder") == ["first", "second"]
    assert call.last == "second"
    assert replace(CALL, messages=()).last == ""
