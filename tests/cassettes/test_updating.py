"""An update replays what still fits, records the rest, and loses nothing on the way."""

from __future__ import annotations

import pytest

from harness.cassettes import find_earlier, load_cassette, recording, updating
from harness.cassettes.charging import Budget, Charging
from harness.errors import BudgetReached, CassetteError, SampleInterrupt
from harness.model.scenario import Price

PRICES = {"scripted-1": Price(prompt=1000.0, completion=1000.0)}  # 12 tokens: 0.012 USD


LETTERS = [(letter,) for letter in "abcdefgh"]
FAILING = (KeyError,)


def record(kit, provider, path, *conversations, charging=None, **options):
    """Record what is given; `FAILING` ends the sample with an exception."""
    with (
        recording(path, kit.header(provider), charging=charging),
        kit.client(provider.base_url) as client,
    ):
        for texts in conversations:
            if texts is FAILING:
                raise KeyError
            kit.ask(client, *texts, **options)


@pytest.fixture
def update(kit, provider, path):
    """Ask what is given in an update of the cassette; returns the session."""

    def run(*conversations, header=None, **options):
        header = header or kit.header(provider)
        earlier = find_earlier(path, header.ignored)
        with (
            updating(path, header, earlier, **options) as session,
            kit.client(provider.base_url) as client,
        ):
            for texts in conversations:
                if texts is FAILING:
                    raise KeyError
                kit.ask(client, *texts)
        return session

    return run


def said(path):
    return [
        each.payload.json["choices"][0]["message"]["content"]
        for each in load_cassette(path).interactions
    ]


def test_an_update_asks_only_for_what_does_not_fit(kit, provider, path, update):
    kit.record(provider, path, ("one",), ("one", "two"), ("one", "two", "three"))

    session = update(("one",), ("one", "other"), ("one", "two", "three"))

    assert [len(each["messages"]) for each in provider.requests] == [1, 2, 3, 2, 3]
    assert (session.kept, session.served, session.diverged_at) == (1, 3, 2)
    assert said(path) == ["reply 1 to: one", "reply 4 to: other", "reply 5 to: three"]


def test_an_update_that_finds_nothing_new_leaves_the_file_as_it_is(kit, provider, path, update):
    kit.record(provider, path, ("one",), ("two",))
    before = path.read_bytes()

    session = update(("one",), ("two",))

    assert len(provider.requests) == 2
    assert path.read_bytes() == before
    assert session.kept == 2
    assert list(path.parent.iterdir()) == [path]


def test_an_update_drops_calls_that_are_no_longer_made(kit, provider, path, update):
    kit.record(provider, path, ("one",), ("two",))

    update(("one",))

    assert len(provider.requests) == 2
    assert said(path) == ["reply 1 to: one"]


def test_an_update_tells_the_new_settings_and_keeps_the_age(kit, provider, path, update):
    kit.record(provider, path, ("one",))
    header = kit.header(
        provider, facets={"temperature": "0.7"}, recorded_at="2027-05-06T07:08:09+00:00"
    )

    update(("one",), header=header)

    updated = load_cassette(path).header
    assert updated.facets == {"temperature": "0.7"}
    assert updated.recorded_at == "2026-01-02T03:04:05+00:00"
    assert updated.updated_at == "2027-05-06T07:08:09+00:00"
    assert len(provider.requests) == 1


def test_an_update_goes_on_with_a_recording_that_was_cut_short(kit, provider, path, update):
    with pytest.raises(KeyError):
        record(kit, provider, path, ("one",), ("one", "two"), FAILING)

    session = update(("one",), ("one", "two"), ("one", "two", "three"))

    assert (session.kept, session.served) == (2, 3)
    assert len(provider.requests) == 3
    assert said(path)[2] == "reply 3 to: three"
    assert list(path.parent.iterdir()) == [path]


def test_an_update_names_a_recording_that_lacked_nothing_but_its_name(kit, provider, path, update):
    # As a disk leaves it that is full in the very end.
    kit.record(provider, path, ("one",), ("two",))
    path.rename(path.with_name(path.name + ".partial"))

    session = update(("one",), ("two",))

    assert (session.kept, session.served) == (2, 2)
    assert len(provider.requests) == 2
    assert said(path) == ["reply 1 to: one", "reply 2 to: two"]
    assert list(path.parent.iterdir()) == [path]


