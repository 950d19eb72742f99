"""Rows of a fleet from what devices of one bundle may say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import to_npy
from device_tests.report import DeviceReport, GoldenResult
from edgerec.fleet_rows import comparable, fleet_rows
from edgerec.targets import environment
from edgerec.targets.fleet.fleet import Member, Outcome
from edgerec.targets.job import Job, Ran
from edgerec.targets.local import Local

SCORES = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)
LISTS = np.argsort(-SCORES, axis=1)[:, :10].astype(np.int32)
JOB = Job(Path("b.edgerec"), environment.DEFAULT)
NAMES = ("a", "b", "c", "d")
MEMBERS = tuple(Member(name, Local(), JOB) for name in NAMES)


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return bundle_format.read(tiny_bundle)


@pytest.fixture
def ran(report_of: Callable[..., DeviceReport], bundle: Bundle) -> Callable[..., Ran]:
    """Make a run whose scores are as given, with a report that is changed."""

    def make(scores: np.ndarray = SCORES, **changes: object) -> Ran:
        lists = np.argsort(-scores, axis=1, kind="stable")[:, :10].astype(np.int32)
        return Ran(report_of(bundle, **changes), to_npy(lists), to_npy(scores))

    return make


def test_runs_are_compared_with_the_first_that_answered_in_the_order_asked(
    ran: Callable[..., Ran], bundle: Bundle
) -> None:
    came = [
        Outcome(MEMBERS[2], ran(-SCORES)),
        Outcome(MEMBERS[1], ran()),
        Outcome(MEMBERS[3], ran()),
        Outcome(MEMBERS[0], None, "the board went away"),
    ]
    rows = fleet_rows(MEMBERS, came, bundle)
    assert [one.labels for one in rows] == [("a",), ("b",), ("c",), ("d",)]
    assert [one.agrees for one in rows] == [None, None, False, True]
    assert (rows[0].report, rows[0].why, rows[0].golden_held) == (None, "the board went away", None)
    assert rows[3].beside is not None
    assert rows[3].beside.identical_lists == 1.0


def test_scores_that_are_no_numbers_do_not_agree_and_say_why(ran: Callable[..., Ran], bundle: Bundle) -> None:
    broken = SCORES.copy()
    broken[0, 0] = np.nan
    rows = fleet_rows(MEMBERS, [Outcome(MEMBERS[0], ran()), Outcome(MEMBERS[1], ran(broken))], bundle)
    assert (rows[1].agrees, rows[1].incomparable) == (False, "scores that are not finite cannot be compared")


def test_what_brought_no_lists_is_not_called_different(ran: Callable[..., Ran], bundle: Bundle) -> None:
    alone = replace(ran(), lists=None)
    rows = fleet_rows(MEMBERS, [Outcome(MEMBERS[0], ran()), Outcome(MEMBERS[1], alone)], bundle)
    assert rows[1].agrees is None
    assert fleet_rows(MEMBERS, [Outcome(MEMBERS[0], ran()), Outcome(MEMBERS[1], ran())], None)[1].agrees is None


def test_emulated_targets_that_say_the_same_are_one_row_and_measured_ones_never(
    ran: Callable[..., Ran], bundle: Bundle
) -> None:
    emulated = {"provenance": "emulated", "latency": None, "memory": None}
    other = SCORES.copy()
    other[0, 0] += 1e-6
    runs = (ran(**emulated), ran(**emulated), ran(other, **emulated), ran())
    rows = fleet_rows(MEMBERS, [Outcome(one, run) for one, run in zip(MEMBERS, runs, strict=True)], bundle)
    assert [one.labels for one in rows] == [("a", "b"), ("c",), ("d",)]
    measured = fleet_rows(MEMBERS, [Outcome(MEMBERS[0], ran()), Outcome(MEMBERS[1], ran())], bundle)
    assert len(measured) == 2


def test_emulated_targets_of_different_golden_results_are_two_rows(ran: Callable[..., Ran], bundle: Bundle) -> None:
    whole = ran(provenance="emulated")
    golden = whole.report.golden
    assert isinstance(golden, GoldenResult)
    apart = replace(whole, report=replace(whole.report, golden=replace(golden, largest_difference=1e-7)))
    assert len(fleet_rows(MEMBERS, [Outcome(MEMBERS[0], whole), Outcome(MEMBERS[1], apart)], bundle)) == 2


@pytest.mark.parametrize(
    ("only", "lists", "scores"),
    [((), True, True), (("quality",), True, False), (("golden", "latency"), False, True), (("latency",), False, False)],
)
def test_a_job_brings_back_what_its_phases_have_to_compare(
    bundle: Bundle, only: tuple[str, ...], lists: bool, scores: bool
) -> None:
    job = comparable(replace(JOB, only=only), bundle)
    assert (job.lists, job.scores) == (lists, scores)


def test_nothing_is_asked_of_a_bundle_without_golden_scores_or_of_a_bare_tflite(bundle: Bundle) -> None:
    assert comparable(JOB, None) == JOB
    members = {name: data for name, data in bundle.members.items() if "golden" not in name}
    assert not comparable(JOB, replace(bundle, members=members)).scores
