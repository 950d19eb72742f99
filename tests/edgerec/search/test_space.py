"""Values, ranges and their combinations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.search.errors import SearchError
from edgerec.search.space import Numbers, OneOf, Space, WholeNumbers, key

COUNTED = Space({"codec": OneOf(("int8", "int4", 4)), "clusters": WholeNumbers(3, 6), "share": OneOf((True, False))})


def test_every_place_is_another_combination_of_the_space() -> None:
    count = COUNTED.combinations
    assert count == 3 * 4 * 2
    combinations = [COUNTED.at(place) for place in range(count)]
    for choices in combinations:
        COUNTED.refuse_outside(choices)
    assert len({key(choices) for choices in combinations}) == count
    assert [list(combinations[place].values()) for place in (0, 1, 2, 23)] == [
        ["int8", 3, True], ["int8", 3, False], ["int8", 4, True], [4, 6, False],
    ]  # fmt: skip


def test_numbers_without_end_are_not_counted() -> None:
    space = Space({"codec": OneOf(("int8",)), "rows": Numbers(0.1, 1)})
    assert space.combinations is None
    with pytest.raises(SearchError, match="rows is of numbers without end"):
        space.at(0)


@given(st.dictionaries(st.text(max_size=3), st.one_of(st.booleans(), st.integers(), st.text(max_size=3)), max_size=5))
def test_the_key_of_choices_minds_no_order(choices: dict[str, str | int]) -> None:
    assert key(choices) == key(dict(reversed(choices.items())))
    assert key(choices) != key({**choices, "one more": 1})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"codec": "int8", "clusters": 3}, "says nothing of share"),
        ({"codec": "int8", "clusters": 3, "share": True, "cluster": 3}, r"cluster is no dimension.*clusters\?"),
        ({"codec": "int3", "clusters": 3, "share": True}, "codec is 'int3', expected OneOf"),
        ({"codec": "int8", "clusters": 7, "share": True}, "clusters is 7, expected WholeNumbers"),
        ({"codec": "int8", "clusters": 3.0, "share": True}, "clusters is 3.0"),
        ({"codec": "int8", "clusters": 3, "share": 1}, "share is 1, expected"),
    ],
)
def test_what_is_not_in_the_space_is_refused_by_name(choices: dict[str, str | int], message: str) -> None:
    with pytest.raises(SearchError, match=message):
        COUNTED.refuse_outside(choices)


def test_a_number_in_a_range_is_no_truth_value() -> None:
    assert [Numbers(0, 2).has(one) for one in (0, 1.5, 2, 2.1, True, "1", float("nan"))] == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: OneOf(()),
        lambda: OneOf(("a", "a")),
        lambda: WholeNumbers(3, 2),
        lambda: WholeNumbers(0, 2, log=True),
        lambda: Numbers(0.0, float("inf")),
        lambda: Space({}),
    ],
)
def test_no_dimension_is_empty(make: object) -> None:
    with pytest.raises(SearchError, match="expected"):
        make()  # type: ignore[operator]
