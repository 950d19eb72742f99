"""Arrays in and out of a bundle, and nothing believed that a file says of itself."""

import io
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device_tests import bundle
from device_tests.errors import BundleError
from device_tests.evaluation import Baseline, EvaluationSet, Golden, from_npy, to_npy
from device_tests.manifest import Input, Manifest
from device_tests.ragged import Ragged

IDS = np.int32
INPUTS = (Input("history", "history", 2, 6, 5), Input("user", "user", 0, 9, None))
MANIFEST = Manifest(
    1, "tiny", "float32", "catalogue", "serving_default", INPUTS, "scores", 5, 2, "float32", "tflite-runtime==2.14.0",
    "", 0.0001, 0.99, {},
)  # fmt: skip
SET = EvaluationSet(
    {"history": np.array([[5, 0], [1, 2], [3, 4]], np.int32), "user": np.array([8, 0, 3], np.int32)},
    Ragged.from_lists([[0], [1, 2], [3, 4, 0]]),
    Ragged.from_lists([[1, 2], [], [1]]),
    np.array([10, 9, 4, 3, 1], np.int32),
)
GOLDEN = Golden(np.array([2, 0], np.int32), np.array([[1, 2], [3, 4]], np.int32), np.ones((1, 5), np.float32))


# Items 0 to 3 are the popular half.
WIDE_MANIFEST = replace(MANIFEST, inputs=(), items=8)
WIDE = EvaluationSet(
    {},
    Ragged.from_lists([[0], [4, 5]]),
    Ragged.from_lists([[1, 7], [2]]),
    np.array([10, 9, 8, 7, 3, 2, 1, 0], np.int32),
    np.array([[2, 3], [4, 6], [0, 1]], np.int32),
)


def same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if first is None or second is None:
        return first is second
    return all(same(value, vars(second)[name]) for name, value in vars(first).items())


def test_a_set_comes_back_from_its_members() -> None:
    assert same(SET, EvaluationSet.from_members(SET.to_members(), MANIFEST))
    assert same(GOLDEN, Golden.from_members(GOLDEN.to_members(), MANIFEST, SET.users))
    baseline = Baseline(np.array([1, 5, 2], np.int32))
    assert same(baseline, Baseline.from_members(baseline.to_members(), MANIFEST, SET))


def test_what_float32_recommends_comes_back_and_must_be_possible() -> None:
    baseline = Baseline(np.array([1, 5, 2], np.int32), recommended_items=np.array([1, 3, 3, 4, 5], np.int32))
    assert same(baseline, Baseline.from_members(baseline.to_members(), MANIFEST, SET))
    for wrong in ([1, 3, 3, 4], [1, 3, 3, 4, 6], [1, 3, 2, 4, 5], [-1, 3, 3, 4, 5]):
        members = replace(baseline, recommended_items=np.array(wrong, np.int32)).to_members()
        with pytest.raises(BundleError, match=r"^proof/baseline_recommended_items.npy "):
            Baseline.from_members(members, MANIFEST, SET)
    del members["proof/baseline_ranks.npy"]
    with pytest.raises(BundleError, match=r"recommended_items.npy is there and proof/baseline_ranks.npy is missing"):
        Baseline.from_members(members, MANIFEST, SET)


def test_candidates_come_back_from_their_members() -> None:
    assert same(WIDE, EvaluationSet.from_members(WIDE.to_members(), WIDE_MANIFEST))
    baseline = Baseline(np.array([1, 8, 2], np.int32), np.array([1, 3, 2], np.int32))
    assert same(baseline, Baseline.from_members(baseline.to_members(), WIDE_MANIFEST, WIDE))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (([0, 0], [1, 3], [2, 3]), "an item twice in row 0"),
        (([2, 3], [4, 7], [0, 1]), "an item that the user has seen or held out in row 1"),  # is itself the held-out one
        (([2, 1], [4, 6], [0, 1]), "an item that the user has seen or held out in row 0"),
        (([2, 3], [4, 6], [0, 2]), "an item that the user has seen or held out in row 2"),
        (([0, 3], [4, 6], [0, 1]), "an item that the user has seen or held out in row 0"),
        (([2, 3], [4, 6], [0, 6]), "an item of the other popularity half in row 2"),
        (([2, 3], [4, 8], [0, 1]), "values from 0 to 8, outside 0 to 7"),
        (([2, 3], [4, -1], [0, 1]), "values from -1 to 4, outside 0 to 7"),
        (([2, 3], [4, 6]), r"shape \(3, any\), not <i4 of shape \(2, 2\)"),
        (([], [], []), "1 to 7 items a row, not 0"),
    ],
)
def test_what_cannot_be_a_negative_is_refused(changed: tuple[list[int], ...], sentence: str) -> None:
    members = {**WIDE.to_members(), "proof/eval_negatives.npy": to_npy(np.array(changed, np.int32))}
    with pytest.raises(BundleError, match=rf"^proof/eval_negatives.npy .*{sentence}"):
        EvaluationSet.from_members(members, WIDE_MANIFEST)


