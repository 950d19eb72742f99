"""Tables judged by the harness's own ranking, and how often an item is shown."""

import numpy as np

from benchmarks.factor_data import Side
from benchmarks.factor_quality import best_unseen, judge, judge_coded, judge_float
from converters.tables.float32_rows import Float32Rows
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from edgerec.data.interactions import Interactions

RANDOM = np.random.default_rng(0)
USERS, ITEMS, COLUMNS = 40, 60, 8
NOBODY = Interactions.from_columns(["u"], ["i"], [0])


def lists(rows: list[list[int]]) -> Ragged:
    return Ragged.from_lists([np.array(row, np.int32) for row in rows])


def side() -> Side:
    drawn = [RANDOM.permutation(ITEMS).tolist() for _ in range(USERS)]
    judged = EvaluationSet(
        {}, lists([sorted(row[2:7]) for row in drawn]), lists([sorted(row[:2]) for row in drawn]), np.ones(ITEMS, "i4")
    )
    return Side(NOBODY, judged, np.arange(USERS, dtype=np.int32)[::-1].copy())


SIDE = side()
TABLE, VECTORS = (RANDOM.normal(size=(rows, COLUMNS)).astype(np.float32) for rows in (ITEMS, USERS))


def test_users_are_scored_with_their_own_vectors_wherever_they_stand() -> None:
    scores = VECTORS[SIDE.users] @ TABLE.T
    scores[SIDE.judged.seen.rows, SIDE.judged.seen.values] = -np.inf
    held = scores[SIDE.judged.relevant.rows, SIDE.judged.relevant.values]
    ranks = 1 + (scores[SIDE.judged.relevant.rows] > held[:, None]).sum(axis=1)
    quality = judge_float(TABLE, VECTORS, SIDE)
    assert np.array_equal(quality.ranks, ranks)
    assert judge_coded(Float32Rows(TABLE), VECTORS, SIDE) == quality


def test_rows_are_items_in_their_order_and_items_without_one_are_never_recommended() -> None:
    order = RANDOM.permutation(ITEMS)
    shuffled = judge_coded(Float32Rows(TABLE[order]), VECTORS, SIDE, order)
    assert shuffled == judge_float(TABLE, VECTORS, SIDE)
    few = order[:30]
    quality, top = judge(lambda vectors: vectors @ TABLE[few].T, VECTORS, SIDE, few)
    assert quality.recommended_items[-1] <= 30
    assert set(top[:, :15].ravel()) <= set(few.tolist())


def test_what_a_user_has_seen_is_not_listed_for_them_and_users_who_saw_nothing_are_left_out() -> None:
    seen = Interactions.from_columns(["a", "b"], ["29", "0"], [0, 0]).in_vocabulary(
        users=("a", "b", "c"), items=tuple(map(str, range(30)))
    )
    table = np.arange(30, dtype=np.float32)[:, None]
    assert best_unseen(table, np.ones((3, 1), np.float32), seen, 2).tolist() == [[28, 27], [29, 28]]
