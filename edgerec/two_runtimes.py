"""One bundle in two runtimes: what each reports, and whether they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_tests import bundle
from device_tests.agreement import Agreement, agree
from device_tests.evaluation import from_npy
from device_tests.ranking import Ids, Scores, overlap
from device_tests.report import DeviceReport
from edgerec.progress import Progress, silent
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import LISTS, SCORES, Job

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
        """How far recall at the length of the lists is apart over all test users."""
        first, second = (one.quality.metric("recall", one.quality.k) for one in self.reports if one.quality)
        return abs(first - second)

    @property
    def agree(self) -> bool:
        """The runtimes agree: on the scores, and on recall to less than 0.002."""
        return self.agreement.held and self.recall_difference < RECALL_APART


def in_both(
    path: Path, runtimes: tuple[RuntimePin, RuntimePin], *, only: Sequence[str] = (), progress: Progress = silent
) -> InBoth:
    """Run a bundle in two runtimes; `only` are phases of the harness, golden and quality among them, all when empty.

    Raises RunError where a runtime gives no report, or the bundle has no golden outputs or evaluation set.
    """
    manifest = bundle.read(path).manifest
    (report_a, lists_a, scores_a), (report_b, lists_b, scores_b) = (
        _answer(path, runtime, only, progress) for runtime in runtimes
    )
    agreement = agree(scores_a, scores_b, manifest.k, manifest.tolerance)
    return InBoth((report_a, report_b), (lists_a, lists_b), agreement)


def _answer(
    path: Path, runtime: RuntimePin, only: Sequence[str], progress: Progress
) -> tuple[DeviceReport, Ids, Scores]:
    ran = local.run(Job(path, runtime, only=tuple(only), lists=True, scores=True), progress=progress)
    lists = from_npy(ran.lists or b"", LISTS, "<i4", (None, None)).view(np.int32)
    return ran.report, lists, from_npy(ran.scores or b"", SCORES, "<f4", (None, None))