def test_a_negative_is_looked_for_in_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_tests.negatives._ROWS_AT_ONCE", 1)
    assert same(WIDE, EvaluationSet.from_members(WIDE.to_members(), WIDE_MANIFEST))
    members = {**WIDE.to_members(), "proof/eval_negatives.npy": to_npy(np.array([[2, 3], [4, 6], [0, 6]], IDS))}
    with pytest.raises(BundleError, match="in row 2"):
        EvaluationSet.from_members(members, WIDE_MANIFEST)


def test_candidates_without_what_they_belong_to_are_refused() -> None:
    with pytest.raises(BundleError, match=r"eval_negatives.npy is there and proof/eval_seen_offsets.npy is missing"):
        EvaluationSet.from_members({"proof/eval_negatives.npy": b""}, WIDE_MANIFEST)
    ranks, alone = (
        Baseline(np.ones(3, IDS)).to_members(),
        {"proof/baseline_candidate_ranks.npy": to_npy(np.ones(3, IDS))},
    )
    with pytest.raises(BundleError, match=r"candidate_ranks.npy is there and proof/baseline_ranks.npy is missing"):
        Baseline.from_members(alone, WIDE_MANIFEST, WIDE)
    with pytest.raises(BundleError, match=r"candidate_ranks.npy is there and proof/eval_negatives.npy is missing"):
        Baseline.from_members({**ranks, **alone}, WIDE_MANIFEST, replace(WIDE, negatives=None))


@pytest.mark.parametrize("ranks", [[1, 2], [1, 2, 0], [1, 2, 4]])
def test_ranks_among_candidates_that_cannot_be_are_refused(ranks: list[int]) -> None:
    members = Baseline(np.ones(3, IDS), np.array(ranks, IDS)).to_members()
    with pytest.raises(BundleError, match=r"^proof/baseline_candidate_ranks.npy "):
        Baseline.from_members(members, WIDE_MANIFEST, WIDE)


def test_what_is_not_there_is_none() -> None:
    assert EvaluationSet.from_members({}, MANIFEST) is None
    assert Golden.from_members({}, MANIFEST, 3) is None
    assert Baseline.from_members({}, MANIFEST, SET) is None


def read_all(members: dict[str, bytes]) -> None:
    for cls, more in ((EvaluationSet, ()), (Golden, (3,)), (Baseline, (SET,))):
        cls.from_members(members, MANIFEST, *more)


