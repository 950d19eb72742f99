import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from converters.runtime_table import tables_of, to_json
from converters.weight_use import WeightUse
from edgerec import asking

FIXTURES = Path(__file__).parents[2] / "fixtures"
OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
Edgerec = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def garbage(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIXTURES / "history_garbage_on_2_14.tflite", tmp_path / "model.tflite"))


def test_garbage_is_exit_code_1_on_2_14_and_0_on_litert(edgerec: Edgerec, garbage: Path) -> None:
    done = edgerec("contract", garbage.name, "--runtime", OLD, cwd=garbage.parent)
    assert (done.returncode, done.stderr) == (1, "")
    assert "error wrong-answers: FULLY_CONNECTED 1" in done.stdout
    done = edgerec("contract", garbage.name, "--runtime", NEW, cwd=garbage.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds" in done.stdout


def test_json_says_the_same(edgerec: Edgerec, garbage: Path) -> None:
    plain = json.loads(edgerec("contract", garbage.name, "--runtime", OLD, "--json", cwd=garbage.parent).stdout)
    assert plain["held"] is False
    assert [one["rule"] for one in plain["findings"] if one["level"] == "error"] == ["wrong-answers"]


def test_a_bundle_is_judged_for_its_own_runtime_and_replayed(edgerec: Edgerec, tiny_bundle: Path) -> None:
    done = edgerec("contract", tiny_bundle.name, "--run", cwd=tiny_bundle.parent)
    assert done.returncode == 0, done
    assert f"on {OLD}: holds" in done.stdout
    assert "golden outputs replayed in it" in done.stdout


def test_a_runtime_without_a_table_is_exit_code_2_and_names_the_others(edgerec: Edgerec, garbage: Path) -> None:
    done = edgerec("contract", garbage.name, "--runtime", "tflite-runtime==2.13.0", cwd=garbage.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no table of tflite-runtime==2.13.0")
    assert NEW in done.stderr


def test_a_table_that_was_kept_judges(edgerec: Edgerec, garbage: Path) -> None:
    (garbage.parent / "board.json").write_text(to_json(tables_of(OLD)[0]))
    done = edgerec("contract", garbage.name, "--table", "board.json", cwd=garbage.parent)
    assert done.returncode == 1
    assert f"on {OLD}: broken" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [(), ("--run",), ("m.tflite", "--probe", "local", "--table", "t.json"), ("m.tflite", "-o", "t.json")],
)
def test_usage_that_says_nothing_is_exit_code_2(edgerec: Edgerec, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert edgerec("contract", *arguments, cwd=tmp_path).returncode == 2


def test_a_runtime_is_asked_and_its_table_kept(
    edgerec: Edgerec, garbage: Path, few_probes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PROBES", few_probes)
    asked = ("--probe", "local", "--runtime", OLD, "-o", "own.json")
    done = edgerec("contract", garbage.name, *asked, cwd=garbage.parent)
    assert done.returncode == 1, done
    assert "error wrong-answers: FULLY_CONNECTED 1" in done.stdout
    assert edgerec("contract", garbage.name, "--table", "own.json", cwd=garbage.parent).returncode == 1
    alone = edgerec("contract", *asked, cwd=garbage.parent)
    assert alone.returncode == 0
    assert "INT8 per row weights with FLOAT32 to FLOAT32, a bias" in alone.stdout


@pytest.fixture
def few_probes(tmp_path: Path) -> Path:
    """Write an archive with the dense layer on int8 weights with a scale a row alone, in few versions."""
    with zipfile.ZipFile(asking.PROBES) as archive, zipfile.ZipFile(tmp_path / "few.zip", "w") as made:
        index = json.loads(archive.read("index.json"))
        index["probes"] = [one for one in index["probes"] if one["use"] == DENSE]
        assert len(index["probes"]) == 1
        index["asked_versions"] = 2
        for name in archive.namelist():
            made.writestr(name, json.dumps(index) if name == "index.json" else archive.read(name))
    return tmp_path / "few.zip"


DENSE = asdict(WeightUse("FULLY_CONNECTED", "INT8", "row", "dense", "FLOAT32", "FLOAT32", bias=True))
