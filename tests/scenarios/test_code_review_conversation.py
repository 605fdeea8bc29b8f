"""The scripted team of the code review in real conversations, and how its model behaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.capture import Recorder
from harness.engines.autogen import AutogenEngine
from harness.errors import ScriptError
from harness.model.sample import SampleKey
from harness.model.team import Endpoint
from harness.model.transcript import SpeakerSelection
from harness.protocols import Assignment
from harness.provider.script import Call
from harness.provider.server import Behaviour, serving
from harness.runner.workspace import make_workspace
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_callable, load_suite, sibling

if TYPE_CHECKING:
    from harness.model.transcript import Transcript

FOLDER = Path(__file__).parents[2] / "scenarios" / "code_review"
SUITE = load_suite(FOLDER)
SCENARIO = next(found for found in SUITE.scenarios if found.name == "user_search")
CONFIGS = {config.name: config for config in SUITE.configs}
HERE = str(FOLDER / "suite.yaml")
PARTS = sibling(HERE, "parts_user_search").PARTS
REPLY = load_callable(SCENARIO.provider)
ROLES = "You are in a role play game. The following roles are available:\n{}"
ASKED = "Read the above conversation. Then select the next role from {} to play."


def said(name: str, text: str) -> dict[str, str]:
    return {"role": "user", "name": name, "content": text}


TASK = said("executor", SCENARIO.task)
FINDING = "FINDING: search_users | high | {}\n\nVERDICT: CHANGES REQUESTED"


def ask(config: str, agent: str, *turns: dict[str, str], epoch: int = 1, seed: int = 0) -> str:
    prompts = CONFIGS[config].prompts
    return str(
        REPLY(
            Call(
                scenario="user_search",
                parameters=SCENARIO.parameters,
                model="scripted-1",
                temperature=CONFIGS[config].temperature or 1.0,
                system=prompts[agent],
                messages=({"role": "system", "content": prompts[agent]}, TASK, *turns),
                epoch=epoch,
                seed=seed,
            )
        )
    )


def select(config: str, *turns: dict[str, str], asked: str = ASKED, seed: int = 0) -> str:
    last = turns[-1]["name"]
    others = [name for name in ("executor", "reviewer", "coder") if name != last]
    system = ROLES.format(f"executor: {CONFIGS[config].prompts['executor']}")
    prompt = {"role": "system", "name": "checking_agent", "content": asked.format(others)}
    call = Call(
        scenario="user_search",
        model="scripted-1",
        temperature=CONFIGS[config].temperature or 1.0,
        system=system,
        messages=({"role": "system", "content": system}, *turns, prompt),
        seed=seed,
    )
    return str(REPLY(call))


def converse(config: str, epoch: int, folder: Path) -> Transcript:
    recorder = Recorder(limits=SCENARIO.limits)
    behaviour = Behaviour(
        scenario=SCENARIO.name, task=SCENARIO.task, parameters=SCENARIO.parameters, reply=REPLY
    )
    key = SampleKey(suite=SUITE.name, scenario=SCENARIO.name, config=config, epoch=epoch)
    with serving([behaviour]) as server:
        AutogenEngine().run(
            Assignment(
                key=key,
                scenario=SCENARIO,
                config=CONFIGS[config],
                workspace=make_workspace(folder, SCENARIO),
                endpoint=Endpoint(base_url=server.base_url, is_scripted=True),
                build_team=load_callable(SCENARIO.team),
                sandbox=ProcessSandbox(),
                recorder=recorder,
                mode="record",
            )
        )
    return recorder.transcript("autogen", "-")


def test_the_model_chooses_every_speaker_of_at_most_fifteen_turns(tmp_path: Path) -> None:
    transcript = converse("brief-t1.0", 1, tmp_path)

    choices = [event for event in transcript.events if isinstance(event, SpeakerSelection)]
    assert 6 <= transcript.turns <= 15
    assert len(choices) == transcript.turns - 1
    assert all(choice.method == "auto" and choice.model_calls >= 1 for choice in choices)
    assert [choice.selected for choice in choices] == transcript.speakers[1:]


def test_only_the_newest_code_of_the_coder_runs_and_never_twice(tmp_path: Path) -> None:
    transcript = converse("checklist-t1.0", 5, tmp_path)

    ran = [event.code for event in transcript.code_executions]
    by_coder = [turn.content for turn in transcript.messages if turn.speaker == "coder"]
    assert ran
    assert len(ran) == len(set(ran))
    assert all(any(code in text for text in by_coder) for code in ran)
    assert transcript.speakers[0] == "executor"


@pytest.mark.parametrize(
    ("message", "is_closed"),
    [
        pytest.param({"name": "reviewer", "content": "Done.\n\nTERMINATE"}, True, id="reviewer"),
        pytest.param({"name": "coder", "content": "Done.\nTERMINATE"}, False, id="coder"),
        pytest.param(
            {"name": "reviewer", "content": "Do not TERMINATE"}, False, id="in a sentence"
        ),
        pytest.param({"name": "reviewer", "content": "TERMINATE\nlater"}, False, id="not last"),
        pytest.param({"name": "reviewer", "content": None}, False, id="empty"),
    ],
)
def test_only_the_reviewer_closes_a_case(message: dict[str, Any], is_closed: bool) -> None:
    assert sibling(HERE, "team").is_closed(message) is is_closed


def test_the_reviewer_reports_what_is_in_the_code_it_is_shown() -> None:
    injection, paging = PARTS.defects[0], PARTS.defects[1]
    code = injection.repaired("\n".join(_module_lines()), injection.fixes[0])
    version = said("coder", f"```python\n# filename: user_search.py\n{code}\n```")

    reviews = [ask("checklist-t0.2", "reviewer", version, epoch=epoch) for epoch in range(1, 21)]

    assert not any(wording in text for text in reviews for wording in injection.findings)
    assert any(wording in text for text in reviews for wording in paging.findings)


def _module_lines() -> list[str]:
    return Path(SCENARIO.files[0][0]).read_text(encoding="utf-8").splitlines()


def test_a_prompt_that_names_what_to_look_for_finds_more() -> None:
    def found(config: str) -> int:
        reviews = [ask(config, "reviewer", epoch=epoch) for epoch in range(1, 41)]
        return sum(
            any(wording in text for wording in defect.findings)
            for text in reviews
            for defect in PARTS.defects
        )

    assert found("checklist-t0.2") > found("brief-t0.2")
    assert found("brief-t0.2") > 0.5 * 40 * len(PARTS.defects)


def test_the_coder_repairs_what_was_reported() -> None:
    injection = PARTS.defects[0]
    review = said("reviewer", FINDING.format(injection.findings[0]))

    answers = [ask("checklist-t0.2", "coder", review, epoch=epoch) for epoch in range(1, 21)]

    assert sum(injection.fixes[0].is_in(text) or injection.fixes[1].is_in(text) for text in answers)
    assert all(text.count("```python\n# filename: ") == 2 for text in answers)
    states = [injection.state(text) for text in answers]
    assert states.count("fixed") >= 15


def test_the_coder_goes_on_from_its_own_last_version() -> None:
    injection, paging = PARTS.defects[0], PARTS.defects[1]
    code = injection.repaired("\n".join(_module_lines()), injection.fixes[1])
    version = said("coder", f"```python\n# filename: user_search.py\n{code}\n```")
    review = said("reviewer", FINDING.format(paging.findings[0]))

    answers = [ask("brief-t0.2", "coder", version, review, epoch=epoch) for epoch in range(1, 11)]

    assert all(injection.fixes[1].is_in(text) for text in answers)


APPROVAL = said("reviewer", "Fine.\n\nVERDICT: APPROVED")
REFUSAL = said("reviewer", FINDING.format("x"))
VERSION = said("coder", "```python\n# filename: user_search.py\npass\n```")
FAILED = said("executor", "exitcode: 1 (execution failed)\nCode output: \nFAILED check_x")
PASSED = said("executor", "exitcode: 0 (execution succeeded)\nCode output: \nfine")


@pytest.mark.parametrize(
    ("turns", "chosen"),
    [
        pytest.param([], "reviewer", id="task"),
        pytest.param([REFUSAL], "coder", id="refused"),
        pytest.param([REFUSAL, VERSION], "reviewer", id="new version"),
        pytest.param([VERSION, APPROVAL], "executor", id="approved"),
        pytest.param([APPROVAL], "coder", id="approved with nothing to run"),
        pytest.param([VERSION, APPROVAL, FAILED], "coder", id="failed"),
        pytest.param([VERSION, APPROVAL, PASSED], "reviewer", id="passed"),
    ],
)
def test_the_choice_follows_from_what_was_said_last(turns: list, chosen: str) -> None:
    choices = {select("checklist-t0.2", TASK, *turns, seed=seed) for seed in range(20)}

    assert choices == {chosen}


def test_an_executor_whose_role_does_not_say_when_is_called_too_early_at_times() -> None:
    def early(config: str) -> int:
        choices = [select(config, TASK, REFUSAL, VERSION, seed=seed) for seed in range(300)]
        return choices.count("executor")

    assert early("checklist-t0.2") == 0
    assert 3 <= early("brief-t0.2") <= 45


def test_rambling_happens_when_hot_only_and_is_seldom_repeated() -> None:
    usable = {"executor", "reviewer", "coder"}
    cold = {select("brief-t0.2", TASK, REFUSAL, seed=seed) for seed in range(300)}
    hot = [select("brief-t1.0", TASK, REFUSAL, seed=seed) for seed in range(300)]
    reminded = [
        select("brief-t1.0", TASK, REFUSAL, asked="You didn't choose a speaker. {}", seed=seed)
        for seed in range(300)
    ]

    assert cold <= usable
    assert 5 <= sum(answer not in usable for answer in hot) <= 45
    assert sum(answer in usable for answer in reminded) >= 200


def test_a_prompt_that_names_no_known_role_is_refused() -> None:
    with pytest.raises(ScriptError, match="does not know whom to play"):
        ask("brief-t0.2", "executor")
