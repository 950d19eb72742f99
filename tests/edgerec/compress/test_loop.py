import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find, parse_text
from edgerec.compress.loop import Loop
from edgerec.compress.pipeline import Setting, stages
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.compress.stage import Stage
from edgerec.compress.steps import Cluster, Narrow, Prune, Step
from edgerec.errors import EdgerecError

LOOPED = """
[[step]]
do = "prune"
sparsity = 0.25
epochs = 1

[[step]]
do = "cluster"
clusters = 16

[loop]
grow = "prune"
by = 0.25
rounds = 3

[convert]
precision = "dynamic_int8"
"""


def recipe(*steps: Step, loop: Loop) -> Recipe:
    return Recipe("mine", steps, "dynamic_int8", 0.3, loop=loop)


def test_a_round_carries_out_every_smaller_share_before_its_own_and_then_the_other_steps() -> None:
    found = parse_text(LOOPED, "mine")
    assert found.loop == Loop("prune", 0.25, rounds=3)
    cluster = Cluster(16)
    grown = [Prune(share, epochs=1, allow_no_gain=True) for share in (0.25, 0.5, 0.75)]
    assert [one.steps for one in found.rounds] == [(*grown[:number], cluster) for number in (1, 2, 3)]
    assert [one.name for one in found.rounds] == ["mine_round1", "mine_round2", "mine_round3"]
    assert all(one.loop is None and one.float_overlap == found.float_overlap == 0.4 for one in found.rounds)


@given(st.integers(1, 99), st.integers(1, 98), st.integers(1, 30))
def test_narrowing_rounds_take_of_what_is_left_what_makes_the_share_of_the_whole(
    start: int, by: int, rounds: int
) -> None:
    loop = Loop("narrow", by / 100, rounds)
    shares = loop.shares(start / 100)
    if len(shares) == 1 < rounds:
        with pytest.raises(RecipeError, match=r"^loop grows remove from .* the second round would leave nothing"):
            loop.grown(Narrow(start / 100))
        return
    steps = loop.grown(Narrow(start / 100))
    left = [math.prod(1 - step.remove for step in steps[: number + 1]) for number in range(len(steps))]  # type: ignore[union-attr]
    assert left == pytest.approx([1 - share for share in shares])
    assert list(shares) == pytest.approx([(start + by * number) / 100 for number in range(len(shares))])
    assert len(shares) == min(rounds, 1 + (99 - start) // by)


def test_steps_before_the_one_that_grows_are_carried_out_once() -> None:
    found = recipe(Narrow(0.5), Prune(0.2), loop=Loop("prune", 0.3, rounds=2))
    assert [[step.do for step in one.steps] for one in found.rounds] == [
        ["narrow", "prune"],
        ["narrow", "prune", "prune"],
    ]


def test_a_name_spells_a_loop_with_a_criterion_and_tables() -> None:
    found = find("prune30by10-fisher_int8")
    assert found.loop == Loop("prune", 0.1)
    assert found.steps == (Prune(0.3, criterion="fisher"),)
    assert [round_.steps[-1].sparsity for round_ in found.rounds] == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # type: ignore[union-attr]
    assert found.float_overlap == 0.3
    narrowed = find("narrow25by25_rows4_int8")
    assert narrowed.loop == Loop("narrow", 0.25)
    assert isinstance(narrowed.tables[0], TableCoding)
    assert len(narrowed.rounds) == 3
    assert find("prune30_int8").rounds == ()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('grow = "prune"', 'grow = "prun"', "mine:12: grow is 'prun', expected prune or narrow (did you mean prune?)"),
        ('grow = "prune"', "", "loop.grow is nothing, expected a value"),
        ('grow = "prune"', 'grow = "narrow"', "mine:11: loop grows the step narrow, and the recipe has no such step"),
        ("by = 0.25", "by = 0", "mine:13: by is 0, expected a share above 0 and below 1"),
        ("by = 0.25", "by = 0.75", "loop grows sparsity from 0.25 by 0.75, and the second round would leave nothing"),
        ("rounds = 3", "rounds = 0", "mine:14: rounds is 0, expected 1 or more"),
        ("rounds = 3", "no_progress_rounds = 0", "mine:14: no_progress_rounds is 0, expected 1 or more"),
        ("\n[[step]]", '\nrows = "drop"\n[[step]]', 'loop goes with no rows = "drop"'),
        ("rounds = 3", "round = 3", "mine:14: loop.round is not known (did you mean rounds?)"),
    ],
)
def test_a_loop_that_cannot_be_is_refused_with_its_line(old: str, new: str, sentence: str) -> None:
    assert old in LOOPED
    with pytest.raises(EdgerecError) as caught:
        parse_text(LOOPED.replace(old, new, 1), "mine")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_steps_of_the_kind_that_grows_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"^loop grows the step prune, and the recipe has 2 such steps: give it one"):
        recipe(Prune(0.2), Prune(0.4), loop=Loop("prune", 0.1))


def test_what_carries_out_steps_refuses_a_loop_by_name(interactions: object) -> None:
    base = Stage("base", lambda: pytest.fail("made the model"))
    with pytest.raises(RecipeError, match=r"mine has a loop, .*: give it to edgerec compress"):
        stages(base, recipe(Prune(0.2), loop=Loop("prune", 0.1)), Setting(interactions, "tflite-runtime==2.14.0"))  # type: ignore[arg-type]
