"""Neighbours of what holds, and the order in which they are proposed."""

from edgerec.search.neighbours import near, neighbours
from edgerec.search.proposals import proposed
from edgerec.search.space import Numbers, OneOf, Space, WholeNumbers, key
from edgerec.search.trial import Finished, Outcome, SizeLimits, Trial

CODECS = OneOf(("rows8", "rows4", "aq8x64", "aq4x64", "aq4x32", "aq2x32", "top10-rows8-aq4x32"))
SPACE = Space({"items": CODECS, "users": CODECS})
LIMITS = SizeLimits(1000)


def finished(number: int, items: str, users: str, size: int, margin: float) -> Finished:
    trial = Trial(number, {"items": items, "users": users})
    return Finished(trial, Outcome(size, size, {"recall": margin}, {}))


def test_one_number_goes_to_the_next_that_there_is_and_a_list_one_place_on() -> None:
    assert near(CODECS, "aq4x64", -1) == ("aq4x32",)
    assert near(CODECS, "aq4x64", 1) == ("aq8x64",)
    assert near(CODECS, "aq4x32", -1) == ("aq2x32",)
    assert near(CODECS, "rows8", -1) == ("rows4",)
    assert near(CODECS, "aq2x32", -1) == ("top10-rows8-aq4x32",), "the next of the list, of another kind"
    assert near(CODECS, "rows8", 1) == (), "nothing is above the first"
    assert near(WholeNumbers(1, 3), 3, -1) == (2,)
    assert near(WholeNumbers(1, 3), 3, 1) == ()
    assert near(Numbers(0, 1), 0.5, 1) == ()


def test_the_smallest_that_holds_has_its_neighbours_first_and_those_further_down_before_those_further_up() -> None:
    before = [
        finished(0, "rows8", "rows8", 900, 0.05),
        finished(1, "aq4x64", "rows4", 400, 0.01),
        finished(2, "aq2x32", "aq2x32", 100, -0.01),
    ]
    found = [(one["items"], one["users"]) for one in neighbours(SPACE, before, LIMITS)]
    assert found[:2] == [("aq4x32", "rows4"), ("aq4x64", "aq8x64")]
    assert found[2:4] == [("rows4", "rows8"), ("rows8", "rows4")]
    assert found[4] == ("aq8x64", "rows4")
    assert not any("aq2x32" in pair for pair in found), "what missed a floor has none"


def test_a_round_takes_turns_between_neighbours_and_the_sampler() -> None:
    before = [finished(0, "rows8", "rows8", 900, 0.05), finished(1, "aq4x64", "rows4", 400, 0.01)]
    asked = proposed(SPACE, before, seed=0, number=1, size=4, limits=LIMITS)
    beside = [key(one) for one in neighbours(SPACE, before, LIMITS)]
    assert [key(asked[0]), key(asked[2])] == [one for one in beside if one != key(asked[1])][:2]
    assert len({key(one) for one in asked}) == 4
    assert asked == proposed(SPACE, before, seed=0, number=1, size=4, limits=LIMITS)
