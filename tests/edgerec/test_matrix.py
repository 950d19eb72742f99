"""Which runtimes an app may use, from what each gave."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import to_npy
from device_tests.report import DeviceReport, GoldenResult
from edgerec.matrix import by_age, matrix, oldest
from edgerec.report.matrix_text import matrix_json, matrix_text
from edgerec.targets.environment import RuntimePin
from edgerec.targets.fleet.fleet import Member, Outcome
from edgerec.targets.job import Job, Ran
from edgerec.targets.local import Local

OWN = RuntimePin("tflite-runtime", "2.14.0")
OLD, NEW, NEWEST = (RuntimePin("ai-edge-litert", version) for version in ("1.2.0", "2.3.0", "2.10.0"))
PINS = (OWN, OLD, NEW, NEWEST)
MEMBERS = tuple(Member("local", Local(), Job(Path("b.edgerec"), pin), by_runtime=True) for pin in PINS)
SCORES = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return bundle_format.read(tiny_bundle)


@pytest.fixture
def ran(report_of: Callable[..., DeviceReport], bundle: Bundle) -> Callable[..., Ran]:
    def make(scores: np.ndarray = SCORES, *, held: bool = True) -> Ran:
        report = report_of(bundle)
        assert isinstance(report.golden, GoldenResult)
        golden = replace(report.golden, held=held, reason="" if held else "overlap 0.1")
        lists = np.argsort(-scores, axis=1, kind="stable")[:, :10].astype(np.int32)
        return Ran(replace(report, golden=golden), to_npy(lists), to_npy(scores))

    return make


def test_an_app_may_use_what_loads_holds_and_agrees(ran: Callable[..., Ran], bundle: Bundle) -> None:
    came = [
        Outcome(MEMBERS[3], ran(-SCORES)),
        Outcome(MEMBERS[0], ran()),
        Outcome(MEMBERS[1], None, "the harness was killed by SIGSEGV in phase load"),
        Outcome(MEMBERS[2], ran()),
    ]
    tried = matrix(MEMBERS, came, bundle)
    assert [one.runtime for one in tried] == list(PINS)
    assert [one.loads for one in tried] == [True, False, True, True]
    assert [one.usable for one in tried] == [True, False, True, False]
    assert oldest(tried) == OWN
    assert oldest(tried[1:]) == NEW
    assert oldest(tried[1:2]) is None


def test_each_target_is_compared_with_its_own_and_has_its_own_oldest(ran: Callable[..., Ran], bundle: Bundle) -> None:
    board = tuple(replace(one, name="board") for one in MEMBERS[:2])
    runs = (ran(), ran(-SCORES), ran(-SCORES), ran(-SCORES))
    asked = (*MEMBERS[:2], *board)
    tried = matrix(asked, [Outcome(one, run) for one, run in zip(asked, runs, strict=True)], bundle)
    assert [(one.target, one.usable) for one in tried] == [
        ("local", True),
        ("local", False),
        ("board", True),
        ("board", True),
    ]
    assert matrix_text(tried).count("the oldest that an app may use: tflite-runtime==2.14.0") == 2


def test_golden_outputs_that_do_not_hold_forbid_a_runtime_that_agrees(ran: Callable[..., Ran], bundle: Bundle) -> None:
    tried = matrix(MEMBERS, [Outcome(MEMBERS[0], ran()), Outcome(MEMBERS[1], ran(held=False))], bundle)
    assert (tried[1].row.agrees, tried[1].usable) == (True, False)


def test_of_a_runtime_that_could_not_be_had_nothing_is_said(ran: Callable[..., Ran], bundle: Bundle) -> None:
    no_wheel = Outcome(MEMBERS[0], None, "tflite-runtime==2.14.0 has no wheel for cp312", began=False)
    tried = matrix(MEMBERS, [no_wheel, Outcome(MEMBERS[1], ran()), Outcome(MEMBERS[2], ran(held=False))], bundle)
    assert [(one.loads, one.usable) for one in tried] == [(None, None), (True, None), (True, False)]
    assert oldest(tried) is None
    text = matrix_text(tried)
    assert "tflite-runtime==2.14.0: tflite-runtime==2.14.0 has no wheel for cp312" in text
    assert "the runtime that the bundle was made for gave no answer to compare with" in text
    assert text.endswith("no runtime that was tried may be used")


def test_runtimes_are_ordered_by_age_and_not_by_their_letters() -> None:
    assert by_age((NEWEST, NEW, OWN, OLD)) == PINS


def test_the_table_says_why_a_runtime_may_not_be_used_and_the_oldest_that_may(
    ran: Callable[..., Ran], bundle: Bundle
) -> None:
    came = [Outcome(one, run) for one, run in zip(MEMBERS, (ran(held=False), ran(), ran(-SCORES)), strict=False)]
    tried = matrix(MEMBERS, came, bundle)
    lines = matrix_text(tried).splitlines()
    assert lines[0] == "on local"
    assert lines[2].split()[:5] == ["tflite-runtime==2.14.0", "(made", "for", "it)", "yes"]
    assert "tflite-runtime==2.14.0: golden outputs do not hold: overlap 0.1" in lines
    assert any(one.startswith("ai-edge-litert==2.3.0: does not agree with the runtime that the") for one in lines)
    assert lines[-1] == "the oldest that an app may use: ai-edge-litert==1.2.0"
    value = matrix_json(tried, None, {})
    assert value["oldest"] == {"local": "ai-edge-litert==1.2.0"}
    assert [one["usable"] for one in value["runtimes"]] == [False, True, False]  # type: ignore[attr-defined]
