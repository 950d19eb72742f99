import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgerec.inspection import Duplicate, inspect
from edgerec.model_file import read_model_file
from edgerec.report.inspection_text import inspection_json, inspection_text


def squeezed(text: str) -> str:
    """Make each run of spaces one, so that a test holds words and figures, not widths."""
    return re.sub(r" +", " ", text)


def test_a_bundle_shows_its_manifest_sizes_tensors_ops_and_runtimes(tiny_bundle: Path) -> None:
    text = squeezed(inspection_text(inspect(read_model_file(tiny_bundle))))
    assert "tiny, catalogue, k = 10, 40 items" in text
    assert "table table FLOAT32 [41, 8] 1.3 KiB" in text
    assert "dense dense FLOAT32 [40, 8] 1.2 KiB" in text
    assert "serving_default in history INT32 [any, 4] ids 0 to 40" in text
    assert "serving_default out scores FLOAT32 [any, 40]" in text
    assert "oldest, computed from the ops 1.6.0" in text
    assert "oldest, as its metadata claims nothing" in text
    assert "FULLY_CONNECTED 1 1 1.2 KiB 1.5.0" in text
    assert "app/items.txt" in text
    assert "proof, which does not ship" in text


def test_a_vector_is_shown_by_its_length(tmp_path: Path, tiny_factors: Any) -> None:
    path = tiny_factors.bundle(tmp_path / "factors.edgerec")
    assert "inputs vector (vector, 8 numbers)" in squeezed(inspection_text(inspect(read_model_file(path))))


def test_only_the_largest_tensors_are_shown_unless_every_one_is_asked_for(tiny_bundle: Path) -> None:
    inspection = inspect(read_model_file(tiny_bundle))
    many = type(inspection)(**{**vars(inspection), "tensors": inspection.tensors * 10})
    assert "and 10 smaller ones (--all shows them)" in inspection_text(many)
    assert "smaller ones" not in inspection_text(many, every=True)


def test_json_holds_every_tensor_with_its_deflated_bytes(tiny_bundle: Path) -> None:
    value = json.loads(json.dumps(inspection_json(inspect(read_model_file(tiny_bundle)))))
    assert [tensor["name"] for tensor in value["tensors"]] == ["table", "dense", "axis"]
    assert all(tensor["deflated_bytes"] > 0 for tensor in value["tensors"])
    assert value["by_kind"] == {"table": 1312, "dense": 1280, "other": 4}
    assert value["graph_bytes"] + sum(value["by_kind"].values()) == value["model_bytes"]
    assert value["manifest"]["name"] == "tiny"
    assert value["members"]["app/model.tflite"] == value["model_bytes"]


def test_flex_ops_are_shown_and_leave_the_oldest_runtime_unknown(tmp_path: Path, tiny_model: object) -> None:
    (tmp_path / "flex.tflite").write_bytes(tiny_model.tflite(flex=True))  # type: ignore[attr-defined]
    text = inspection_text(inspect(read_model_file(tmp_path / "flex.tflite")))
    assert "FlexErf" in text
    assert "unknown: it has ops or versions that no table knows" in text


def test_a_catalogue_of_which_items_were_dropped_is_said_to_be_one(tiny_bundle: Path) -> None:
    inspection = inspect(read_model_file(tiny_bundle))
    assert inspection.manifest is not None
    few = replace(inspection, manifest=replace(inspection.manifest, dropped=60))
    assert "k = 10, 40 items of a catalogue of 100, the others dropped" in squeezed(inspection_text(few))


def test_json_has_every_byte_by_operator_by_part_and_as_a_treemap(tiny_bundle: Path) -> None:
    value = json.loads(json.dumps(inspection_json(inspect(read_model_file(tiny_bundle)))))
    assert value["version"] == 2
    assert sum(value["graph_parts"].values()) == value["graph_bytes"]
    assert [(one["name"], one["bytes"]) for one in value["operators"]] == [
        ("GATHER", 1312),
        ("MEAN", 4),
        ("FULLY_CONNECTED", 1280),
    ]
    assert value["treemap"]["bytes"] == value["app_bytes"]
    assert {"zeros", "distinct", "estimated", "sha256", "dtype", "scales"} <= value["tensors"][0].keys()
    assert "size" not in value["tensors"][0]


def test_an_estimate_is_marked_and_says_how_to_have_it_exact(tiny_bundle: Path) -> None:
    exact = inspect(read_model_file(tiny_bundle))
    near = replace(exact, estimated=True, tensors=tuple(replace(one, estimated=True) for one in exact.tensors))
    assert "~" not in inspection_text(exact)
    text = squeezed(inspection_text(near))
    assert re.search(r"the app in all \S+ KiB ~ \S+ KiB", text)
    assert re.search(r"table table FLOAT32 \[41, 8\] 1.3 KiB \S+ % ~ 1.\d KiB \S+ % ~ \S+ % at least \d+", text)
    assert "--deep" in text


def test_data_that_is_stored_twice_is_shown_with_what_it_wastes(tiny_bundle: Path) -> None:
    exact = inspect(read_model_file(tiny_bundle))
    twice = replace(exact, duplicates=(Duplicate(("one", "two", "three"), 4096),))
    assert "one and 2 more 4.0 KiB" in squeezed(inspection_text(twice))
    assert "stored more than once" not in inspection_text(exact)
