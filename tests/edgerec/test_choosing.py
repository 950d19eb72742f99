import numpy as np
import pytest

from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from device_tests.report import Quality
from edgerec.choosing import ChoosingError, Proof, floors_to_choose_by, halves_of
from edgerec.floors import CANDIDATES, Floor, Floors, FloorVerdict, Kept
from edgerec.gate.verdict import Check, Verdict

HELD = Verdict("x", "", (Check("golden", "flag", "", limit=True, measured=True, held=True),))
MISSED = Verdict("x", "", (Check("golden", "flag", "", limit=True, measured=False, held=False),))
RECALL = Floor("recall", 5, 0.9)


def evaluation(users: int) -> EvaluationSet:
    inputs = {"user": np.arange(users, dtype=np.int32)}
    one_each = Ragged.from_lists([np.array([user], np.int32) for user in range(users)])
    return EvaluationSet(inputs, one_each, one_each, np.ones(users + 1, np.int64))


def test_every_second_user_chooses_and_the_others_prove() -> None:
    choosing, proving = halves_of(evaluation(5))
    assert choosing.inputs["user"].tolist() == choosing.relevant.values.tolist() == [0, 2, 4]
    assert proving.inputs["user"].tolist() == proving.relevant.values.tolist() == [1, 3]


def test_one_user_alone_cannot_choose_and_prove() -> None:
    with pytest.raises(ChoosingError, match="has 1 users, expected 2 or more: one half chooses"):
        halves_of(evaluation(1))


def test_a_floor_without_evidence_is_left_to_all_users_and_said() -> None:
    ranks, users = (1,) * 100, 100
    segments = {"popular_half": tuple(range(users)), "unpopular_half": ()}
    quality = Quality(5, 50, users, tuple(range(users + 1)), ranks, (9,) * 5, 9.0, segments, 20, ranks)
    said: list[str] = []
    floors = Floors((RECALL, Floor(CANDIDATES, 10, 0.95, "popular_half")), strict=True)
    assert floors_to_choose_by(floors, quality, said.append) == Floors((RECALL,), strict=True)
    assert len(said) == 1
    assert said[0].startswith("candidates_kept_at_10 popular_half is left to all users: float32 has 100 hits")


@pytest.mark.parametrize(
    ("verdict", "states", "holds"),
    [
        (HELD, ("held",), True),
        (HELD, ("held", "no evidence"), True),
        (HELD, ("held", "missed"), False),
        (MISSED, ("held",), False),
        (None, ("held",), False),
        (HELD, None, False),
    ],
)
def test_a_proof_holds_where_all_users_hold_and_those_that_chose_nothing_miss_nothing(
    verdict: Verdict | None, states: tuple[str, ...] | None, holds: bool
) -> None:
    unseen = None if states is None else FloorVerdict(tuple(Kept(RECALL, state) for state in states))  # type: ignore[arg-type]
    assert bool(Proof(verdict, unseen)) is holds
