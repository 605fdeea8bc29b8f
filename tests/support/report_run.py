"""Runs of many conversations whose every message is worded anew, as a model would."""

import random

from harness.model.requests import RequestMessage, RequestTable
from harness.model.run import RunHeader, RunLog, ScenarioInfo, SuiteInfo
from harness.model.sample import SampleKey, SampleResult
from harness.model.scenario import AgentConfig
from harness.model.score import Score
from harness.model.transcript import (
    CodeExecution,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    Transcript,
    Usage,
)

_SYLLABLES = [
    "re",
    "con",
    "de",
    "ta",
    "lu",
    "mi",
    "so",
    "ver",
    "ra",
    "ting",
    "ser",
    "al",
    "pro",
    "ne",
    "ko",
    "ba",
    "sti",
    "um",
    "er",
    "in",
]
_AGENTS = ("executor", "coder", "reviewer")
_EPOCHS = 25
_CONFIGS = ("brief-t0.2", "brief-t1.0", "careful-t0.2", "careful-t1.0")


class Writer:
    """Sentences of made-up words; common ones come often, as in any language."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self._words = ["".join(self._chance.choices(_SYLLABLES, k=n % 4 + 1)) for n in range(4000)]
        self._weights = [1 / (rank + 3) for rank in range(len(self._words))]
        self._sentences = [self._sentence() for _ in range(400)]

    def _sentence(self):
        words = self._chance.choices(self._words, self._weights, k=self._chance.randrange(6, 18))
        return " ".join(words).capitalize() + "."

    def text(self, sentences):
        """Two in three sentences are phrases that this author uses again."""
        return " ".join(
            self._chance.choice(self._sentences)
            if self._chance.random() < 2 / 3
            else self._sentence()
            for _ in range(sentences)
        )

    def code(self):
        names = self._chance.choices(self._words[200:], k=3)
        lines = [f"total_{name} = sum(row['{name}'] for row in rows)" for name in names]
        return "import csv\n\nrows = list(csv.DictReader(open('sales.csv')))\n" + "\n".join(lines)

    def is_lucky(self, chance):
        return self._chance.random() < chance


def run_of(conversations, turns):
    """A run log of that many conversations of so many turns each, a hundred of a scenario."""
    scenarios = -(-conversations // (_EPOCHS * len(_CONFIGS)))
    keys = [
        SampleKey(suite="bench", scenario=f"task_{number:03}", config=config, epoch=epoch)
        for number in range(scenarios)
        for config in _CONFIGS
        for epoch in range(1, _EPOCHS + 1)
    ][:conversations]
    writer = Writer(seed=7)
    header = RunHeader(
        run_id="bench",
        started_at="",
        mode="replay",
        command="",
        harness_version="0.1.0",
        python="",
        platform="",
        sandbox="none",
        suites=(_suite(scenarios),),
        plan=tuple(keys),
    )
    return RunLog(header=header, samples=tuple(_sample(key, turns, writer) for key in keys))


def _suite(scenarios):
    return SuiteInfo(
        name="bench",
        title="Benchmark",
        description="",
        epochs=_EPOCHS,
        baseline=None,
        scenarios=tuple(
            ScenarioInfo(name=f"task_{n:03}", title="Task", task="", accept=(), digest="d")
            for n in range(scenarios)
        ),
        configs=tuple(AgentConfig(name=name, model="m", temperature=0.2) for name in _CONFIGS),
    )


def _sample(key, turns, writer):
    events = []
    _converse(events, turns, writer, Asking(key.config))
    passed = writer.is_lucky(0.6)
    _add(events, Termination, reason="termination_message", detail="It was said.")
    cost = {str(event.index): 0.0005 for event in events if isinstance(event, ModelCall)}
    scores = (
        Score(
            scorer="acceptance", value=float(passed), unit="share", passed=passed, reason="1 check"
        ),
        Score(scorer="turns", value=float(turns), unit="turns", reason=f"{turns} turns"),
        Score(scorer="cost", value=0.01, unit="usd", reason="priced", details={"by_call": cost}),
    )
    return SampleResult(
        key=key,
        status="completed",
        mode="replay",
        transcript=Transcript(engine="mock", engine_version="mock", events=tuple(events)),
        scores=scores,
        started_at="2026-11-20T10:15:01Z",
        duration_seconds=1.5,
    )


class Asking:
    """What a group chat sends its models: a system message, all that was said, a question."""

    def __init__(self, config):
        self._config = config
        self._table = RequestTable()

    def fields(self, events, agent, purpose, prompt):
        """The fields of a call that hold its request."""
        system = f"You are the {agent}. Work the way the config {self._config} says, step by step."
        sent = [RequestMessage(role="system", content=system)]
        for event in events:
            if isinstance(event, Message):
                role = "assistant" if event.speaker == agent else "user"
                sent.append(RequestMessage(role=role, name=event.speaker, content=event.content))
        if purpose != "reply":
            sent.append(RequestMessage(role="system", content=prompt))
        kept = self._table.enter(sent)
        return {"prompt": prompt, "prompt_messages": len(sent), **kept}


def _converse(events, turns, writer, asking):
    last = writer.text(4)
    _add(events, Message, speaker="executor", recipient="manager", content=last)
    for turn in range(1, turns):
        speaker = _AGENTS[turn % 3]
        prompt = "Select the next role."
        sent = asking.fields(events, "manager", "speaker_selection", prompt)
        _call(events, "manager", "speaker_selection", sent, speaker, turn)
        _add(
            events,
            SpeakerSelection,
            manager="manager",
            method="auto",
            last_speaker=_AGENTS[(turn - 1) % 3],
            candidates=_AGENTS,
            selected=speaker,
            model_calls=1,
        )
        last = _turn(events, speaker, last, turn, writer, asking)
        _add(events, Message, speaker=speaker, recipient="manager", content=last)


def _turn(events, speaker, last, turn, writer, asking):
    if speaker == "executor":
        block = last.split("```")[1].removeprefix("python\n") if "```" in last else "print(1)"
        output = writer.text(1)
        _add(
            events,
            CodeExecution,
            agent="executor",
            language="python",
            code=block,
            exit_code=0,
            output=output,
            duration_seconds=0.1,
        )
        return f"exitcode: 0 (execution succeeded)\nCode output: {output}"
    text = writer.text(3)
    if speaker == "reviewer":
        text += f"\n\n```python\n{writer.code()}\n```"
    _call(events, speaker, "reply", asking.fields(events, speaker, "reply", last), text, turn)
    return text


def _call(events, agent, purpose, sent, reply, turn):
    usage = Usage(prompt_tokens=400 + 37 * turn, completion_tokens=len(reply) // 4)
    _add(
        events,
        ModelCall,
        agent=agent,
        purpose=purpose,
        model_requested="m",
        model_answered="m",
        usage=usage,
        finish_reason="stop",
        latency_seconds=0.5,
        reply=reply,
        **sent,
    )


def _add(events, kind, **fields):
    events.append(kind(index=len(events), offset_seconds=0.1, **fields))
