import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input, Manifest
from device_tests.ragged import Ragged
from edgerec.data import movietweetings
from edgerec.data.errors import DataError
from edgerec.data.evaluation import evaluated_users, evaluation_set, of_users
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Part, Split, last_n, random_share, split

ANY = st.from_type(Interactions)
USER = Input("user", "user", 0, 6, None)
USER_ROW = Input("user_row", "user", 1, 6, None)
ITEM = Input("item", "item", 0, 9, None)
HISTORY = Input("history", "history", 3, 100, 99)


@settings(deadline=None)
@given(ANY, st.sampled_from(["validation", "test"]))
def test_seen_relevant_and_inputs_are_those_of_a_plain_loop(interactions: Interactions, part: Part) -> None:
    try:
        parts = split(interactions, random_share(0.4), seed=0)
        made = evaluation_set(parts, (USER, USER_ROW, ITEM, HISTORY), part=part)
    except DataError:
        assume(False)
    users = made.inputs["user"]
    assert users.tolist() == sorted(set(parts.held_out(part).user.tolist()))
    assert users.tolist() == evaluated_users(parts, part=part).tolist()
    assert set(made.inputs) == {"user", "user_row", "history"}
    seen = parts.seen(part)
    for row, user in enumerate(users):
        taken = seen.item[seen.user == user].tolist()
        assert made.seen[row].tolist() == sorted(taken)
        held_out = parts.held_out(part)
        assert made.relevant[row].tolist() == sorted(held_out.item[held_out.user == user].tolist())
        assert not set(made.relevant[row].tolist()) & set(made.seen[row].tolist())
        assert made.inputs["history"][row].tolist() == [99] * (3 - len(taken)) + taken[-3:]
        assert made.inputs["user_row"][row].tolist() == [user]
    assert np.array_equal(made.popularity, parts.train.popularity())
    assert {each.dtype for each in (*made.inputs.values(), made.popularity)} == {np.dtype(np.int32)}
    assert made.seen.offsets.dtype == made.relevant.values.dtype == np.int32


def test_an_item_taken_before_is_not_relevant_again() -> None:
    interactions = Interactions.from_columns(
        [1, 1, 1, 2, 2, 2], [7, 8, 7, 7, 8, 9], [1, 2, 3, 1, 2, 3], duplicates="allow"
    )
    made = evaluation_set(split(interactions, last_n(1), seed=0), (USER,))
    assert made.inputs["user"].tolist() == [1]
    assert made.relevant[0].tolist() == [2]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_candidates_are_aligned_with_what_is_held_out_and_were_taken_in_no_part(part: Part) -> None:
    interactions = movietweetings.load()
    parts = split(interactions, last_n(1), seed=0)
    made = evaluation_set(parts, (), part=part, candidates=99, seed=3)
    assert made.negatives is not None
    assert made.negatives.shape == (len(made.relevant.values), 99)
    manifest = Manifest(
        1, "t", "float32", "catalogue", "s", (), "scores", interactions.items, 10, "float32", "tflite-runtime==2.14.0",
        "", 0.0001, 0.99, {},
    )  # fmt: skip
    read = EvaluationSet.from_members(made.to_members(), manifest)  # refuses a negative of the other half, or seen
    assert read is not None
    assert np.array_equal(read.negatives, made.negatives)
    pairs = interactions.user.astype(np.int64) * interactions.items + interactions.item
    users = evaluated_users(parts, part=part)[made.relevant.rows]
    assert not np.isin(users[:, None] * np.int64(interactions.items) + made.negatives, pairs).any()
    again = evaluation_set(parts, (), part=part, candidates=99, seed=4).negatives
    assert not np.array_equal(made.negatives, again)
    assert evaluation_set(parts, (), part=part).negatives is None


def test_inputs_that_cannot_hold_the_data_are_refused() -> None:
    parts = split(movietweetings.load(), last_n(1), seed=0)
    for bad, words in (
        (Input("user", "user", 0, 4332, None), "'user' takes ids below 4332, and the data has 4333"),
        (Input("taken", "history", 20, 2414, 2414), "'taken' takes ids below 2414, and the data has 2415"),
        (Input("taken", "history", 20, 2415, None), "history without a padding_id"),
    ):
        with pytest.raises(DataError, match=words):
            evaluation_set(parts, (bad,))


def test_a_part_that_judges_nobody_is_refused() -> None:
    parts = split(Interactions.from_columns([1, 1], [1, 2], [1, 2]), last_n(1), seed=0)
    with pytest.raises(DataError, match=r"in validation of last_n\(1\)"):
        evaluation_set(parts, (USER,), part="validation")


VECTOR = Input("vector", "vector", 2, 0, None)


def few() -> Split:
    users, items = [1, 1, 1, 2, 3, 3, 3], [7, 8, 9, 7, 9, 8, 7]
    return split(Interactions.from_columns(users, items, list(range(7))), last_n(1), seed=0)


def test_a_vector_is_the_row_of_its_user() -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    made = evaluation_set(few(), (VECTOR, USER), vectors=vectors)
    assert made.inputs["user"].tolist() == [0, 2]
    assert made.inputs["vector"].dtype == np.float32
    assert made.inputs["vector"].tolist() == [[0, 1], [4, 5]]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (None, "Input 'vector' is a vector, which interactions do not tell: give one for each user"),
        (
            np.ones((2, 2), np.float32),
            r"float32 of shape \[2, 2\], expected float32 of shape \[3, 2\]: one row for",
        ),
        (np.ones((3, 3), np.float32), r"float32 of shape \[3, 3\], expected float32 of shape \[3, 2\]"),
        (np.ones((3, 2)), r"float64 of shape \[3, 2\], expected float32"),
        (np.array([[1, 2], [3, np.nan], [0, 0]], np.float32), "hold nan in row 1, expected finite numbers"),
    ],
)
def test_vectors_that_are_not_the_users_are_refused(vectors: np.ndarray | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        evaluation_set(few(), (VECTOR,), vectors=vectors)


def test_the_users_at_some_rows_keep_what_is_theirs() -> None:
    offsets = np.array([0, 2, 3, 5], np.int32)
    whole = EvaluationSet(
        inputs={"user": np.array([7, 8, 9], np.int32)},
        seen=Ragged(np.array([0, 1, 1, 3], np.int32), np.array([4, 5, 6], np.int32)),
        relevant=Ragged(offsets, np.array([1, 2, 3, 4, 5], np.int32)),
        popularity=np.arange(9, dtype=np.int32),
        negatives=np.arange(10, dtype=np.int32).reshape(5, 2),
    )
    part = of_users(whole, np.array([2, 0]))
    assert part.inputs["user"].tolist() == [9, 7]
    assert [part.relevant[row].tolist() for row in range(2)] == [[4, 5], [1, 2]]
    assert [part.seen[row].tolist() for row in range(2)] == [[5, 6], [4]]
    assert part.negatives is not None
    assert part.negatives.tolist() == [[6, 7], [8, 9], [0, 1], [2, 3]]
