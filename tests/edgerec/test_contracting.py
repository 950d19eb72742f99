from pathlib import Path

import pytest

from converters.errors import TableError
from converters.runtime_table import tables_of, to_json
from edgerec.contracting import ContractError, judged, read_subject, read_table

FIXTURES = Path(__file__).parents[1] / "fixtures"
OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"


def test_a_bundle_and_a_bare_tflite_are_judged_alike(tmp_path: Path, tiny_bundle: Path, tiny_tflite: bytes) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    bundle, bare = read_subject(tiny_bundle), read_subject(tmp_path / "tiny.tflite")
    assert (bool(bundle.runtime), bare.runtime) == (True, "")
    assert judged(bundle, OLD).findings == judged(bare, OLD).findings


def test_a_contract_is_true_unless_a_finding_is_an_error() -> None:
    subject = read_subject(FIXTURES / "history_garbage_on_2_14.tflite")
    assert not judged(subject, OLD)
    assert judged(subject, NEW)
    assert [one.runtime for one in judged(subject, OLD).tables] == [OLD] * len(tables_of(OLD))


def test_a_table_of_ones_own_takes_the_place_of_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(to_json(tables_of(OLD)[0]))
    subject = read_subject(FIXTURES / "history_garbage_on_2_14.tflite")
    assert not judged(subject, NEW, read_table(tmp_path / "t.json"))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"gone\.tflite: cannot be read"):
        read_subject(tmp_path / "gone.tflite")
    with pytest.raises(ContractError, match=r"gone\.json: cannot be read"):
        read_table(tmp_path / "gone.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(TableError, match=r"bad\.json is no table"):
        read_table(tmp_path / "bad.json")
