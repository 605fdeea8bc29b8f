"""What a reader sees before and beside a verdict, so that nobody takes it for more than it is."""

import msgspec
import pytest
from report_logs import outcome_log, realistic_log
from report_page import count, opened, text_of, texts, write

TOP = "document.querySelector('{}').getBoundingClientRect().top"
SIZE = "parseFloat(getComputedStyle(document.querySelector('{}')).fontSize)"
FACTORS = {
    f"{prompts}-t{heat}": {"prompts": prompts, "temperature": heat}
    for prompts in ("brief", "careful")
    for heat in ("0.2", "1.0")
}
# Each of the last two solves all; the second solves a little less, and nothing tells them apart.
MARKS = dict(zip(FACTORS, ("pffffffff", "ppppppppf", "ppppppppp", "ppppppppp"), strict=True))


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    rates = {name: {"a": marks, "b": marks, "c": marks} for name, marks in MARKS.items()}
    log = outcome_log(rates, factors=FACTORS, baseline="brief-t1.0")
    return write(tmp_path_factory.mktemp("matrix"), log)


@pytest.mark.parametrize("width", [1250, 390])
def test_that_no_model_spoke_is_said_above_the_verdict_and_in_view(chromium, tmp_path, width):
    page = opened(chromium, write(tmp_path, realistic_log(epochs=1)), width=width)

    assert "all replies in this run were written" in text_of(page, ".written")
    assert page.evaluate(TOP.format(".written")) < page.evaluate(TOP.format(".verdict"))
    assert page.evaluate(f"{TOP.format('.written')} < innerHeight / 2")


def test_a_run_of_a_real_model_is_not_called_written_and_of_a_mixed_one_it_is_counted(
    chromium, tmp_path
):
    log = realistic_log(epochs=1)
    real = tuple(of_provider(sample) for sample in log.samples)
    mixed = (*log.samples[:1], *real[1:])

    page = opened(chromium, write(tmp_path, msgspec.structs.replace(log, samples=real)))
    assert count(page, ".written") == 0
    page = opened(chromium, write(tmp_path, msgspec.structs.replace(log, samples=mixed)))
    assert f"the replies of 1 of {len(mixed)} samples were written" in text_of(page, ".written")


def of_provider(sample):
    use = msgspec.structs.replace(sample.cassette, source="api.openai.com")
    return msgspec.structs.replace(sample, cassette=use)


def test_how_far_a_verdict_carries_stands_beside_it_as_large_as_text(chromium, matrix):
    page = opened(chromium, matrix)
    told = text_of(page, ".verdict .carries")

    assert told.startswith("How far this carries to other scenarios, from only these 3: prompts=")
    assert "Where 0 is inside, nothing is shown for others." in told
    assert page.evaluate(SIZE.format(".verdict .carries")) >= 15
    assert page.evaluate(SIZE.format(".others")) >= 13
    assert texts(page, ".others")[0].startswith("others: ")


def test_an_effect_of_a_number_is_told_from_low_to_high_whatever_the_baseline(chromium, matrix):
    page = opened(chromium, matrix)
    caption, *_ = texts(page, ".contrasts caption")

    assert "temperature=1.0 vs 0.2" in " ".join(texts(page, ".contrasts tbody th"))
    assert "numbers from low to high" in caption


def test_only_the_best_of_the_best_set_is_called_so_and_the_others_are_explained(chromium, matrix):
    page = opened(chromium, matrix)
    badges = texts(page, ".configs .tag")
    words = text_of(page, ".words")

    assert badges.count("best set") == 2
    assert "in best set" in badges
    assert "That is no rank: one that solves less is in it" in words
