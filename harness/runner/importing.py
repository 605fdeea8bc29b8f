"""Imported conversations to a run log: named, scored without running anything, and kept."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness import plugins
from harness.capture import storable
from harness.errors import ImportFault, quoted
from harness.imports import find_files, read_document, read_mapping
from harness.logs import create_log, read_log
from harness.model.imported import NOT_RUN_HERE, ImportMapping, Origin
from harness.model.run import RunHeader, RunLog, ScenarioInfo, SuiteInfo
from harness.model.sample import SampleKey, SampleResult, decode_sample
from harness.model.scenario import AgentConfig, PythonReference, Scenario
from harness.model.score import Score, Unscored
from harness.model.team import FinishedSample
from harness.runner.header import new_run_id
from harness.runner.import_titles import titles_of_tasks
from harness.runner.redact import redacted, redacted_encoding, redacted_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.model.imported import ImportedConversation
    from harness.protocols import Importer

# Those that read the transcript alone.
_SCORERS = ("termination", "turns", "code_success", "cost", "labels")
# The format of a document that no importer recognises: it says what it had expected.
_USUAL = "autogen"
_ACCEPTED = ("termination_message",)
UNMAPPED = "No field of the file is mapped to 'correct'."


def import_run(source: Path, name: str | None, mapping: Path | None, runs_folder: Path) -> RunLog:
    """Import a file or a folder as one run.

    Args:
        source: A JSON file, or a folder of them.
        name: Entry-point name of the importer; None for the one that recognises each file.
        mapping: YAML that says which field holds what; None for the importer's own choice.
        runs_folder: Where run logs live.

    Returns:
        The run log, which is on disk too.

    Raises:
        HarnessError: If anything cannot be imported; then no run log is made.
    """
    rules = read_mapping(mapping) if mapping else ImportMapping()
    suite = _clean(rules.suite or source.resolve().stem, str(source))
    drafts = []
    for path in find_files(source):
        text, document = read_document(path)
        importer = _importer(name, document, str(path))
        read = importer.read(str(path), text, document, rules)
        drafts += [_Draft(path, importer.name, each, rules) for each in read]
    _refuse_parts(drafts)
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    titles = _titles(drafts)
    _tell_of_others(drafts)
    samples = [
        _sample(draft, key, titles, started_at)
        for draft, key in zip(*_keyed(drafts, suite), strict=True)
    ]
    store = create_log(runs_folder, _header(samples, drafts, suite, titles, started_at))
    try:
        for sample in samples:
            store.append(decode_sample(redacted_encoding(sample)))
    finally:
        store.close()
    return read_log(store.path)


def _importer(name: str | None, document: Any, where: str) -> Importer:
    """The importer of that name, or the one that recognises a document."""
    if name is not None:
        named: Importer = plugins.load("importers", name)()
        return named
    fitting = []
    for each in plugins.names("importers"):
        importer: Importer = plugins.load("importers", each)()
        if importer.recognises(document):
            fitting.append(importer)
    if len(fitting) > 1:
        raise ImportFault(
            f"{where}: this might be {' or '.join(each.name for each in fitting)}; say which with: "
            "--format NAME"
        )
    return fitting[0] if fitting else _importer(_USUAL, document, where)


def _refuse_parts(drafts: Sequence[_Draft]) -> None:
    """Refuse a conversation whose parts stand in several files."""
    places: dict[str, str] = {}
    for draft in drafts:
        for name in draft.conversation.identities:
            if places.setdefault(name, draft.where) != draft.where:
                raise ImportFault(
                    f"{draft.where}: the conversation {quoted(name)} has parts in {places[name]}, "
                    "too. Join the files, which may hold one JSON value after the other, and "
                    f"import that: cat {places[name]} {draft.where} > all.jsonl"
                )


class _Draft:
    """One conversation on its way to a sample, with the names its fields give it."""

    def __init__(
        self,
        path: Path,
        importer: str,
        conversation: ImportedConversation,
        rules: ImportMapping,
    ) -> None:
        values = conversation.values
        self.conversation = conversation
        self.where = storable(str(path))
        self.scenario_said = self._named("scenario", path.stem)
        self.scenario = _clean(self.scenario_said, self.where)
        self.config = _clean(self._named("config", rules.config), self.where)
        self.seed = self._named("seed", "") or None
        first = conversation.transcript.messages[:1]
        opening = first[0].content if first else ""
        self.task = str(values["task"]) if values.get("task") is not None else opening
        self.correctness = _correctness(values, self.where)
        self.origin = Origin(
            format=importer,
            path=self.where,
            document=conversation.document,
            seed=self.seed,
            notes=conversation.notes,
        )

    def _named(self, field: str, otherwise: str) -> str:
        value = self.conversation.values.get(field, otherwise)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ImportFault(
                f"{self.where}: fields.{field} is {quoted(value)}; a text or a number was expected."
            )
        return str(value)


def _clean(name: str, where: str) -> str:
    """A name as samples' keys may have it."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100]
    if not cleaned:
        raise ImportFault(
            f"{where}: no sample can be named {quoted(name)}: letters (a to z, A to Z), digits, "
            "'.', '_' or '-' were expected. Map another field with: --mapping FILE"
        )
    return cleaned


