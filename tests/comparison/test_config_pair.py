"""Two configs are compared pair by pair, and every pair where it parts."""

from __future__ import annotations

import msgspec
import pytest
from report_logs import outcome_log, realistic_log
from spoken import call, end, ran, say, transcript

from harness.comparison import compare_config_pair, compare_runs
from harness.errors import HarnessError, SelectionError
from harness.model.requests import RequestMessage
from harness.model.scenario import AgentConfig


def with_talk(log, talks):
    """The log with a conversation for each sample of a config."""
    samples = tuple(
        msgspec.structs.replace(each, transcript=talks[each.key.config]) for each in log.samples
    )
    return msgspec.structs.replace(log, samples=samples)


def asked(agent, prompt, reply, sent=()):
    return lambda recorder: recorder.model_call(
        agent=agent,
        model_requested="gpt",
        model_answered="gpt",
        prompt=prompt,
        reply=reply,
        sent=[RequestMessage(role=role, content=content) for role, content in sent],
    )


def test_config_b_is_measured_against_config_a():
    log = outcome_log({"brief": {"a": "ffff", "b": "ffff"}, "careful": {"a": "pppp", "b": "pppp"}})

    found = compare_config_pair(log, log, "brief", "careful")
    turned = compare_config_pair(log, log, "careful", "brief")

    assert found.samples == 8
    assert found.suites[0].contrast.difference.value == 1
    assert found.suites[0].contrast.verdict == "better"
    assert found.verdict.startswith("careful solves 100 points more than brief, interval ")
    assert {each.direction for each in found.pairs.samples} == {"better"}
    assert turned.suites[0].contrast.difference.value == -1


def test_pairs_are_scenario_and_epoch_and_what_has_no_counterpart_is_named():
    log = outcome_log({"one": {"a": "pp", "b": "p"}, "two": {"a": "ppp"}})

    found = compare_config_pair(log, log, "one", "two")

    assert [(str(p.key_a), str(p.key_b)) for p in found.pairs.samples] == [
        ("shop/a/one/1", "shop/a/two/1"),
        ("shop/a/one/2", "shop/a/two/2"),
    ]
    assert list(map(str, found.only_in_a)) == ["shop/b/one/1"]
    assert list(map(str, found.only_in_b)) == ["shop/a/two/3"]


def test_terminations_cross_from_the_first_side_to_the_second():
    log = outcome_log({"one": {"a": "ppme"}, "two": {"a": "pmmp"}})

    crossing = compare_config_pair(log, log, "one", "two").pairs.terminations

    def count(a, b):
        return crossing.counts[crossing.labels.index(a)][crossing.labels.index(b)]

    assert crossing.labels == ("termination_message", "(miss)", "(error)")
    assert count("termination_message", "termination_message") == 1
    assert count("termination_message", "(miss)") == 1
    assert count("(error)", "termination_message") == 1
    assert count("(miss)", "termination_message") == 0
    assert crossing.moved == 2


def test_code_that_recovered_is_told_from_code_that_passed_failed_or_never_ran():
    talks = {
        "none": transcript(say("coder"), end()),
        "passed": transcript(ran(0), end()),
        "recovered": transcript(ran(1), ran(0), end()),
        "failed": transcript(ran(0), ran(1), end()),
    }
    talks = {
        name: msgspec.structs.replace(
            each,
            events=tuple(
                msgspec.structs.replace(event, sandbox="process")
                if hasattr(event, "code")
                else event
                for event in each.events
            ),
        )
        for name, each in talks.items()
    }
    log = with_talk(outcome_log({name: {"a": "p"} for name in talks}), talks)

    for name in ("none", "recovered", "failed"):
        (pair,) = compare_config_pair(log, log, "passed", name).pairs.samples
        assert (pair.code_a, pair.code_b) == ("passed", name)


