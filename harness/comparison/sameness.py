"""Whether two sides of a sample are the same, told by a digest that can be kept without them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from harness.comparison.pairs import code_end
from harness.comparison.parting import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.gate import SampleOutcome, SuiteOutcomes
    from harness.model.sample import SampleResult

# No model was asked, so that the same conversation is a fact about what replayed it.
_REPLAYS = frozenset({"replay", "mock"})


def conversation_digest(sample: SampleResult) -> str:
    """A digest of what is said, how it ended and how code fared.

    Of two samples with the same outcome it is the same exactly where a comparison of them calls
    the pair identical.

    Args:
        sample: A sample with a result.

    Returns:
        24 hexadecimal digits; "" if it did not complete or nobody said anything, as then nothing
        is known to be the same.
    """
    transcript = sample.transcript
    if sample.status != "completed" or not transcript.turns:
        return ""
    parts = [*map(said, transcript.messages), transcript.termination, code_end(sample)]
    return blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def samples_the_same(
    run: SuiteOutcomes, baseline: SuiteOutcomes, config: str
) -> Sequence[SampleOutcome]:
    """The samples of a config over the scenarios both have, if all are the same in both.

    The same is: as many, each with the same conversation and outcome, and that no model was asked
    in the run, or that it is its own baseline. Of a live run the same words, which may be few,
    are a sample of what it could have said, and leave what any sample leaves open.

    Args:
        run: What is judged.
        baseline: What it is compared with.
        config: One config.
    """
    if run.mode not in _REPLAYS and run.run_id != baseline.run_id:
        return ()
    shared = {s.scenario for s in run.samples} & {s.scenario for s in baseline.samples}
    now, before = (
        {
            (each.scenario, each.epoch): each
            for each in side.samples
            if each.config == config and each.scenario in shared
        }
        for side in (run, baseline)
    )
    if now.keys() != before.keys():
        return ()
    is_same = all(_is_same(each, before[key]) for key, each in now.items())
    return tuple(now.values()) if is_same else ()


def _is_same(one: SampleOutcome, other: SampleOutcome) -> bool:
    return (
        bool(one.conversation)
        and one.conversation == other.conversation
        and one.outcome == other.outcome
    )
