"""One tiny bundle in both real runtimes, and what of their answers counts as agreement."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle
from device_tests.agreement import Agreement
from device_tests.evaluation import to_npy
from device_tests.report import DeviceReport, Quality
from edgerec.targets import environment, local
from edgerec.targets.job import Job
from edgerec.targets.target import RunError
from edgerec.two_runtimes import InBoth, compared, in_both

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
SAME = Agreement(0.0, 1.0, True, 1.0, 0.01)
PHASES = ("golden", "quality")


def test_both_runtimes_answer_and_agree_on_a_float32_bundle(tiny_bundle: Path) -> None:
    both = in_both(tiny_bundle, RUNTIMES, only=PHASES)
    assert [one.board.runtime for one in both.reports] == [one.name for one in RUNTIMES]
    assert both.golden_held == (True, True)
    assert both.lists[0].shape == both.lists[1].shape == (12, 10)
    assert (both.overlap, both.identical_lists, both.recall_difference) == (1.0, 1.0, 0.0)
    assert both.agreement.largest_difference < 1e-5
    assert both.agree


def test_runtimes_are_not_compared_by_quality_alone(tiny_bundle: Path) -> None:
    with pytest.raises(RunError, match="golden outputs were not replayed"):
        in_both(tiny_bundle, RUNTIMES, only=("quality",))


@pytest.fixture
def answered(report_of: Callable[..., DeviceReport], tiny_tflite: bytes, tiny_quality: Quality) -> InBoth:
    """Two runtimes that said the same of the tiny bundle."""
    report = report_of(tiny_tflite, quality=tiny_quality)
    lists = np.arange(4, dtype=np.int32).reshape(2, 2)
    return InBoth((report, report), (lists, lists), SAME)


def test_overlap_counts_items_and_identical_lists_their_order(answered: InBoth) -> None:
    first, _ = answered.lists
    other = np.array([[1, 0], [2, 9]], np.int32)
    both = replace(answered, lists=(first, other))
    assert (both.overlap, both.identical_lists) == (0.75, 0.0)


def test_runtimes_disagree_by_their_scores_or_by_the_recall_of_one_user(
    answered: InBoth, tiny_quality: Quality
) -> None:
    assert answered.agree
    assert not replace(answered, agreement=replace(SAME, overlap=0.97)).agree
    report = answered.reports[0]
    inside = next(place for place, rank in enumerate(tiny_quality.ranks) if rank <= tiny_quality.k)
    ranks = tuple(40 if place == inside else rank for place, rank in enumerate(tiny_quality.ranks))
    worse = replace(answered, reports=(report, replace(report, quality=replace(tiny_quality, ranks=ranks))))
    assert worse.recall_difference == pytest.approx(1 / 12)
    assert not worse.agree


def test_of_a_sample_of_the_users_only_their_lists_count_and_no_recall(
    tiny_bundle: Path, tiny_quality: Quality
) -> None:
    runs = [local.run(Job(tiny_bundle, one, only=PHASES, lists=True, scores=True)) for one in RUNTIMES]
    manifest = bundle.read(tiny_bundle).manifest
    some = np.load(io.BytesIO(runs[1].lists or b""))[np.arange(5) * 12 // 5]
    asked = replace(tiny_quality, users=5, offsets=tuple(range(6)), ranks=(40,) * 5, segments={}, sample_of=12)
    part = replace(runs[1], report=replace(runs[1].report, quality=asked), lists=to_npy(some))
    both = compared(runs[0], part, manifest)
    assert both.lists[0].shape == both.lists[1].shape == (5, 10)
    assert (both.overlap, both.identical_lists) == (1.0, 1.0)
    assert math.isnan(both.recall_difference)
    assert both.agree
    assert compared(part, runs[0], manifest).agree
    assert not compared(runs[0], replace(part, scores=to_npy(-np.load(io.BytesIO(part.scores or b"")))), manifest).agree


def test_golden_outputs_that_were_not_replayed_do_not_hold(answered: InBoth) -> None:
    assert answered.golden_held == (False, False)