@pytest.mark.parametrize("name", sorted(SET.to_members() | GOLDEN.to_members()))
def test_half_of_it_is_refused(name: str) -> None:
    members = {**SET.to_members(), **GOLDEN.to_members()}
    del members[name]
    with pytest.raises(BundleError, match=rf"{name} is missing"):
        read_all(members)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("proof/eval_input_history.npy", np.zeros((3, 3), IDS)),
        ("proof/eval_input_history.npy", np.zeros((2, 2), IDS)),
        ("proof/eval_input_history.npy", np.full((3, 2), 6, IDS)),
        ("proof/eval_input_history.npy", np.zeros((3, 2), np.float32)),
        ("proof/eval_input_user.npy", np.full(3, -1, IDS)),
        ("proof/eval_input_user.npy", np.zeros((3, 1), IDS)),
        ("proof/eval_seen_offsets.npy", np.array([1, 1, 3, 6], IDS)),
        ("proof/eval_seen_offsets.npy", np.array([0, 3, 1, 6], IDS)),
        ("proof/eval_seen_offsets.npy", np.array([0, 1, 3, 5], IDS)),
        ("proof/eval_seen_offsets.npy", np.array([0, 1, 3, 7], IDS)),
        ("proof/eval_seen_offsets.npy", np.array([], IDS)),
        ("proof/eval_seen_values.npy", np.array([0, 1, 2, 3, 4, 5], IDS)),
        ("proof/eval_relevant_offsets.npy", np.array([0, 2, 3], IDS)),
        ("proof/eval_relevant_values.npy", np.array([1, 2, -1], IDS)),
        ("proof/eval_popularity.npy", np.ones(4, IDS)),
        ("proof/eval_popularity.npy", np.full(5, -1, IDS)),
        ("proof/golden_users.npy", np.array([2, 3], IDS)),
        ("proof/golden_users.npy", np.array([], IDS)),
        ("proof/golden_float_top.npy", np.array([[1, 5], [3, 4]], IDS)),
        ("proof/golden_float_top.npy", np.array([[1, 1], [3, 4]], IDS)),
        ("proof/golden_float_top.npy", np.array([[1, 2, 3], [3, 4, 0]], IDS)),
        ("proof/golden_decoded_scores.npy", np.ones((3, 5), np.float32)),
        ("proof/golden_decoded_scores.npy", np.ones((1, 4), np.float32)),
        ("proof/golden_decoded_scores.npy", np.full((1, 5), np.nan, np.float32)),
        ("proof/golden_decoded_scores.npy", np.ones((1, 5), IDS)),
        ("proof/baseline_ranks.npy", np.array([1, 2], IDS)),
        ("proof/baseline_ranks.npy", np.array([1, 2, 0], IDS)),
        ("proof/baseline_ranks.npy", np.array([1, 2, 6], IDS)),
    ],
)
def test_an_array_that_does_not_fit_is_refused_by_name(name: str, array: np.ndarray) -> None:
    members = {**SET.to_members(), **GOLDEN.to_members(), name: to_npy(array)}
    with pytest.raises(BundleError, match=name.rpartition("_")[0]):
        read_all(members)


@given(array=hnp.arrays(st.sampled_from([np.int32, np.float32]), hnp.array_shapes(min_dims=1, max_dims=2, min_side=0)))
def test_an_array_is_written_as_numpy_reads_it(array: np.ndarray) -> None:
    data = to_npy(array)
    np.testing.assert_array_equal(np.load(io.BytesIO(data), allow_pickle=False), array)
    kind = "<i4" if array.dtype == np.int32 else "<f4"
    np.testing.assert_array_equal(from_npy(data, "x", kind, (None,) * array.ndim).view(kind), array)


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.int16, object, "U3"])
def test_other_types_are_refused(kind: object) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(3).astype(kind))
    with pytest.raises(BundleError, match=r"^x is no .npy file as edgerec writes them$"):
        from_npy(file.getvalue(), "x", "<i4", (None,))


def test_fortran_order_is_refused() -> None:
    file = io.BytesIO()
    np.save(file, np.asfortranarray(np.zeros((3, 2), np.int32)))
    with pytest.raises(BundleError):
        from_npy(file.getvalue(), "x", "<i4", (3, 2))


def test_an_absurd_shape_allocates_nothing() -> None:
    data = to_npy(np.zeros(3, np.int32))
    absurd = data.replace(b"(3,), }          ", b"(3333333333,), } ")
    assert absurd != data
    assert len(absurd) == len(data)
    tracemalloc.start()
    with pytest.raises(BundleError, match=r"holds 12 bytes where shape"):
        from_npy(absurd, "x", "<i4", (None,))
    assert tracemalloc.get_traced_memory()[1] < 1 << 16
    tracemalloc.stop()


