import pytest

from benchmarks.deep_candidates import CANDIDATES, recipe
from edgerec.compress.recipe import Recipe
from edgerec.criteria.statistics import Statistics
from edgerec.errors import EdgerecError

ROWS = {"items": 2415, "scores": 2414, "users_product": 4333, "items_product": 2414, "*_deep": 4333 + 2414}


def table_bytes(made: Recipe) -> int:
    return sum(coding.codec.stored_bytes(ROWS[coding.layers[0]], 64, Statistics()) for coding in made.tables)


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_table_has_a_codec_that_the_old_runtime_reads_and_grids_go_from_small_to_large(name: str) -> None:
    grid = CANDIDATES[name]
    assert {coding.layers for made in grid for coding in made.tables} == {coding.layers for coding in grid[0].tables}
    assert not any(coding.codec.litert_only for made in grid for coding in made.tables)
    sizes = [table_bytes(made) for made in grid]
    assert sizes[0] == min(sizes)
    assert sizes[-1] == max(sizes)


def test_a_codec_that_there_is_not_is_refused() -> None:
    with pytest.raises(EdgerecError, match="no codec is named 'rows5'"):
        recipe({"items": "rows5"})


def test_a_recipe_says_what_is_stored_how() -> None:
    assert recipe({"items": "rows4", "scores": "rows8"}).name == "items rows4, scores rows8"
