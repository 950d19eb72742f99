from collections.abc import Callable
from pathlib import Path

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
