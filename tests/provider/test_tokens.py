"""Counting tokens: the real count, the estimate, and cutting at tokens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.provider.tokens import (
    BytePairCounter,
    EstimatedCounter,
    counter_for,
    encoding_of,
    truncate,
)

TEXTS = st.text(st.characters(), max_size=200)
COUNTERS = [
    pytest.param(counter_for("scripted-1"), id="o200k"),
    pytest.param(counter_for("gpt-4"), id="cl100k"),
    pytest.param(EstimatedCounter(), id="estimate"),
]
TABLES = [json.dumps({"rows": [[i, f"widget {i}", i * 1.5]]}) for i in range(50)]
PROSE = (
    "The executor runs the code that the analyst wrote and reports what it printed. "
    "If the numbers do not add up, the analyst corrects itself; after ten replies it gives up. "
) * 5


def sources():
    return [path.read_text() for path in Path(harness.__file__).parent.rglob("*.py")]


# Published counts: OpenAI Cookbook, "How to count tokens with tiktoken".
@pytest.mark.parametrize(
    ("model", "text", "tokens"),
    [
        pytest.param("gpt-4o", "hello world", 2, id="o200k-words"),
        pytest.param("gpt-4o", "antidisestablishmentarianism", 6, id="o200k-long-word"),
        pytest.param("gpt-4", "antidisestablishmentarianism", 6, id="cl100k-long-word"),
        pytest.param("gpt-4", "2 + 2 = 4", 7, id="cl100k-sum"),
        pytest.param("gpt-4", "お誕生日おめでとう", 9, id="cl100k-japanese"),
        pytest.param("gpt-4o", "お誕生日おめでとう", 8, id="o200k-japanese"),
    ],
)
def test_tokens_are_those_of_the_models_own_vocabulary(model, text, tokens):
    assert isinstance(counter_for(model), BytePairCounter)
    assert counter_for(model).count(text) == tokens


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo-2024-04-09", "cl100k_base"),
        ("openai/gpt-3.5-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("GPT-4", "cl100k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("o3", "o200k_base"),
        ("scripted-1", "o200k_base"),
        ("llama3", "o200k_base"),
    ],
)
def test_a_model_has_the_vocabulary_of_its_family(model, encoding):
    assert encoding_of(model) == encoding
    assert encoding in counter_for(model).name


@pytest.mark.parametrize("counter", COUNTERS)
@given(text=TEXTS)
def test_only_the_empty_text_has_no_tokens(counter, text):
    assert (counter.count(text) > 0) == (text != "")


@pytest.mark.parametrize("counter", COUNTERS)
@given(one=TEXTS, other=TEXTS)
def test_counts_nearly_add_up(counter, one, other):
    whole = counter.count(one + other)

    # Joining may merge tokens at the seam, or cut what stands beside it otherwise.
    assert whole <= counter.count(one) + counter.count(other) + 4
    assert whole >= max(counter.count(one), counter.count(other)) // 3


@pytest.mark.parametrize("counter", COUNTERS)
@given(text=TEXTS)
def test_the_pieces_of_a_text_are_the_text(counter, text):
    pieces = counter.pieces(text)

    assert "".join(pieces) == text.encode("utf-8", "replace").decode()
    assert len(pieces) <= counter.count(text)
    assert all(pieces)


@pytest.mark.parametrize("counter", COUNTERS)
@given(text=st.text(max_size=200), limit=st.integers(0, 60))
def test_a_truncated_text_is_a_beginning_within_the_limit(counter, text, limit):
    cut = truncate(text, limit, counter)

    assert text.startswith(cut)
    assert counter.count(cut) <= limit
    assert (cut == text) == (counter.count(text) <= limit)


@pytest.mark.parametrize("counter", COUNTERS)
def test_truncating_keeps_as_much_as_fits(counter):
    assert counter.count(truncate(PROSE, 50, counter)) == 50


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([PROSE], id="prose"),
        pytest.param(sources(), id="source"),
        pytest.param(
            [json.dumps({"rows": [[i, f"widget {i}", i * 1.5]]}) for i in range(50)], id="json"
        ),
    ],
)
def test_the_estimate_is_within_a_third_of_the_real_count(texts):
    real = sum(counter_for("scripted-1").count(text) for text in texts)
    estimate = sum(EstimatedCounter().count(text) for text in texts)

    assert 0.8 < estimate / real < 1.3


def test_without_the_tokenizer_the_estimate_is_used_and_says_so():
    program = (
        "import sys; sys.modules['rs_bpe'] = None\n"
        "from harness.provider.tokens import counter_for\n"
        "print(counter_for('gpt-4').name, counter_for('gpt-4').count('two words'))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout.split() == ["estimate", "2"]


def test_serving_loads_the_tokenizer_only_when_something_is_counted():
    program = (
        "import sys, harness.provider.server\n"
        "print([name for name in ('rs_bpe', 'openai', 'autogen') if name in sys.modules])"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout.strip() == "[]"
