from collections.abc import Callable

import pytest

from edgerec.floors import CANDIDATES, Floor, Floors
from edgerec.loop.round import Round, judge

Make = Callable[..., Round]
FLOORS = Floors((Floor("recall", 1, 0.9),))


def test_a_round_is_held_to_float32_with_the_users_that_choose_and_shows_training_beside_it(made: Make) -> None:
    one = judge(made(1, 500, 230, train=150), made(0, 1000), FLOORS, {"app_bytes": 2000}, 5)
    assert one.margins == pytest.approx({"recall_kept_at_1": 230 / 250 / 0.9 - 1, "app_bytes": 0.5})
    assert one
    train, validation = one.recall
    assert (train.estimate, validation.estimate) == (0.5, 0.92)
    assert one.least == ("recall_kept_at_1", pytest.approx(0.92 / 0.9 - 1))
    assert [each.estimate for each in one.halves["popular_half"]] == [None, None]  # 10 of 5 negatives prove nothing


def test_a_floor_or_a_size_that_is_missed_is_told_with_how_much_of_it(made: Make) -> None:
    small = judge(made(1, 500, 180), made(0, 1000), FLOORS, {}, 5)
    assert not small
    assert small.missed == small.missed_floors == {"recall_kept_at_1": pytest.approx(1 - 0.72 / 0.9)}
    large = judge(made(1, 500), made(0, 1000), FLOORS, {"download_bytes": 400, "app_bytes": 1000}, 5)
    assert large.missed == {"download_bytes": 0.25}
    assert not large.missed_floors
    assert not large


def test_recall_is_told_at_the_k_of_its_floor_else_at_the_one_given(made: Make) -> None:
    assert judge(made(1, 500), made(0, 1000), FLOORS, {}, 5).recall[0].floor.k == 1
    without = judge(made(1, 500), made(0, 1000), Floors(()), {"app_bytes": 1}, 5)
    assert without.recall[0].floor.k == 5
    assert without.least is None


def test_a_segment_under_a_floor_decides_where_all_users_together_keep_enough(made: Make) -> None:
    floors = Floors((Floor(CANDIDATES, 2, 0.95, "popular_half"),))
    one = judge(made(1, 500, 230), made(0, 1000), floors, {}, 1)
    assert list(one.missed_floors) == ["candidates_kept_at_2 popular_half"]
