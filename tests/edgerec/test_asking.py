"""The shipped tables are what the runtimes say: one is asked again here, op versions and one-operator models."""

import json
import platform
import zipfile
from pathlib import Path

import pytest

from converters.errors import TableError
from converters.runtime_table import Answer, RuntimeTable, tables_of
from edgerec import asking
from edgerec.asking import ask, table_of
from edgerec.targets import environment
from edgerec.targets.adb.target import Adb
from edgerec.targets.local import Local
from edgerec.targets.target import UnreachableError

DAY = "2026-11-25"
OLD = environment.parse("tflite-runtime==2.14.0")


def outcomes(table: RuntimeTable) -> dict[object, str]:
    """Give the outcomes; what reads out of bounds may die of it or answer wrongly, as memory happens to lie."""
    return {
        (use, kernels, version): "wrong or died" if answer.outcome in {"wrong", "died"} else answer.outcome
        for use, by_kernels in table.weights.items()
        for kernels, by_version in by_kernels.items()
        for version, answer in by_version.items()
    }


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the shipped table is of x86_64: run this there")
def test_the_shipped_table_of_2_14_is_what_it_says_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every op version, and every seventh of the models: all of them take half a minute."""
    with zipfile.ZipFile(asking.PROBES) as archive, zipfile.ZipFile(tmp_path / "some.zip", "w") as made:
        index = json.loads(archive.read("index.json"))
        index["probes"] = index["probes"][::7]
        for name in archive.namelist():
            made.writestr(name, json.dumps(index) if name == "index.json" else archive.read(name))
    monkeypatch.setattr(asking, "PROBES", tmp_path / "some.zip")
    (shipped,) = (one for one in tables_of(str(OLD)) if one.platform == "linux_x86_64")
    asked = asking.ask(Local(), OLD, DAY)
    assert (asked.runtime, asked.platform, asked.date) == (str(OLD), "linux_x86_64", DAY)
    assert asked.ops == shipped.ops
    assert len(asked.weights) > 25
    assert outcomes(asked).items() <= outcomes(shipped).items()


def test_other_targets_are_refused_by_name_with_what_to_do() -> None:
    with pytest.raises(UnreachableError, match=r"adb:emulator-1 cannot be asked yet.*probes\.zip there"):
        ask(Adb("emulator-1"), OLD, DAY)


SAID = {
    "runtime": "a==1",
    "platform": "linux_x",
    "asked_versions": 20,
    "ops": {"ADD": [1, 2]},
    "answers": [[1, "default", 1, "wrong", "off"]],
}


def test_what_the_harness_says_becomes_a_table() -> None:
    table = table_of(json.dumps(SAID).encode(), DAY, ", a53")
    assert (table.runtime, table.platform, table.ops) == ("a==1", "linux_x, a53", {"ADD": frozenset({1, 2})})
    ((use, answers),) = table.weights.items()
    assert (use.op, answers) == ("FULLY_CONNECTED", {"default": {1: Answer("wrong", "off")}})


@pytest.mark.parametrize(
    "change",
    [
        {"answers": [[999, "default", 1, "wrong", ""]]},
        {"answers": [[0, "default", 1, "fine", ""]]},
        {"ops": []},
        {"ops": 1},
    ],
)
def test_what_cannot_be_understood_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TableError, match="cannot be understood"):
        table_of(json.dumps(SAID | change).encode(), DAY)