def test_turns_and_cost_shift_by_the_median_of_the_pairs():
    log = outcome_log({"one": {"a": "pp"}, "two": {"a": "pp"}}, costs={"one": 0.1, "two": 0.4})
    talks = {"one": transcript(say("a"), end()), "two": transcript(say("a"), say("b"), end())}

    pairs = compare_config_pair(*[with_talk(log, talks)] * 2, "one", "two").pairs

    assert (pairs.turns.n, pairs.turns.median_a, pairs.turns.median_b) == (2, 1, 2)
    assert pairs.turns.difference.value == 1
    assert pairs.cost_usd.difference.value == pytest.approx(0.3)
    assert pairs.cost_usd.changed == 2


def test_what_was_cut_short_counts_in_no_median():
    log = outcome_log({"one": {"a": "pe"}, "two": {"a": "mp"}}, costs={"one": 0.1, "two": 0.4})

    pairs = compare_config_pair(log, log, "one", "two").pairs

    assert (pairs.turns.n, pairs.cost_usd.n, pairs.cost_usd.absent) == (0, 0, 2)
    assert pairs.cost_usd.difference is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"prompts": {"coder": "You are a careful coder."}},
            "the prompt of coder says “You are a careful coder.” instead of “You are a coder.”",
        ),
        ({"temperature": 0.9}, "temperature 0.9 instead of 0.2"),
        ({"prompts": {"coder": "You are a coder.", "boss": "Hurry."}}, None),
    ],
    ids=["its prompt", "the temperature", "the prompt of another"],
)
def test_an_answer_that_parts_is_explained_by_what_its_agent_was_given(settings, why):
    one = AgentConfig(name="one", temperature=0.2, prompts={"coder": "You are a coder."})
    two = msgspec.structs.replace(one, name="two", **settings)
    log = outcome_log({"one": {"a": "p"}, "two": {"a": "p"}}, configs=(one, two))
    talks = {
        name: transcript(say("user", "Go."), asked("coder", "Go.", text), say("coder", text), end())
        for name, text in (("one", "I go."), ("two", "I test."))
    }

    found = compare_config_pair(*[with_talk(log, talks)] * 2, "one", "two")

    parting = found.pairs.samples[0].parting
    assert parting.turn == 2
    assert parting.why == (why or "the model answered coder otherwise to the same last message")
    assert bool(found.settings)


def test_a_last_message_that_differs_is_quoted():
    log = outcome_log({"one": {"a": "p"}, "two": {"a": "p"}})
    talks = {
        name: transcript(
            say("user", "Go."), asked("coder", prompt, "x"), say("coder", prompt), end()
        )
        for name, prompt in (("one", "Add 1 and 2."), ("two", "Add 1 and 3."))
    }

    found = compare_config_pair(*[with_talk(log, talks)] * 2, "one", "two")

    why = found.pairs.samples[0].parting.why
    assert why == "coder was asked “Add 1 and 3.” instead of “Add 1 and 2.”"


GO = ("user", "Go.")


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (
            [("system", "Be kind."), GO],
            [("system", "Be rude."), GO],
            "the system message of coder says “Be rude.” instead of “Be kind.”",
        ),
        (
            [("user", "Add."), ("assistant", "3"), GO],
            [("user", "Add."), ("assistant", "4"), GO],
            "message 2 of the prompt of coder says “4” instead of “3”",
        ),
        (
            [("user", "Add."), GO],
            [("user", "Add."), ("user", "Stop.")],
            "coder was asked “Stop.” instead of “Go.”",
        ),
        ([GO], [GO, GO], "coder was sent 2 messages, not 1"),
        (
            [("user", "Add."), GO],
            [("assistant", "Add."), GO],
            "message 1 of the prompt of coder has the same text, but differs otherwise",
        ),
        ([GO], [GO], "the model answered coder otherwise to the same request"),
    ],
    ids=["system", "in the middle", "last", "longer", "role", "none"],
)
def test_the_whole_prompt_tells_why_two_conversations_part(before, now, why):
    log = outcome_log({"one": {"a": "p"}, "two": {"a": "p"}})
    talks = {
        name: transcript(
            say("user", "Go."), asked("coder", "Go.", text, sent), say("coder", text), end()
        )
        for name, text, sent in (("one", "I go.", before), ("two", "I test.", now))
    }

    found = compare_config_pair(*[with_talk(log, talks)] * 2, "one", "two")

    assert found.pairs.samples[0].parting.why == why


