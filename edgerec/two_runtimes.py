"""One bundle in two runtimes: what each reports, and whether they agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_tests import bundle
from device_tests.agreement import Agreement, agree
from device_tests.evaluation import from_npy
from device_tests.manifest import Manifest
from device_tests.ranking import Ids, overlap
from device_tests.report import DeviceReport
from edgerec.progress import Progress, silent
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import LISTS, SCORES, Job, Ran
from edgerec.targets.target import RunError

RECALL_APART = 0.002
"""The difference in recall over all test users from which on two runtimes disagree."""


@dataclass(frozen=True, eq=False)
class InBoth:
    """What two runtimes said of one bundle: reports, every test user's list, and how far their scores are apart.

    `agreement` is over the golden users that have decoded scores, items that they have seen among them.
    """

    reports: tuple[DeviceReport, DeviceReport]
    lists: tuple[Ids, Ids]
    agreement: Agreement

    @property
    def golden_held(self) -> tuple[bool, bool]:
        """Whether the golden outputs hold, runtime by runtime."""
        first, second = (one.golden is not None and one.golden.held for one in self.reports)
        return first, second

    @property
    def overlap(self) -> float:
        """Mean share of the lists in common over all test users."""
        return float(overlap(*self.lists).mean())

    @property
    def identical_lists(self) -> float:
        """Share of all test users whose lists are equal to the last place."""
        return float((self.lists[0] == self.lists[1]).all(axis=1).mean())

    @property
    def recall_difference(self) -> float:
        """How far recall at the length of the lists is apart over all test users, NaN where one asked only some."""
        first, second = (one.quality for one in self.reports)
        if first is None or second is None or first.sample_of is not None or second.sample_of is not None:
            return math.nan
        return abs(first.metric("recall", first.k) - second.metric("recall", second.k))

    @property
    def agree(self) -> bool:
        """The runtimes agree: on the scores, and where both asked everyone on recall to less than 0.002."""
        difference = self.recall_difference
        return self.agreement.held and (math.isnan(difference) or difference < RECALL_APART)


def in_both(
    path: Path, runtimes: tuple[RuntimePin, RuntimePin], *, only: Sequence[str] = (), progress: Progress = silent
) -> InBoth:
    """Run a bundle in two runtimes; `only` are phases of the harness, golden and quality among them, all when empty.

    Raises RunError where a runtime gives no report, or scores that are no numbers, or where the bundle has no golden
    outputs or evaluation set.
    """
    first, second = (
        local.run(Job(path, runtime, only=tuple(only), lists=True, scores=True), progress=progress)
        for runtime in runtimes
    )
    for ran, runtime in zip((first, second), runtimes, strict=True):
        if ran.lists is None:
            reason = "" if ran.report.golden is None else f": {ran.report.golden.reason}"
            raise RunError(f"{path.name} ranks nothing in {runtime}{reason}. Convert it for this runtime.")
    return compared(first, second, bundle.read(path).manifest)


def compared(first: Ran, second: Ran, manifest: Manifest) -> InBoth:
    """Compare what two runs with lists and scores gave of one bundle.

    Where one asked only some of the users, evenly spaced as EvaluationSet.sample has them, the lists of those are
    compared.
    """
    lists_a, lists_b = (
        from_npy(one.lists or b"", LISTS, "<i4", (None, None)).view(np.int32) for one in (first, second)
    )
    scores_a, scores_b = (from_npy(one.scores or b"", SCORES, "<f4", (None, None)) for one in (first, second))
    agreement = agree(scores_a, scores_b, manifest.k, manifest.tolerance)
    users = min(len(lists_a), len(lists_b))
    lists = _sampled(lists_a, users), _sampled(lists_b, users)
    return InBoth((first.report, second.report), lists, agreement)


def _sampled(rows: Ids, users: int) -> Ids:
    return rows[np.arange(users) * len(rows) // users]