def _correctness(values: dict[str, Any], where: str) -> Score | Unscored:
    if "correct" not in values:
        return Unscored(scorer="correct", reason=UNMAPPED)
    value = values["correct"]
    if value is None:
        return Unscored(scorer="correct", reason="The file says null: it was not judged.")
    if value not in (0, 1):
        raise ImportFault(
            f"{where}: fields.correct is {quoted(value)}; true, false, 1, 0 or null was expected."
        )
    return Score(
        scorer="correct",
        value=float(value),
        unit="share",
        passed=bool(value),
        reason=f"The file says {msgspec.json.encode(value).decode()}; nothing was checked here.",
    )


def _keyed(drafts: Sequence[_Draft], suite: str) -> tuple[list[_Draft], list[SampleKey]]:
    """The drafts by scenario and config, each with its epoch: seeds, then files, in order."""
    said: dict[str, str] = {}
    for draft in drafts:
        if said.setdefault(draft.scenario, draft.scenario_said) != draft.scenario_said:
            raise ImportFault(
                f"{draft.where}: the scenarios {quoted(draft.scenario_said)} and "
                f"{quoted(said[draft.scenario])} would both be called {draft.scenario!r}. Map "
                "another field to 'scenario' with: --mapping FILE"
            )
    seeds: dict[tuple[str, str], list[_Draft]] = {}
    for draft in drafts:
        seeds.setdefault((draft.scenario, draft.config), []).append(draft)
    ordered, keys = [], []
    for (scenario, config), repeats in seeds.items():
        for epoch, draft in enumerate(sorted(repeats, key=_by_seed), 1):
            ordered.append(draft)
            keys.append(SampleKey(suite=suite, scenario=scenario, config=config, epoch=epoch))
    return ordered, keys


def _by_seed(draft: _Draft) -> tuple[int, str]:
    seed = draft.seed or ""
    return (len(seed), seed)


def _sample(
    draft: _Draft, key: SampleKey, titles: Mapping[str, str], started_at: str
) -> SampleResult:
    transcript = draft.conversation.transcript
    finished = FinishedSample(
        key=key,
        scenario=_scenario(draft, key, titles[key.scenario]),
        config=AgentConfig(name=key.config, engine=transcript.engine),
        transcript=transcript,
        # These scorers look at no file, and none of the user's belongs to the sample.
        workspace=Path("/nonexistent"),
        sandbox=plugins.load("sandboxes", "none")(),
    )
    end = transcript.termination_event
    failure = end.exception if end else None
    return SampleResult(
        key=key,
        status="error" if failure else "completed",
        mode="imported",
        transcript=transcript,
        scores=(draft.correctness, *_scores(finished)),
        failure=failure,
        origin=draft.origin,
        sandbox=NOT_RUN_HERE,
        started_at=started_at,
        duration_seconds=0.0,
    )


def _scores(finished: FinishedSample) -> Iterable[Score | Unscored]:
    for name in _SCORERS:
        score: Score | Unscored = plugins.load("scorers", name)().score(finished)
        if name == "termination" and finished.transcript.termination is None:
            reason = "The file does not tell why the conversation ended."
            score = Unscored(scorer=name, reason=reason)
        yield score


def _scenario(draft: _Draft, key: SampleKey, title: str) -> Scenario:
    return Scenario(
        name=key.scenario,
        suite=key.suite,
        title=title,
        task=draft.task,
        folder="",
        team=PythonReference(path="", attribute=""),
        accept=_ACCEPTED,
    )


def _header(
    samples: Sequence[SampleResult],
    drafts: Sequence[_Draft],
    suite: str,
    titles: Mapping[str, str],
    started_at: str,
) -> RunHeader:
    engine = samples[0].transcript.engine if samples else "autogen"
    configs = dict.fromkeys(sample.key.config for sample in samples)
    scenarios = {draft.scenario: draft for draft in reversed(drafts)}
    info = SuiteInfo(
        name=suite,
        title=suite,
        description="Imported: not run here, no cassette.",
        epochs=max((sample.key.epoch for sample in samples), default=1),
        baseline=None,
        scenarios=tuple(_info(draft, titles) for draft in reversed(scenarios.values())),
        configs=tuple(AgentConfig(name=name, engine=engine) for name in configs),
    )
    header = RunHeader(
        run_id=new_run_id(),
        started_at=started_at,
        mode="imported",
        command=storable(" ".join(["harness", *sys.argv[1:]])),
        harness_version=version("conversation-harness"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        sandbox=NOT_RUN_HERE,
        suites=(info,),
        plan=tuple(sample.key for sample in samples),
    )
    return redacted(header)


def _tell_of_others(drafts: Sequence[_Draft]) -> None:
    """Note with each whether any of them was judged."""
    if any(isinstance(draft.correctness, Score) for draft in drafts):
        for draft in drafts:
            draft.origin = msgspec.structs.replace(draft.origin, others_judged=True)


def _titles(drafts: Sequence[_Draft]) -> dict[str, str]:
    """What each scenario is called, where its name does not say it already: else its task.

    A name that is an id tells nobody anything, and told twice not more.
    """
    first = {draft.scenario: draft for draft in reversed(drafts)}
    said = {
        name: redacted_text(draft.scenario_said)[:200]
        for name, draft in first.items()
        if draft.scenario_said != name
    }
    # Redacted before they are cut: of half a key nobody knows what it is.
    untold = {name: redacted_text(draft.task) for name, draft in first.items() if name not in said}
    return titles_of_tasks(untold) | said


def _info(draft: _Draft, titles: Mapping[str, str]) -> ScenarioInfo:
    return ScenarioInfo(
        name=draft.scenario,
        title=titles[draft.scenario],
        task=draft.task,
        accept=_ACCEPTED,
        digest=hashlib.blake2b(draft.task.encode(), digest_size=12).hexdigest(),
    )
