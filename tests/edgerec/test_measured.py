import json
from pathlib import Path

import pytest

from edgerec.compress.finding import built_in
from edgerec.measured import MeasuredError, read_measurements

OUTCOME = {"app_bytes": 2048, "download_bytes": 1024, "recall": 0.2, "kept": 1, "loads": ["tflite-runtime==2.14.0"]}
WHOLE = {"provenance": {"runtime": "tflite-runtime==2.14.0", "seed": 0}, "models": {"gru": {"float32": OUTCOME}}}


def written(folder: Path, value: object) -> Path:
    path = folder / "measured.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_what_the_benchmark_writes_is_read(tmp_path: Path) -> None:
    read = read_measurements(written(tmp_path, WHOLE))
    assert read is not None
    assert read.provenance == {"runtime": "tflite-runtime==2.14.0", "seed": "0"}
    assert read.of("float32")["gru"].loads == ("tflite-runtime==2.14.0",)
    assert read.of("int8") == {}
    assert read.ratio("gru", "float32") == 1.0


def test_a_recipe_loads_in_what_loads_it_of_every_model(tmp_path: Path) -> None:
    two = {**OUTCOME, "loads": ["ai-edge-litert==2.3.0", "tflite-runtime==2.14.0"]}
    read = read_measurements(written(tmp_path, {**WHOLE, "models": {"gru": {"int8": two}, "mf": {"int8": OUTCOME}}}))
    assert read is not None
    assert read.loads("int8") == ("tflite-runtime==2.14.0",)
    assert read.loads("float32") is None


def test_a_file_that_is_not_there_is_nothing_measured(tmp_path: Path) -> None:
    assert read_measurements(tmp_path / "gone.json") is None


def test_the_file_that_ships_is_of_the_built_in_recipes() -> None:
    shipped = read_measurements()
    for recipes in () if shipped is None else shipped.models.values():
        assert recipes.keys() <= built_in().keys()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "measured.json is not JSON"),
        ("[]", "should be an object of provenance and models"),
        ({"models": {}}, "should be an object of provenance and models"),
        ({**WHOLE, "provenance": {"versions": {}}}, "provenance should be an object of texts and numbers"),
        ({**WHOLE, "models": {"gru": {"int9": OUTCOME}}}, "'int9' is no built-in recipe (did you mean int8?)"),
        ({**WHOLE, "models": {"gru": {"int8": {**OUTCOME, "p50": 1}}}}, "has an unknown key 'p50'"),
        (
            {**WHOLE, "models": {"gru": {"int8": {**OUTCOME, "app_bytes": "2 KiB"}}}},
            "app_bytes should be a whole number",
        ),
        ({**WHOLE, "models": {"gru": {"int8": {**OUTCOME, "recall": 1.5}}}}, "is not possible"),
    ],
)
def test_any_other_file_is_refused_in_one_sentence(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(MeasuredError) as refused:
        read_measurements(written(tmp_path, value))
    assert message in str(refused.value)
    assert "benchmarks/recipes.py" in str(refused.value)
