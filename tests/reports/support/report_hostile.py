"""A run in which every text an agent or a suite controls tries to break out of the report."""

import msgspec
from report_logs import header, realistic_log

from harness.model.run import RunLog
from harness.model.sample import Artefact
from harness.model.score import Score, Unscored
from harness.model.transcript import (
    CodeExecution,
    ExceptionInfo,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolCall,
    ToolInvocation,
    ToolResult,
    Transcript,
)

# What each payload would do if it came alive is set document.title, open a dialog or
# knock at PORT. The second item is what a reader must see instead.
PAYLOADS = [
    ("<script>document.title='owned'</script>",) * 2,
    ("</script><script>document.title='owned'</script>",) * 2,
    ("</title></style></textarea></noscript><script>document.title='owned'</script>",) * 2,
    ("<img src=http://127.0.0.1:PORT/img onerror=\"document.title='owned'\">",) * 2,
    ("<svg onload=alert(1)><iframe srcdoc='<script>parent.document.title=1</script>'>",) * 2,
    ("[click](javascript:document.title='owned') javascript:alert(1)",) * 2,
    ("\" autofocus onfocus=document.title='owned' x=\"",) * 2,
    ("{{ 7 * 7 }}{% raw %}${document.title='owned'}",) * 2,
    ("<!--<script>",) * 2,
    ("\x1b]0;owned\x07\x1b[2J\x1b[31mred", "\u241b]0;owned\u2407\u241b[2J\u241b[31mred"),
    ("abc\u202edcba\u2066x\u2069", "abc[U+202E]dcba[U+2066]x[U+2069]"),
    ("line\u2028separator\x00nul\x9bcsi", "line[U+2028]separator\u2400nul[U+009B]csi"),
    ("lone \ud800 surrogate \udfff", "lone [U+D800] surrogate [U+DFFF]"),
    ("tags \U000e0041 zero\u200bwidth", "tags [U+E0041] zero[U+200B]width"),
    ("```js\n</code></pre><script>document.title='owned'</script>", "</code></pre><script>"),
]
ALL = "\n".join(raw for raw, _ in PAYLOADS)


def hostile_log(port=9):
    """One sample whose every text holds every payload, in a suite whose texts do too."""
    evil = ALL.replace("PORT", str(port))
    log = realistic_log(epochs=1, suites=("sales_report",))
    (suite,) = log.header.suites
    scenarios = tuple(
        msgspec.structs.replace(scenario, title=evil, task=evil, accept=(evil,))
        for scenario in suite.scenarios
    )
    configs = tuple(
        msgspec.structs.replace(config, model=evil, prompts={evil: evil})
        for config in suite.configs
    )
    suite = msgspec.structs.replace(
        suite, title=evil, description=evil, scenarios=scenarios, configs=configs
    )
    top = msgspec.structs.replace(
        header((suite,), log.header.plan), command=evil, platform=evil, run_id=evil
    )
    first, *others = log.samples
    return RunLog(header=top, samples=(hostile_sample(first, evil), *others))


def hostile_sample(sample, evil):
    """The sample with hostile events, scores, artefacts, failure and cassette."""
    error = ExceptionInfo(type=evil, message=evil, traceback=evil)
    check = {"name": evil, "passed": False, "reason": evil, "value": None}
    return msgspec.structs.replace(
        sample,
        transcript=Transcript(engine="autogen", engine_version=evil, events=events(evil, error)),
        scores=(
            Score(
                scorer=evil,
                value=0.0,
                unit="share",
                passed=False,
                reason=evil,
                details={"checks": [check], evil: evil},
            ),
            Unscored(scorer="cost", reason=evil),
        ),
        failure=error,
        status="error",
        cassette=msgspec.structs.replace(sample.cassette, path=evil, source=evil, misses=(evil,)),
        artefacts=(Artefact(path=evil, size_bytes=1, digest="d"),),
        sandbox=evil,
    )


def events(evil, error):
    """One event of each kind, every text of it hostile."""
    calls = (ToolCall(id=evil, name=evil, arguments=evil),)
    made = [
        (Message, {"speaker": evil, "recipient": evil, "content": evil, "tool_calls": calls}),
        (
            ModelCall,
            {
                "agent": evil,
                "purpose": "speaker_selection",
                "model_requested": evil,
                "model_answered": "another",
                "finish_reason": evil,
                "prompt": evil,
                "reply": evil,
                "tool_calls": calls,
                "error": error,
            },
        ),
        (
            CodeExecution,
            {
                "agent": evil,
                "language": evil,
                "code": evil,
                "exit_code": 1,
                "output": evil,
                "duration_seconds": 0.1,
                "sandbox": evil,
            },
        ),
        (ToolInvocation, {"agent": evil, "name": evil, "arguments": evil}),
        (ToolResult, {"agent": evil, "name": evil, "content": evil, "is_error": True}),
        (
            SpeakerSelection,
            {
                "manager": evil,
                "method": evil,
                "last_speaker": evil,
                "candidates": (evil,),
                "selected": evil,
            },
        ),
        (HumanInput, {"agent": evil, "prompt": evil, "reply": evil}),
        (Fault, {"agent": evil, "kind": evil, "detail": evil}),
        (Termination, {"reason": "error", "detail": evil, "agent": evil, "exception": error}),
    ]
    return tuple(
        kind(index=index, offset_seconds=0.1, **fields) for index, (kind, fields) in enumerate(made)
    )
