from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests.manifest import Input
from edgerec.data.interactions import Interactions
from edgerec.models.examples import examples, merged, sample
from edgerec.models.recommender import ModelError
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles

# users 0 to 3; user 2 took one item and user 3 none that is left
DATA = Interactions.from_columns([0, 0, 0, 1, 1, 2, 3], [3, 1, 2, 0, 1, 2, 4], [1, 2, 3, 1, 2, 1, 9]).rows(
    np.array([True] * 6 + [False])
)
USER = Input("who", "user", 0, 4, None)
ITEM = Input("film", "item", 0, 5, None)
HISTORY = Input("past", "history", 2, 6, 5)
PAST = [[5, 3], [3, 1], [5, 0]]
NEXT = [1, 2, 1]


def roles(kind: str, *inputs: Input) -> Roles:
    return Roles("model", kind, inputs, 5)


def plain(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: values.tolist() for name, values in columns.items()}


@pytest.mark.parametrize(
    ("asked", "columns", "target"),
    [
        (roles(CATALOGUE, USER), {"who": [0, 0, 0, 1, 1, 2]}, [3, 1, 2, 0, 1, 2]),
        (
            roles(POINTWISE, USER, ITEM),
            {"who": [0, 0, 0, 1, 1, 2], "film": [3, 1, 2, 0, 1, 2]},
            [3, 1, 2, 0, 1, 2],
        ),
        (roles(TWO_TOWERS, USER), {"who": [0, 0, 0, 1, 1, 2], "item": [3, 1, 2, 0, 1, 2]}, [3, 1, 2, 0, 1, 2]),
        (roles(CATALOGUE, HISTORY), {"past": PAST}, NEXT),
        (roles(CATALOGUE, HISTORY, USER), {"past": PAST, "who": [0, 0, 1]}, NEXT),
        (roles(POINTWISE, HISTORY, ITEM), {"past": PAST, "film": NEXT}, NEXT),
        (roles(TWO_TOWERS, HISTORY), {"past": PAST, "item": NEXT}, NEXT),
    ],
)
def test_every_input_gets_its_ids(asked: Roles, columns: dict[str, Any], target: list[int]) -> None:
    found, item = examples(asked, DATA)
    assert plain(found) == columns
    assert item.tolist() == target
    assert {values.dtype for values in found.values()} == {np.dtype(np.int32)}


def test_a_history_without_padding_id_is_padded_behind_the_catalogue() -> None:
    found, _ = examples(roles(CATALOGUE, Input("past", "history", 2, 6, None)), DATA)
    assert found["past"].tolist() == PAST


def test_a_model_that_nobody_asks_is_refused() -> None:
    with pytest.raises(ModelError, match="model has no input of role user or history"):
        examples(roles(POINTWISE, ITEM), DATA)


def test_a_history_model_needs_a_history() -> None:
    with pytest.raises(ModelError, match="no user has two interactions"):
        examples(roles(CATALOGUE, HISTORY), Interactions.from_columns([0, 1], [0, 1], [0, 0]))


def test_a_sample_is_of_real_pairs_by_input_name() -> None:
    drawn = sample(roles(POINTWISE, USER, ITEM), DATA, 4, seed=1)
    assert set(drawn) == {"who", "film"}
    pairs = set(zip(DATA.user.tolist(), DATA.item.tolist(), strict=True))
    taken = list(zip(drawn["who"].tolist(), drawn["film"].tolist(), strict=True))
    assert len(taken) == len(set(taken)) == 4
    assert set(taken) <= pairs


def test_a_sample_is_drawn_from_its_seed_and_no_larger_than_the_data() -> None:
    first, again, other = (sample(roles(CATALOGUE, USER), DATA, 3, seed=seed)["who"].tolist() for seed in (0, 0, 4))
    assert first == again != other
    assert len(sample(roles(CATALOGUE, HISTORY), DATA, 200, seed=0)["past"]) == 3


def test_a_sample_of_two_towers_is_what_the_device_feeds() -> None:
    assert set(sample(roles(TWO_TOWERS, USER), DATA, 3, seed=0)) == {"who"}


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=30
    )
)
def test_merged_examples_are_the_distinct_ones_and_their_share(rows: list[tuple[int, int, int, int]]) -> None:
    array = np.array(rows, np.int32)
    columns, target, weight = merged({"past": array[:, 1:3], "who": array[:, 0]}, array[:, 3])
    found = [
        (who, *past, item)
        for who, past, item in zip(columns["who"].tolist(), columns["past"].tolist(), target.tolist(), strict=True)
    ]
    counts = Counter(rows)
    assert len(found) == len(set(found)) == len(counts)
    assert weight.dtype == np.float32
    assert weight == pytest.approx([counts[row] * len(counts) / len(rows) for row in found], rel=1e-6)


@pytest.mark.parametrize("role", ["user", "history"])
def test_only_marked_interactions_are_learned_from_and_histories_stay_whole(role: str) -> None:
    data = Interactions.from_columns(["a", "a", "a", "b", "b"], list("xyzyx"), [1, 2, 3, 1, 2])
    entry = Input(role, role, 2, 4, 3) if role == "history" else Input(role, role, 0, 2, None)
    roles = Roles("it", CATALOGUE, (entry,), 3)
    columns, target = examples(roles, data, np.array([True, False, True, False, True]))
    if role == "user":
        assert (columns["user"].tolist(), target.tolist()) == ([0, 0, 1], [0, 2, 0])
    else:
        assert (columns["history"].tolist(), target.tolist()) == ([[0, 1], [3, 1]], [2, 0])
