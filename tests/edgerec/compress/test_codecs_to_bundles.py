"""Every table codec, looked up and scored, through `compress` to a bundle from which both runtimes answer alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from converters import tflite_file
from converters.anatomy import anatomy
from edgerec.build import Task, build
from edgerec.codecs.naming import decode as decode_codec
from edgerec.codecs.registry import CODECS
from edgerec.compress.coding import refuse_codecs
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import decode, parse_text
from edgerec.compress.forecast import forecast
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.targets import environment
from edgerec.two_runtimes import in_both

OLD, LITERT = environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0")
NAMES = (
    *("rows8_int8", "rows4_int8", "rows2_int8", "rows16_float32", "native8_int8", "native4_int8", "native2_int8"),
    "block4_int8",
    *("pq4x16_int8", "aq4x8_int8", "shared25_int8", "hashed25_int8", "twins25_int8", "top25-rows8-rows4_int8"),
    *("cols8x8and8x4_int8", "axes8-cols4x8and4x4_int8", "axes8-top25-cols8x8-aq4x8_tuned_int8"),
    *("prune50_rows8_int8", "rows4_tuned_int8", "lowrank8_tuned_int8", "memcom25_tuned_int8", "qr_tuned_int8"),
)


def recipe(name: str) -> Recipe:
    """Give the recipe that a name spells, one epoch for each step, and little promised: it is a small model."""
    found = decode(name)
    assert found is not None
    tuning = None if found.tuning is None else replace(found.tuning, epochs=1)
    steps = tuple(replace(step, epochs=1) for step in found.steps)
    return replace(found, steps=steps, tuning=tuning, float_overlap=0.2)


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as made:
        yield made


def test_every_built_in_codec_is_here() -> None:
    used = {coding.codec.name for name in NAMES for coding in recipe(name).tables}
    assert used == set(CODECS)


@pytest.mark.parametrize("name", NAMES)
def test_a_codec_goes_through_compress_to_a_bundle_that_holds(
    task_of: Callable[[str], Task], converter: Converter, tmp_path: Path, name: str
) -> None:
    asked, task = recipe(name), task_of("wide_attention" if name.startswith("block") else "gru")
    litert_only = any(coding.codec.litert_only for coding in asked.tables)
    if litert_only:
        with pytest.raises(RecipeError, match="needs LiteRT"):
            refuse_codecs(asked, str(OLD))
        task = replace(task, setting=replace(task.setting, runtime=str(LITERT)))
    built = build(task, asked, tmp_path / "made.edgerec", converter)
    both = in_both(built.path, (LITERT, LITERT) if litert_only else (OLD, LITERT), only=("golden", "quality"))
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree, (both.agreement, both.recall_difference)
    if asked.tuning is None:
        file = anatomy(tflite_file.parse(built.candidate.tflite))
        held = sum(each.bytes for each in file.tensors if each.dtype != "INT32" or each.bytes > 99)
        native = {"native": 12, "block4": 2}.get(name[:6], 0) * (96 + 97)  # the scales of rows lie in the quantization
        assert held + native == pytest.approx(forecast(task.base, asked, task.setting).weight_bytes, rel=0.06)


@pytest.mark.parametrize("criterion", ["popularity", "co_occurrence"])
def test_a_criterion_of_rows_says_by_name_which_keep_one_in_a_bundle_that_holds(
    task_of: Callable[[str], Task], converter: Converter, tmp_path: Path, criterion: str
) -> None:
    text = f"""
    float_overlap = 0.2
    [[table]]
    codec = "shared"
    own = 0.5
    criterion = "{criterion}"
    [table.of]
    codec = "int8"
    [convert]
    precision = "dynamic_int8"
    """
    task, asked = task_of("gru"), parse_text(text, f"shared_by_{criterion}")
    built = build(task, asked, tmp_path / "made.edgerec", converter)
    both = in_both(built.path, (OLD, LITERT), only=("golden", "quality"))
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree, (both.agreement, both.recall_difference)
    ((codec,),) = [[coding.codec for coding in built.candidate.recipe.tables]]
    assert (codec.name, getattr(codec, "criterion", None)) == ("shared", criterion)
    other = "popularity" if criterion == "co_occurrence" else "co_occurrence"
    swapped = parse_text(text.replace(criterion, other), f"shared_by_{other}")
    assert build(task, swapped, tmp_path / "other.edgerec", converter).candidate.tflite != built.candidate.tflite


def test_blocks_of_columns_that_a_model_has_not_are_refused(
    task_of: Callable[[str], Task], converter: Converter, tmp_path: Path
) -> None:
    task = task_of("gru")
    asked = replace(recipe("rows4_int8"), tables=(TableCoding(decode_codec("block4")),))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="block4 got 16 columns and blocks of 32"):
        build(replace(task, setting=replace(task.setting, runtime=str(LITERT))), asked, tmp_path / "x", converter)
    assert not (tmp_path / "x").exists()


def test_the_same_seed_tunes_to_the_same_file(
    task_of: Callable[[str], Task],
    converter: Converter,
    tmp_path: Path,
    own_home_in: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, task = recipe("aq4x8_tuned_int8"), task_of("gru")
    first = build(task, asked, tmp_path / "one.edgerec", converter)
    tuned, converted = forecast(task.base, asked, task.setting).steps[-2:]
    assert (tuned.what.partition(" ")[0], tuned.cached, converted.cached) == ("tune", True, True)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("EDGEREC_HOME", str(own_home_in(tmp_path / "home")))
    again = build(task, asked, tmp_path / "two.edgerec", converter)
    assert again.bundle.sha256 == first.bundle.sha256


def test_a_pattern_that_no_table_matches_is_refused_before_anything_is_trained(
    task_of: Callable[[str], Task], converter: Converter, tmp_path: Path
) -> None:
    codec = decode_codec("rows4")
    assert codec is not None
    asked = replace(recipe("prune50_rows8_int8"), tables=(TableCoding(codec, ("film*",)),))
    told: list[str] = []
    with pytest.raises(RecipeError, match=r"no table matches 'film\*'; the tables are of items, scores"):
        build(task_of("gru"), asked, tmp_path / "x", converter, progress=told.append)
    assert not any("epoch" in line for line in told)
