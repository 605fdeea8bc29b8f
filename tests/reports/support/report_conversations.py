"""Two kinds of conversation, event by event, with the scores that belong to them."""

from harness.model.score import Score
from harness.model.transcript import (
    CodeExecution,
    ExceptionInfo,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolCall,
    ToolInvocation,
    ToolResult,
    Usage,
)

PROGRAM = """\
import csv
from collections import defaultdict

totals = defaultdict(float)
with open("sales.csv", newline="") as handle:
    for row in csv.DictReader(handle):
        totals[row["product"]] += float(row["revenue"])
for product in sorted(totals):
    print(f"{product}: {totals[product]:,.2f}")
"""
BROKEN = PROGRAM.replace('row["revenue"]', 'row["revenu"]')
OUTPUT = "Widget A: 812,334.10\nWidget B: 790,120.55\nWidget C: 801,008.20\n"
TRACEBACK = """Traceback (most recent call last):
  File "/workspace/program.py", line 7, in <module>
    totals[row["product"]] += float(row["revenu"])
KeyError: 'revenu'
"""


class Tape:
    """Events with running indices and offsets."""

    def __init__(self):
        self.events = []
        self.costs = {}

    def add(self, kind, **fields):
        index = len(self.events)
        event = kind(index=index, offset_seconds=round(index * 0.4, 3), **fields)
        self.events.append(event)
        return event

    def say(self, speaker, recipient, content, **fields):
        return self.add(Message, speaker=speaker, recipient=recipient, content=content, **fields)

    def ask(self, agent, reply, *, prompt, purpose="reply", tokens=(900, 160), **fields):
        usage = Usage(prompt_tokens=tokens[0], completion_tokens=tokens[1], cached_tokens=256)
        call = self.add(
            ModelCall,
            agent=agent,
            purpose=purpose,
            model_requested="scripted-1",
            model_answered="scripted-1",
            usage=usage,
            finish_reason="stop",
            latency_seconds=0.84,
            prompt=prompt,
            prompt_messages=3,
            reply=reply,
            **fields,
        )
        self.costs[str(call.index)] = round((tokens[0] * 0.5 + tokens[1] * 1.5) / 1e6, 8)

    def run(self, agent, code, *, fails):
        self.add(
            CodeExecution,
            agent=agent,
            language="python",
            code=code,
            exit_code=1 if fails else 0,
            output=TRACEBACK if fails else OUTPUT,
            duration_seconds=0.21,
            sandbox="process (NOT ISOLATED)",
        )
        return result_text(fails=fails)

    def end(self, reason, detail, **fields):
        self.add(Termination, reason=reason, detail=detail, **fields)


def result_text(*, fails):
    status = "1 (execution failed)" if fails else "0 (execution succeeded)"
    return f"exitcode: {status}\nCode output: {TRACEBACK if fails else OUTPUT}"


def fenced(text, code):
    return f"{text}\n\n```python\n{code}```\n\nReply TERMINATE once the numbers agree."


def two_agents(key, config, *, passed, generator):
    """An analyst writes code, an executor runs it; some fail first and recover."""
    tape = Tape()
    task = f"Summarise the file of {key.scenario.replace('_', ' ')}: total revenue per product."
    tape.say("executor", "analyst", task, role="user")
    fails_first = generator.random() < (0.7 if config.factors["prompts"] == "brief" else 0.3)
    for code in [BROKEN, PROGRAM] if fails_first else [PROGRAM]:
        text = fenced("I read the rows and add up the revenue of each product.", code)
        tokens = (700 + generator.randrange(300), 120 + generator.randrange(90))
        tape.ask("analyst", text, prompt=task, tokens=tokens)
        tape.say("analyst", "executor", text)
        result = tape.run("executor", code, fails=code == BROKEN)
        tape.say("executor", "analyst", result, role="user")
    closing = "Widget A sells most: 812,334.10.\n\nTERMINATE" if passed else "That should be it."
    tape.ask("analyst", closing, prompt=result)
    last = tape.say("analyst", "executor", closing)
    if passed:
        tape.end(
            "termination_message",
            "executor's condition matched analyst's message",
            agent="executor",
            message_index=last.index,
        )
    else:
        tape.end("max_consecutive_auto_reply", "executor had replied ten times", agent="executor")
    return finished(tape, passed=passed, first_try=not fails_first)