@given(data=st.data())
def test_a_damaged_file_is_refused_or_is_another_array(data: st.DataObject) -> None:
    good = to_npy(np.arange(6, dtype=np.int32).reshape(2, 3))
    place = data.draw(st.integers(0, len(good) - 25))
    byte = data.draw(st.integers(0, 255))
    damaged = good[:place] + bytes([byte]) + good[place + 1 :]
    if damaged != good:
        with pytest.raises(BundleError):
            from_npy(damaged, "x", "<i4", (2, 3))
    with pytest.raises(BundleError):
        from_npy(good[: data.draw(st.integers(0, len(good) - 1))], "x", "<i4", (2, 3))


def test_lists_of_lists() -> None:
    lists = Ragged.from_lists([[4], [], [1, 2]])
    assert len(lists) == 3
    assert [part.tolist() for part in lists] == [[4], [], [1, 2]]
    assert lists.rows.tolist() == [0, 2, 2]
    taken = lists.take(np.array([2, 0, 1, 2]))
    assert [part.tolist() for part in taken] == [[1, 2], [4], [], [1, 2]]


def test_segments_of_a_known_set() -> None:
    # Of 27 interactions item 0 holds the first third, item 1 what reaches the second; one user is below the median.
    found = SET.segments()
    assert found == {
        "head": (),
        "middle": (0, 2),
        "tail": (1,),
        "popular_half": (0, 1, 2),
        "unpopular_half": (),
        "short_history": (0, 1),
        "long_history": (2,),
    }


@given(
    popularity=hnp.arrays(np.int32, 7, elements=st.integers(0, 5)),
    users=st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 6), max_size=3)), max_size=6),
)
def test_segments_divide_the_held_out_items_twice(popularity: np.ndarray, users: list[tuple[int, list[int]]]) -> None:
    seen = Ragged.from_lists([[0] * length for length, _ in users])
    relevant = Ragged.from_lists([items for _, items in users])
    found = EvaluationSet({}, seen, relevant, popularity).segments()
    everything = list(range(len(relevant.values)))
    assert sorted(found["head"] + found["middle"] + found["tail"]) == everything
    assert sorted(found["popular_half"] + found["unpopular_half"]) == everything
    assert sorted(found["short_history"] + found["long_history"]) == everything
    order = sorted(range(7), key=lambda item: (-popularity[item], item))
    place = {segment: [order.index(relevant.values[index]) for index in found[segment]] for segment in found}
    assert max(place["head"], default=-1) < min(place["middle"] + place["tail"], default=7)
    assert max(place["popular_half"], default=-1) <= 3 < min(place["unpopular_half"], default=7)
    assert max(place["middle"], default=-1) < min(place["tail"], default=7)
    lengths = [length for length, _ in users]
    for index in everything:
        short = lengths[relevant.rows[index]] < np.median(lengths)
        assert (index in found["short_history"]) == short


def test_the_head_holds_a_third_of_the_interactions() -> None:
    popularity = np.array(
        [5, 1, 4, 3, 2, 3], np.int32
    )  # 18: head is item 0 and 2 (9 >= 6), middle 3 (12), tail 5, 4, 1
    relevant = Ragged.from_lists([[0, 1, 2, 3, 4, 5]])
    found = EvaluationSet({}, Ragged.from_lists([[]]), relevant, popularity).segments()
    assert (found["head"], found["middle"], found["tail"]) == ((0, 2), (3,), (1, 4, 5))


def test_every_member_has_a_place_in_a_bundle() -> None:
    ones = np.ones(3, np.int32)
    members = {
        **WIDE.to_members(),
        **SET.to_members(),
        **GOLDEN.to_members(),
        **Baseline(ones, ones, ones).to_members(),
    }
    assert bundle.encode(members)


VECTOR_MANIFEST = replace(MANIFEST, inputs=(Input("vector", "vector", 2, 0, None),))
VECTORS = np.array([[0.5, -1e-38], [3e38, 1 / 3], [-0.0, 7]], np.float32)


