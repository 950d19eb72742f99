"""Each tensor alone."""

import json
from pathlib import Path

import pytest

from edgerec.search.errors import SearchError
from edgerec.search.pool import Pool
from edgerec.search.sensitivity import Effect, sensitivity, to_json
from edgerec.search.worker_process import Factory

TABLES = Factory("synthetic_problem:tables", {})


def effects(folder: Path, codecs: tuple[str, ...] = ("int4", "broken"), left: str = "float32") -> tuple[Effect, ...]:
    with Pool(TABLES, 2) as pool:
        return sensitivity(pool, folder, tensors=("items", "users"), codecs=codecs, left=left)


def test_each_tensor_is_coded_alone_in_each_codec(tmp_path: Path) -> None:
    found = effects(tmp_path)
    assert found == (
        Effect("items", "int4", 1500, 1500, 0.25, ""),
        Effect("items", "broken", None, None, None, "that codec is broken"),
        Effect("users", "int4", 500, 500, 0.125, ""),
        Effect("users", "broken", None, None, None, "that codec is broken"),
    )
    assert json.loads(to_json(found))[2] == {
        "tensor": "users",
        "codec": "int4",
        "download_bytes_saved": 500,
        "disk_bytes_saved": 500,
        "quality_lost": 0.125,
        "why": "",
    }


def test_what_is_finished_is_not_run_again(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    folder = tmp_path / "run"
    factory = Factory("synthetic_problem:pure", {"runs": str(runs)})

    def run(told: list[str]) -> tuple[Effect, ...]:
        with Pool(factory, 1) as pool:
            return sensitivity(
                pool, folder, tensors=("items", "users"), codecs=("int4",), left="int8", progress=told.append
            )

    told: list[str] = []
    with pytest.raises(SearchError, match=r"with every tensor as int8 cannot be had: .*KeyError: 'rows'"):
        run(told)
    assert told == [f"sensitivity: {number} of 3 trials" for number in (1, 2, 3)]
    lines = runs.read_text()
    with pytest.raises(SearchError, match="cannot be had"):
        run(told)
    assert (runs.read_text(), len(told)) == (lines, 3)
    assert lines.split() == ["0", "1", "2"]


def test_another_pass_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    effects(tmp_path)
    with pytest.raises(SearchError, match="was begun with another trials"):
        effects(tmp_path, ("int4", "int2"))
