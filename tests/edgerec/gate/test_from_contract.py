"""The limit `contract`: one check for each thing that the runtime which ships would refuse or answer wrongly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device_tests import bundle as bundle_format
from device_tests.report import DeviceReport
from edgerec.gate.budget import Budget, limit
from edgerec.gate.check import check
from edgerec.gate.from_reports import Expected
from edgerec.gate.verdict import Check
from edgerec.model_file import read_model_file

FIXTURES = Path(__file__).parents[2] / "fixtures"
OLD, NEW = Expected("tflite-runtime==2.14.0"), Expected("ai-edge-litert==2.3.0")
CONTRACT = Budget((limit("contract", True, "edgerec.toml:3"),))


def checked(name: str, expected: Expected) -> tuple[Check, ...]:
    found = check(read_model_file(FIXTURES / f"{name}.tflite"), {}, CONTRACT, expected=expected)
    return tuple(one for one in found.checks if one.name == "contract")


def test_garbage_is_missed_on_2_14_with_rule_evidence_and_remedy_and_held_on_litert() -> None:
    (missed,) = checked("history_garbage_on_2_14", OLD)
    assert missed.held is False
    assert missed.reason.startswith("wrong-answers: FULLY_CONNECTED 1: asked with INT8 per row weights")
    assert missed.source.startswith("tflite-runtime==2.14.0 on linux_")
    assert "--precision dynamic_int8" in missed.remedy
    assert missed.where == "edgerec.toml:3"
    (held,) = checked("history_garbage_on_2_14", NEW)
    assert (held.held, held.reason) == (True, "")


def test_every_error_is_a_check_of_its_own() -> None:
    found = checked("unknown_op", OLD)
    assert [(one.held, one.reason.partition(":")[0]) for one in found] == [(False, "flex-op"), (False, "custom-op")]


def test_without_a_runtime_or_a_table_it_is_unproven() -> None:
    (nowhere,) = checked("history_float32", Expected())
    assert (nowhere.held, nowhere.reason) == (None, "no runtime is named that it ships on")
    (untold,) = checked("history_float32", Expected("tflite-runtime==2.13.0"))
    assert untold.held is None
    assert "there is no table of tflite-runtime==2.13.0" in untold.reason


def test_a_bundle_is_asked_of_its_own_runtime(tiny_bundle: Path) -> None:
    found = check(read_model_file(tiny_bundle), {}, CONTRACT)
    (held,) = (one for one in found.checks if one.name == "contract")
    assert held.held
    assert held.source.startswith("tflite-runtime==2.14.0 on ")


@pytest.mark.parametrize("replayed", [True, False])
def test_what_no_table_knows_is_unproven_unless_golden_outputs_held_in_that_runtime(
    replayed: bool,
    maker: Any,
    tmp_path: Path,
    rebuilt: Callable[..., dict[str, bytes]],
    report_of: Callable[..., DeviceReport],
) -> None:
    bundle_format.write(tmp_path / "m.edgerec", rebuilt({bundle_format.MODEL: maker.history_hybrid(version=99)}))
    file = read_model_file(tmp_path / "m.edgerec")
    reports = {"r.json": report_of(file.bundle)} if replayed else {}
    (found,) = (one for one in check(file, reports, CONTRACT, expected=OLD).checks if one.name == "contract")
    assert found.held is (True if replayed else None)
    if not replayed:
        assert found.reason.startswith("op-unknown: FULLY_CONNECTED 99")
        assert "bench" in found.remedy