def test_vectors_come_back_to_the_bit_as_float32() -> None:
    members = replace(SET, inputs={"vector": VECTORS}).to_members()
    found = EvaluationSet.from_members(members, VECTOR_MANIFEST)
    assert found is not None
    assert found.inputs["vector"].dtype == np.float32
    assert found.inputs["vector"].tobytes() == VECTORS.tobytes()
    assert b"'<f4'" in members["proof/eval_input_vector.npy"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (VECTORS[:2], r"should be <f4 of shape \(3, 2\), not <f4 of shape \(2, 2\)"),
        (VECTORS[:, :1], r"should be <f4 of shape \(3, 2\), not <f4 of shape \(3, 1\)"),
        (np.ones((3, 2), np.int32), r"should be <f4 of shape \(3, 2\), not <i4"),
        (np.where(VECTORS == 7, np.float32(np.nan), VECTORS), "holds numbers that are not finite"),
        (np.where(VECTORS == 7, np.float32(-np.inf), VECTORS), "holds numbers that are not finite"),
    ],
    ids=["users", "columns", "whole numbers", "NaN", "infinite"],
)
def test_vectors_that_cannot_be_are_refused(values: np.ndarray, sentence: str) -> None:
    members = {**SET.to_members(), "proof/eval_input_vector.npy": to_npy(values)}
    with pytest.raises(BundleError, match=rf"^proof/eval_input_vector.npy {sentence}"):
        EvaluationSet.from_members(members, VECTOR_MANIFEST)


def test_a_set_of_a_catalogue_of_which_items_were_dropped_comes_back_from_its_members() -> None:
    few = replace(WIDE, kept=np.array([1, 2, 6], np.int32))
    manifest = replace(WIDE_MANIFEST, items=3, dropped=5)
    assert same(few, EvaluationSet.from_members(few.to_members(), manifest))
    golden = Golden(np.array([1], np.int32), np.array([[7, 2]], np.int32), np.ones((1, 3), np.float32))
    assert same(golden, Golden.from_members(golden.to_members(), manifest, few.users))
    baseline = Baseline(np.array([1, 8, 2], np.int32), np.array([1, 3, 2], np.int32), np.arange(1, 9, dtype=np.int32))
    assert same(baseline, Baseline.from_members(baseline.to_members(), manifest, few))


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [
        ([2, 1, 6], "should rise"),
        ([1, 1, 6], "should rise"),
        ([1, 2, 8], "values from 1 to 8, outside 0 to 7"),
        ([1, 2], r"not <i4 of shape \(2,\)"),
        (None, "is missing and 5 items were dropped"),
    ],
)
def test_kept_items_that_cannot_be_are_refused(kept: list[int] | None, sentence: str) -> None:
    members = replace(WIDE, kept=np.array(kept, np.int32) if kept else None).to_members()
    with pytest.raises(BundleError, match=rf"^proof/eval_kept.npy .*{sentence}"):
        EvaluationSet.from_members(members, replace(WIDE_MANIFEST, items=3, dropped=5))


def test_kept_items_of_a_whole_catalogue_or_of_no_set_are_refused() -> None:
    members = replace(WIDE, kept=np.arange(8, dtype=np.int32)).to_members()
    with pytest.raises(BundleError, match=r"^proof/eval_kept.npy is there and 0 items were dropped"):
        EvaluationSet.from_members(members, WIDE_MANIFEST)
    with pytest.raises(BundleError, match=r"eval_kept.npy is there and proof/eval_seen_offsets.npy is missing"):
        EvaluationSet.from_members({"proof/eval_kept.npy": b""}, WIDE_MANIFEST)


def test_a_sample_holds_the_users_it_names_with_all_that_is_theirs() -> None:
    users = 10
    whole = EvaluationSet(
        {"user": np.arange(users, dtype=np.int32)},
        Ragged.from_lists([[user] for user in range(users)]),
        Ragged.from_lists([[user] * (user % 3) for user in range(users)]),
        np.arange(users, dtype=np.int32),
        np.repeat(np.arange(users, dtype=np.int32), [user % 3 for user in range(users)])[:, None],
    )
    part = whole.sample(4)
    assert part.inputs["user"].tolist() == [0, 2, 5, 7]
    assert [part.seen[row].tolist() for row in range(4)] == [[0], [2], [5], [7]]
    assert part.relevant.values.tolist() == [2, 2, 5, 5, 7]
    assert part.negatives is not None
    assert part.negatives[:, 0].tolist() == [2, 2, 5, 5, 7], "negatives stay with their held-out item"
    assert whole.sample(10) is whole.sample(11) is whole