def test_an_update_that_fails_loses_neither_the_old_nor_the_new(kit, provider, path, update):
    kit.record(provider, path, ("one",), ("two",))
    before = path.read_bytes()

    with pytest.raises(KeyError):
        update(("one",), ("other",), FAILING)

    partial = path.with_name(path.name + ".partial")
    assert path.read_bytes() == before
    assert said(partial) == ["reply 1 to: one", "reply 3 to: other"]


def test_a_second_failure_keeps_the_fuller_recording(kit, provider, path, update):
    kit.record(provider, path, ("one",))
    with pytest.raises(KeyError):
        update(("one",), ("two",), ("three",), FAILING)
    with pytest.raises(KeyError):
        update(("one",), FAILING)

    session = update(("one",), ("two",), ("three",))

    assert session.kept == 3
    assert len(provider.requests) == 3
    assert said(path) == [f"reply {n} to: {t}" for n, t in ((1, "one"), (2, "two"), (3, "three"))]


def test_an_update_from_another_source_is_refused(kit, provider, path, update):
    kit.record(provider, path, ("one",))

    with pytest.raises(CassetteError, match=r"scripted provider.*api\.openai\.com.*--overwrite"):
        update(("one",), header=kit.header(provider, source="api.openai.com"))


def test_an_update_applies_the_rules_of_now(kit, provider, path, update):
    one, other = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "9b2d7c51-7d1c-4f0a-8c55-6f1d2a3b4c5d"
    kit.record(provider, path, (f"job {one}", f"job {other}"))

    update((f"job {other}", f"job {one}"), header=kit.header(provider, ignored=("uuid",)))

    cassette = load_cassette(path)
    parts = cassette.interactions[0].request.shape.lists["messages"]
    assert cassette.header.ignored == ("uuid",)
    assert [part.value["content"] for part in parts] == [f"job {one}", f"job {other}"]
    assert len(provider.requests) == 1


def test_each_call_and_the_whole_are_priced(kit, provider, path):
    charging = Charging(prices=PRICES)
    record(kit, provider, path, ("one",), ("two",), charging=charging)

    cassette = load_cassette(path)
    assert [each.cost_usd for each in cassette.interactions] == [0.012, 0.012]
    assert cassette.header.cost_usd == 0.024


def test_a_recording_without_prices_has_no_cost(kit, provider, path):
    record(kit, provider, path, ("one",), charging=Charging())

    cassette = load_cassette(path)
    assert cassette.interactions[0].cost_usd is None
    assert cassette.header.cost_usd is None


def test_no_call_is_made_that_could_exceed_the_budget(kit, provider, path, tmp_path):
    # A request of 99 bytes counts as 33 tokens, its answer as at most 10: 0.043 USD.
    budget = Budget(tmp_path / "budget", 0.08)
    charging = Charging(prices=PRICES, budget=budget)

    with pytest.raises(BudgetReached, match=r"--max-cost 0\.08 is reached: 0\.0480 USD"):
        record(kit, provider, path, *LETTERS, charging=charging, max_tokens=10)

    assert len(provider.requests) == 4
    assert budget.spent_usd == pytest.approx(0.048)
    assert len(said(path.with_name(path.name + ".partial"))) == 4


def test_a_model_without_a_price_is_not_asked_within_a_budget(kit, provider, path, tmp_path):
    charging = Charging(budget=Budget(tmp_path / "budget", 5))

    with pytest.raises(BudgetReached, match=r"'scripted-1' has no known price"):
        record(kit, provider, path, ("a",), charging=charging)

    assert provider.requests == []


def test_a_budget_is_shared_by_whoever_names_its_file(tmp_path):
    one, other = Budget(tmp_path / "budget", 1.0), Budget(tmp_path / "budget", 1.0)

    one.reserve(0.6)
    with pytest.raises(SampleInterrupt):
        other.reserve(0.6)
    one.charge(-0.5)
    other.reserve(0.6)

    assert one.spent_usd == pytest.approx(0.7)