def test_what_a_config_does_to_itself_in_another_run_is_told():
    before = outcome_log({"one": {"a": "pp"}})
    after = outcome_log({"one": {"a": "pf"}}, run_id="run-2")

    found = compare_config_pair(before, after, "one", "one")

    assert (found.run_a, found.run_b, found.settings) == ("run-1", "run-2", ())
    assert [each.direction for each in found.pairs.samples] == ["same outcome", "worse"]


def test_a_config_that_is_not_there_the_same_one_twice_and_strangers_are_refused():
    log = outcome_log({"brief": {"a": "p"}, "careful": {"a": "p"}, "other": {"b": "p"}})

    with pytest.raises(SelectionError, match=r"a config 'breif'\. Did you mean 'brief'"):
        compare_config_pair(log, log, "breif", "careful")
    with pytest.raises(SelectionError, match=r"Name another config \(careful, other\)"):
        compare_config_pair(log, log, "brief", "brief")
    with pytest.raises(SelectionError, match="no scenario and epoch in common"):
        compare_config_pair(log, log, "brief", "other")


def test_errors_on_one_side_forbid_the_comparison_and_name_the_side():
    log = outcome_log({"brief": {"a": "pppp"}, "careful": {"a": "ppee"}})

    found = compare_config_pair(log, log, "brief", "careful")

    assert found.alert == "Not comparable: of careful 2 of 4 samples ended in errors."
    assert found.verdict == ""


def with_parts(log, parts):
    (suite,) = log.header.suites
    scenarios = tuple(
        msgspec.structs.replace(each, digest=str(parts), parts=parts) for each in suite.scenarios
    )
    suites = (msgspec.structs.replace(suite, scenarios=scenarios),)
    return msgspec.structs.replace(log, header=msgspec.structs.replace(log.header, suites=suites))


def test_drift_is_refused_with_the_scenario_and_the_keys_that_changed():
    log = outcome_log({"one": {"a": "pp"}, "two": {"a": "pp"}})
    before = with_parts(log, {"task": "1", "checks": "1", "files": "1"})
    after = with_parts(log, {"task": "1", "checks": "2", "human": "1"})

    for compared in (
        lambda **how: compare_runs(before, after, **how),
        lambda **how: compare_config_pair(before, after, "one", "two", **how),
    ):
        with pytest.raises(HarnessError, match=r"shop/a \(checks, files, human\) changed"):
            compared()
        assert compared(despite_drift=True).drift == ("shop/a (checks, files, human)",)


def test_drift_since_an_older_log_names_what_that_log_tells():
    before = outcome_log({"one": {"a": "pp"}})
    after = with_parts(outcome_log({"one": {"a": "pp"}}), {"task": "2"})
    (suite,) = after.header.suites
    changed = msgspec.structs.replace(suite.scenarios[0], task="Other.")
    suites = (msgspec.structs.replace(suite, scenarios=(changed,)),)
    after = msgspec.structs.replace(
        after, header=msgspec.structs.replace(after.header, suites=suites)
    )

    with pytest.raises(HarnessError, match=r"shop/a \(task\) changed"):
        compare_runs(before, after)


def test_a_comparison_of_either_kind_is_json_that_reads_back():
    from harness.model.paired import ConfigPairComparison, RunComparison

    log = realistic_log(epochs=2)
    kinds = RunComparison | ConfigPairComparison
    for comparison in (
        compare_runs(log, log),
        compare_config_pair(log, log, "brief-t0.2", "careful-t0.2"),
    ):
        encoded = msgspec.json.encode(comparison)

        assert msgspec.json.decode(encoded, type=kinds) == comparison


def test_the_call_of_another_model_is_named_without_configs():
    from harness.comparison.parting import parting

    found = parting(
        transcript(say("user"), call("small"), say("coder", "A")),
        transcript(say("user"), call("large"), say("coder", "B")),
    )

    assert found.why == "large was asked instead of small"
