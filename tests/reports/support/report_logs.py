"""Run logs made through the public model: bare outcomes for statistics, whole runs for reports."""

import random
from functools import cache

from report_conversations import group_chat, two_agents

from harness.model.run import RunHeader, RunLog, ScenarioInfo, SuiteInfo
from harness.model.sample import Artefact, CassetteUse, SampleKey, SampleResult
from harness.model.scenario import AgentConfig
from harness.model.score import Score, Unscored
from harness.model.transcript import ExceptionInfo, Termination, Transcript

STATUS = {"p": "completed", "f": "completed", "e": "error", "m": "miss", "u": "completed"}
SCRIPTED = "scripted provider"


def outcome_log(outcomes, *, factors=None, costs=None, baseline=None, run_id="run-1", **changes):
    """A log of one suite from {config: {scenario: "ppfem."}}; "." is planned but missing."""
    factors = factors or {}
    configs = tuple(AgentConfig(name=name, factors=factors.get(name, {})) for name in outcomes)
    scenarios = sorted({name for group in outcomes.values() for name in group})
    plan, samples = [], []
    for config, group in outcomes.items():
        for scenario, marks in group.items():
            for epoch, mark in enumerate(marks, 1):
                key = SampleKey(suite="shop", scenario=scenario, config=config, epoch=epoch)
                plan.append(key)
                if mark != ".":
                    samples.append(plain_sample(key, mark, cost=(costs or {}).get(config)))
    suite = SuiteInfo(
        name="shop",
        title="Shop",
        description="",
        epochs=5,
        baseline=baseline,
        scenarios=tuple(scenario_info(name, changes.get("digest", "d")) for name in scenarios),
        configs=changes.get("configs", configs),
    )
    return RunLog(header=header((suite,), plan, run_id=run_id), samples=tuple(samples))


def plain_sample(key, mark, *, cost=None, reason="termination_message"):
    """A sample with an outcome and next to no conversation."""
    end = Termination(index=0, offset_seconds=0.1, reason=reason, detail="It ended.")
    scores = [] if mark in "um" else [verdict_score(passed=mark == "p")]
    if cost is not None:
        scores.append(Score(scorer="cost", value=cost, unit="usd", reason="priced"))
    return SampleResult(
        key=key,
        status=STATUS[mark],
        mode="replay",
        transcript=Transcript(
            engine="autogen", engine_version="autogen 0.14.1", events=(end,) if mark in "pf" else ()
        ),
        scores=tuple(scores),
        started_at="2026-11-20T10:00:00Z",
        duration_seconds=0.1,
    )


def verdict_score(*, passed):
    return Score(
        scorer="acceptance", value=float(passed), unit="share", passed=passed, reason="checks"
    )


def scenario_info(name, digest="d"):
    title = name.replace("_", " ").capitalize()
    task = f"{title}: write the program, run it, and print what it found."
    return ScenarioInfo(
        name=name, title=title, task=task, accept=("termination_message",), digest=digest
    )


def header(suites, plan, *, run_id="20261120-101500-ab12", mode="replay"):
    return RunHeader(
        run_id=run_id,
        started_at="2026-11-20T10:15:00Z",
        mode=mode,
        command="harness run",
        harness_version="0.1.0",
        python="3.11.9",
        platform="Linux x86_64",
        sandbox="process (NOT ISOLATED)",
        suites=tuple(suites),
        plan=tuple(plan),
    )


SUITES = {
    "sales_report": (two_agents, ("widget_sales", "store_visits", "energy_use")),
    "code_review": (group_chat, ("report_queries", "session_tokens", "image_cache")),
}
CHANCE = {"brief": {"0.2": 0.45, "1.0": 0.4}, "careful": {"0.2": 0.9, "1.0": 0.85}}


def matrix():
    return tuple(
        AgentConfig(
            name=f"{prompts}-t{temperature}",
            model="scripted-1",
            temperature=float(temperature),
            prompts={"analyst": f"You are a {prompts} analyst."},
            factors={"prompts": prompts, "temperature": temperature},
        )
        for prompts in CHANCE
        for temperature in CHANCE[prompts]
    )


@cache
def realistic_log(*, epochs=5, suites=tuple(SUITES), seed=3):
    """A run of whole conversations: 2 suites x 3 scenarios x 4 configs x epochs."""
    generator = random.Random(seed)
    infos, plan, samples = [], [], []
    for suite in suites:
        converse, scenarios = SUITES[suite]
        infos.append(
            SuiteInfo(
                name=suite,
                title=suite.replace("_", " ").capitalize(),
                description="Conversations as a team of agents would have them.",
                epochs=epochs,
                baseline="brief-t0.2",
                scenarios=tuple(scenario_info(name) for name in scenarios),
                configs=matrix(),
            )
        )
        for scenario in scenarios:
            for config in matrix():
                for epoch in range(1, epochs + 1):
                    key = SampleKey(suite=suite, scenario=scenario, config=config.name, epoch=epoch)
                    plan.append(key)
                    samples.append(realistic_sample(key, config, converse, generator))
    return RunLog(header=header(infos, plan), samples=tuple(samples))


def realistic_sample(key, config, converse, generator):
    """One sample with its conversation, scores, cassette and artefacts."""
    chance = CHANCE[config.factors["prompts"]][config.factors["temperature"]]
    passed = generator.random() < chance
    events, scores = converse(key, config, passed=passed, generator=generator)
    status = "completed"
    failure = None
    if key.epoch == 4 and config.name == "brief-t1.0" and key.scenario == "store_visits":
        status, passed = "miss", False
        failure = ExceptionInfo(
            type="harness.errors.CassetteMiss",
            message="analyst, call 2: the recorded request differs at messages[2].content.",
            traceback="",
        )
        events, scores = events[:4], (Unscored(scorer="acceptance", reason="it did not finish"),)
    return SampleResult(
        key=key,
        status=status,
        mode="replay",
        transcript=Transcript(engine="autogen", engine_version="autogen 0.14.1", events=events),
        scores=scores,
        failure=failure,
        cassette=CassetteUse(
            path=f"cassettes/{key}.jsonl",
            source=SCRIPTED,
            recorded_at=f"2026-11-{10 + key.epoch:02d}T09:00:00Z",
            asked=5,
            served=5 if status == "completed" else 1,
            misses=(failure.message,) if failure else (),
        ),
        artefacts=(Artefact(path="sales.csv", size_bytes=2412, digest="ab" * 12),),
        sandbox="process (NOT ISOLATED)",
        started_at="2026-11-20T10:15:01Z",
        duration_seconds=1.5,
    )
