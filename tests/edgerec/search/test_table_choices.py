"""What a search chooses from, and the recipe that a choice stands for."""

import pytest

from edgerec.codecs.naming import decode
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.steps import Narrow
from edgerec.search.space import OneOf
from edgerec.search.table_choices import COLUMNS, NARROWED, first_of, recipe_of, space_of, told

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_every_codec_to_choose_decodes_and_is_read_by_the_runtime(runtime: str) -> None:
    codecs = space_of(["items"], [], runtime).dimensions["items"]
    assert isinstance(codecs, OneOf)
    for name in codecs.values:
        codec = decode(str(name))
        assert codec is not None, name
        assert not codec.learned
        assert runtime == NEW or not codec.litert_only, name
    assert any(decode(str(name)).litert_only for name in codecs.values) == (runtime == NEW)  # type: ignore[union-attr]


def test_what_comes_first_lies_in_the_space_and_fewer_columns_come_after_all() -> None:
    for narrowed in ([], list(NARROWED)):
        space = space_of(["items", "users"], narrowed, OLD)
        first = first_of(["items", "users"], narrowed, OLD)
        for choices in first:
            space.refuse_outside(choices)
        assert first[0]["items"] == first[0]["users"] == "rows8"
        columns = [choices.get(COLUMNS, "all") for choices in first]
        assert columns == sorted(columns), "all, then narrow"
        assert set(columns) == {"all", *narrowed}


def test_a_choice_is_a_recipe_whose_step_trains_nothing() -> None:
    made = recipe_of(find("int8"), {COLUMNS: "narrow25", "items": "rows4", "users": "float32"}, "trial3")
    (step,), (coding,) = made.steps, made.tables
    assert isinstance(step, Narrow)
    assert (step.remove, step.epochs) == (0.25, 0)
    assert (coding.codec, coding.layers) == (decode("rows4"), ("items",))
    assert made.summary == "columns narrow25, items as rows4, users as float32"
    assert made.float_overlap == 0.6, "what the step promises"
    assert told({COLUMNS: "all", "items": "rows4"}) == "items as rows4"


def test_what_spells_nothing_is_refused() -> None:
    with pytest.raises(RecipeError, match="'rows5' spells no codec"):
        recipe_of(find("int8"), {"items": "rows5"}, "x")
    with pytest.raises(RecipeError, match="'narrow9' names no columns, expected all, narrow25"):
        recipe_of(find("int8"), {COLUMNS: "narrow9"}, "x")
