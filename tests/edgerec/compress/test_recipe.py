import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Cluster, Narrow, Prune, QuantizeAware


@pytest.mark.parametrize(
    "order", [("qat", "prune"), ("cluster", "prune"), ("qat", "cluster"), ("qat", "qat"), ("prune", "narrow")]
)
def test_steps_that_would_undo_an_earlier_one_are_refused(order: tuple[str, str]) -> None:
    made = {"narrow": Narrow(0.5), "prune": Prune(0.5), "cluster": Cluster(16), "qat": QuantizeAware()}
    told = f"step {order[1]} comes after {order[0]}, expected the order narrow, prune, cluster, qat"
    with pytest.raises(RecipeError, match=told):
        Recipe("mine", tuple(made[each] for each in order), "float32", 0.5)
    amounts = {"narrow": "narrow50", "prune": "prune50", "cluster": "cluster16"}
    with pytest.raises(RecipeError, match="comes after"):
        find("_".join(amounts.get(each, each) for each in (*order, "int8")))


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("int8", 0.9),
        ("full_int8", 0.8),
        ("cluster32_int8", 0.7),
        ("qat_int8", 0.7),
        ("prune50_int8", 0.6),
        ("prune50_cluster32_qat_int8", 0.6),
        ("prune51_int8", 0.4),
        ("prune80-fisher_int8", 0.4),
        ("narrow50_int8", 0.6),
        ("narrow51_prune50_int8", 0.4),
        ("prune80_full_int8", 0.4),
        ("prune81_float32", 0.3),
        ("drop90_float32", 0.6),
        ("dropunshown_int8", 0.6),
        ("drop91_rows8_int8", 0.4),
    ],
)
def test_a_recipe_that_says_nothing_promises_as_much_as_its_hardest_step(name: str, floor: float) -> None:
    assert find(name).float_overlap == floor


def test_as_json_tells_two_recipes_apart_by_any_setting() -> None:
    told = {str(find(name).as_json()) for name in ("int8", "prune50_int8", "prune51_int8", "prune50_float32")}
    assert len(told) == 4
