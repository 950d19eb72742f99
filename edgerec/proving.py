"""What a bundle has to answer in its runtime before it is written, and what float32 answers there."""

from collections.abc import Mapping

import numpy as np

from device_tests.evaluation import Baseline
from edgerec import draft
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.targets.environment import RuntimePin


class NotProvedError(EdgerecError):
    """A bundle that does not answer as it should in the runtime that it was made for."""

    exit_code = 1


def replay(members: Mapping[str, bytes], runtime: RuntimePin, what: str, *, progress: Progress = silent) -> None:
    """Replay the golden outputs of `what`; raises NotProvedError when the runtime does not answer as they say."""
    report = draft.ask(members, runtime, ("golden",), progress=progress)
    if report.golden is None or not report.golden.held:
        reason = report.golden.reason if report.golden else "the harness reported no golden result"
        raise NotProvedError(f"{what} does not hold in {runtime}, so nothing was written: {reason}")


def baseline(members: Mapping[str, bytes], runtime: RuntimePin, *, progress: Progress = silent) -> Baseline:
    """Measure where a float32 model ranks the held-out items, and how many items it recommends.

    Raises NotProvedError when the runtime does not say.
    """
    report = draft.ask(members, runtime, ("quality",), progress=progress)
    quality = report.quality
    if quality is None:
        raise NotProvedError(f"the harness reported no quality of the float32 model in {runtime}")
    candidate_ranks = np.array(quality.candidate_ranks, np.int32) if quality.negatives else None
    return Baseline(np.array(quality.ranks, np.int32), candidate_ranks, np.array(quality.recommended_items, np.int32))