def group_chat(key, config, *, passed, generator):
    """Coder, reviewer and executor; the model chooses who speaks; a tool and a human take part."""
    tape = Tape()
    team = ("coder", "reviewer", "executor")
    tape.say("executor", "manager", f"Review and mend {key.scenario}.py.", role="user")
    last = "executor"
    for speaker, text in [
        ("coder", fenced("Here is a parameterised query instead of string formatting.", PROGRAM)),
        ("reviewer", "The cache key still lacks the user id (line 14).\n\nAPPROVED otherwise."),
        ("executor", ""),
    ]:
        tape.ask("manager", speaker, prompt="Who speaks next?", purpose="speaker_selection")
        tape.add(
            SpeakerSelection,
            manager="manager",
            method="auto",
            last_speaker=last,
            candidates=team,
            selected=speaker,
            model_calls=1,
        )
        last = speaker
        if speaker == "executor":
            tape.add(HumanInput, agent="executor", prompt="Run this code?", reply="yes")
            text = tape.run("executor", PROGRAM, fails=not passed)
        else:
            tape.ask(speaker, text, prompt="Review and mend it.")
        calls = (ToolCall(id="c1", name="lint", arguments='{"path": "cache.py"}'),)
        tape.say(speaker, "manager", text, tool_calls=calls if speaker == "reviewer" else ())
        if speaker == "reviewer":
            tape.add(ToolInvocation, agent="executor", name="lint", arguments="{}", call_id="c1")
            tape.add(ToolResult, agent="executor", name="lint", content="1 warning", call_id="c1")
    if not passed and generator.random() < 0.3:
        error = ExceptionInfo(type="builtins.KeyError", message="'revenu'", traceback=TRACEBACK)
        tape.end("error", "The team raised KeyError: 'revenu'", exception=error)
        return finished(tape, passed=False, first_try=False)
    tape.ask("manager", "The queries are safe now.", prompt="Summarise.", purpose="summary")
    reason = "termination_message" if passed else "max_round"
    tape.end(reason, "reviewer approved" if passed else "15 rounds were used up", agent="reviewer")
    return finished(tape, passed=passed, first_try=passed)


def finished(tape, *, passed, first_try):
    """Events and the scores that the built-in scorers would give."""
    end = tape.events[-1]
    runs = [event for event in tape.events if isinstance(event, CodeExecution)]
    good = [event for event in runs if event.exit_code == 0]
    accepted = end.reason == "termination_message"
    checks = [
        {"name": "totals_agree", "passed": passed, "reason": "812334.10", "value": None},
        {"name": "chart_is_not_blank", "passed": True, "reason": "", "value": None},
    ]
    if not passed:
        checks[0]["reason"] = "assert 801008.2 == 812334.1 (Widget A)"
    scores = (
        Score(
            scorer="termination",
            value=float(accepted),
            unit="share",
            passed=accepted,
            reason=f"ended by {end.reason}",
            evidence=(end.index,),
            details={"reason": end.reason, "accepted": accepted, "agent": end.agent},
        ),
        turns_score(tape),
        Score(
            scorer="code_success",
            value=len(good) / len(runs),
            unit="share",
            reason=f"{len(good)} of {len(runs)} blocks exited 0",
            evidence=tuple(event.index for event in runs),
            details={
                "blocks": len(runs),
                "succeeded": len(good),
                "first_try": first_try,
                "recovered": not first_try and bool(good),
                "last_ok": runs[-1].exit_code == 0,
            },
        ),
        Score(
            scorer="acceptance",
            value=(1 + passed) / 2,
            unit="share",
            passed=passed,
            reason=f"{1 + passed} of 2 checks passed",
            details={"checks": checks},
        ),
        cost_score(tape),
    )
    return tuple(tape.events), scores


def turns_score(tape):
    said = [event for event in tape.events if isinstance(event, Message)]
    by_agent = {name: sum(m.speaker == name for m in said) for name in {m.speaker for m in said}}
    return Score(
        scorer="turns",
        value=float(len(said)),
        unit="turns",
        reason=f"{len(said)} messages",
        details={"by_agent": dict(sorted(by_agent.items())), "repeated": [], "loops": []},
    )


def cost_score(tape):
    total = sum(tape.costs.values())
    tokens = {"prompt": 0, "cached": 0, "completion": 0, "reasoning": 0}
    for event in tape.events:
        if isinstance(event, ModelCall):
            tokens["prompt"] += event.usage.prompt_tokens
            tokens["cached"] += event.usage.cached_tokens
            tokens["completion"] += event.usage.completion_tokens
    return Score(
        scorer="cost",
        value=total,
        unit="usd",
        reason=f"{len(tape.costs)} calls",
        evidence=tuple(int(index) for index in tape.costs),
        details={
            "by_call": tape.costs,
            "by_model": {"scripted-1": total},
            "by_agent": {},
            "by_purpose": {},
            "tokens": tokens,
        },
    )
