from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from device_tests import bundle as bundle_format
from edgerec.contracting import ContractError, judged, read_subject
from edgerec.replaying import replayed
from edgerec.targets import environment

FIXTURES = Path(__file__).parents[1] / "fixtures"
OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
Rebuilt = Callable[..., dict[str, bytes]]


def test_a_bare_tflite_has_nothing_to_replay() -> None:
    subject = read_subject(FIXTURES / "history_float32.tflite")
    with pytest.raises(ContractError, match="no bundle and has no golden outputs"):
        replayed(judged(subject, OLD), subject, environment.parse(OLD))


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_golden_outputs_that_hold_add_nothing(tiny_bundle: Path, runtime: str) -> None:
    subject = read_subject(tiny_bundle)
    contract = replayed(judged(subject, runtime), subject, environment.parse(runtime))
    assert contract.replayed
    assert contract.findings == judged(subject, runtime).findings


def test_golden_outputs_that_do_not_hold_are_an_error(tmp_path: Path, rebuilt: Rebuilt, maker: object) -> None:
    path = tmp_path / "garbage.edgerec"
    bundle_format.write(path, rebuilt({bundle_format.MODEL: maker.history_hybrid(version=12, rows=True)}))  # type: ignore[attr-defined]
    subject = read_subject(path)
    (found, *_) = replayed(judged(subject, OLD), subject, environment.parse(OLD)).findings
    assert (found.rule, found.level, found.evidence.runtime) == ("golden-missed", "error", OLD)


def test_golden_outputs_of_another_model_do_not_hold(tmp_path: Path, rebuilt: Rebuilt, tiny_model: Any) -> None:
    other = replace(tiny_model, dense=tiny_model.dense[::-1].copy())
    bundle_format.write(tmp_path / "other.edgerec", rebuilt({bundle_format.MODEL: other.tflite()}))
    subject = read_subject(tmp_path / "other.edgerec")
    assert judged(subject, OLD)
    contract = replayed(judged(subject, OLD), subject, environment.parse(OLD))
    assert not contract
    (found,) = contract.findings
    assert (found.rule, found.op) == ("golden-missed", "the whole model")
    assert found.evidence.seen
