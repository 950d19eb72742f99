"""The loop's way through rounds and proofs, with rounds and proofs that a test gives; real ones are in cli/."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from device_tests.manifest import Input
from device_tests.report import Quality
from edgerec import looping, storage
from edgerec.build import Task
from edgerec.choosing import Proof
from edgerec.compress.errors import RecipeError
from edgerec.compress.loop import Loop
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Prune
from edgerec.floors import FloorVerdict
from edgerec.gate.budget import Budget, limit
from edgerec.gate.verdict import Check, Verdict
from edgerec.loop.errors import LoopError
from edgerec.loop.journal import read_rounds, write_rounds
from edgerec.loop.round import Judged, Round
from edgerec.looping import Asked, Looped
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue

USERS = 300
ITEMS = tuple(map(str, range(10)))
RECIPE = Recipe("mine", (Prune(0.1),), "dynamic_int8", 0.3, loop=Loop("prune", 0.1, rounds=4))
KEPT = limit("recall_kept_at_1", "90 %", "edgerec.toml:1")
SIZE = limit("download_bytes", 600, "edgerec.toml:2")
HELD = Verdict("out", "", (Check("golden", "flag", "", limit=True, measured=True, held=True),))
NO_EVIDENCE = Check(
    "candidates_kept_at_10", "share", "at least", 0.95, None, None, half="unpopular_half", undecided="no evidence"
)
ROLES = Roles("gru", "catalogue", (Input("history", "history", 4, 11, 10),), len(ITEMS))


@dataclass(frozen=True)
class Base:
    """A model of which only the roles are asked."""

    roles: Roles = ROLES


@dataclass(frozen=True)
class Rounds:
    """Rounds of (bytes to download, hits of the users that choose) in place of training and a runtime."""

    each: tuple[tuple[int, int] | Exception, ...]
    asked: list[int] = field(default_factory=list)
    key: str = "0" * 64

    def __call__(self, number: int) -> Round:
        self.asked.append(number)
        found = ((1000, 250), *self.each)[number]
        if isinstance(found, Exception):
            raise found
        size, hits = found
        return Round(number, number / 10, 2 * size, size, f"{number:064x}", quality(300), quality(hits))


def quality(hits: int) -> Quality:
    ranks = tuple(1 if user < hits else 9 for user in range(USERS))
    return Quality(1, 10, USERS, tuple(range(USERS + 1)), ranks, (5,), 9.0, {}, 0, ())


Run = Callable[..., Looped]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a loop on given rounds, of which only the ones that are named are proved."""
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))

    def go(
        *each: tuple[int, int] | Exception,
        limits: tuple[Any, ...] = (KEPT,),
        proved: Mapping[int, Verdict | None],
        told: Any = looping.nobody,
    ) -> Looped:
        rounds = Rounds(each)

        def prove(task: object, recipe: Recipe, *_: object, **__: object) -> Proof:
            verdict = proved[int(recipe.name.removeprefix("mine_round"))]
            return Proof(verdict, FloorVerdict(()), "" if verdict else "it does not")

        monkeypatch.setattr(looping, "Measuring", lambda *_: rounds)
        monkeypatch.setattr(looping, "prove", prove)
        task = Task(Base(), None, None, Catalogue(ITEMS), 5)  # type: ignore[arg-type]
        found = looping.run(
            Asked(task, RECIPE, Budget(limits)),
            tmp_path / "out",
            None,
            told=told,  # type: ignore[arg-type]
        )
        go.asked = rounds.asked  # type: ignore[attr-defined]
        return found

    return go


def test_the_smallest_that_holds_is_given_back_once_a_floor_ends_the_rounds(run: Run) -> None:
    told: list[Judged] = []
    found = run((500, 250), (400, 240), (300, 100), proved={2: HELD}, told=told.append)
    assert found
    assert found.ended.startswith("round 3 misses recall_kept_at_1")
    assert found.best.round.number == 2
    assert [one.round.number for one in told] == [0, 1, 2, 3]
    assert found.why == (
        "Round 2 is given back: of the 2 that hold for the users that choose, the smallest that holds for the others "
        "and for all"
    )


def test_a_round_that_holds_only_for_those_that_chose_it_gives_way_to_the_one_before(run: Run) -> None:
    rounds = ((500, 250), (400, 250), (300, 250), (200, 250))
    found = run(*rounds, proved={4: None, 3: None, 2: HELD})
    assert found.best.round.number == 2
    assert [(each.number, bool(each.proof)) for each in found.proofs] == [(4, False), (3, False), (2, True)]
    assert found.why.endswith("as rounds 4 and 3 did not")
    none = run(*rounds, proved=dict.fromkeys((1, 2, 3, 4)))
    assert not none
    assert none.why.startswith("No round is given back: rounds 4 and 3 and 2 and 1 held for the users that choose")


def test_what_no_round_could_hold_is_asked_of_one_alone(run: Run) -> None:
    undecided = Verdict("out", "", (*HELD.checks, NO_EVIDENCE))
    found = run((500, 250), (400, 250), (300, 250), (200, 250), proved={4: undecided})
    assert not found
    assert [each.number for each in found.proofs] == [4]
    assert found.why == (
        "No round is given back: round 4 misses nothing, and candidates_kept_at_10 unpopular_half can be told of none"
    )


def test_a_round_that_misses_something_beside_what_none_could_hold_gives_way(run: Run) -> None:
    missed = Verdict("out", "", (Check("golden", "flag", "", limit=True, measured=False, held=False), NO_EVIDENCE))
    found = run((500, 250), (400, 250), (300, 100), proved={2: missed, 1: HELD})
    assert [each.number for each in found.proofs] == [2, 1]
    assert found


def test_where_no_round_holds_the_closest_is_shown_and_nothing_is_proved(run: Run) -> None:
    found = run((700, 240), (650, 100), limits=(KEPT, SIZE), proved={})
    assert not found
    assert found.best.round.number == 1
    assert found.why == (
        "No round of 2 holds every floor and size; round 1 comes closest, and misses download_bytes by 16.67%"
    )


def test_a_round_that_cannot_be_made_ends_the_loop_and_the_first_is_an_error(run: Run) -> None:
    found = run((500, 250), RecipeError("no column is left"), proved={1: HELD})
    assert found.ended == "round 2 cannot be made: no column is left"
    assert found.best.round.number == 1
    assert found.why.endswith("the only one that holds for the users that choose, and for all the others")


def test_the_first_round_that_cannot_be_made_is_an_error(run: Run) -> None:
    with pytest.raises(RecipeError, match="no table"):
        run(RecipeError("no table"), proved={})


def test_rounds_of_the_journal_are_not_measured_again_and_none_is_lost(run: Run) -> None:
    rounds = ((500, 250), (400, 250), (300, 250), (200, 250))
    whole = run(*rounds, proved={4: HELD})
    assert run.asked == [0, 1, 2, 3, 4]  # type: ignore[attr-defined]
    kept = read_rounds(whole.journal)
    assert [one.number for one in kept] == [0, 1, 2, 3, 4]

    write_rounds(whole.journal, kept[:3])
    again = run(*rounds, proved={4: HELD})
    assert run.asked == [3, 4]  # type: ignore[attr-defined]
    assert again == whole
    assert read_rounds(whole.journal) == kept

    early = run(*rounds, limits=(KEPT, SIZE), proved={1: HELD})
    assert run.asked == []  # type: ignore[attr-defined]
    assert (early.best.round.number, len(early.rounds)) == (1, 2)
    assert read_rounds(whole.journal) == kept
    assert whole.journal.is_relative_to(storage.home() / "loops")


def test_a_budget_that_nothing_would_end_the_rounds_by_is_refused(run: Run) -> None:
    sentence = "mine has a loop, and the budget has nothing to end it at, neither what has to be kept nor a size: write"
    for limits in ((), (limit("recall_at_5", 0.2, "edgerec.toml:1"),)):
        with pytest.raises(LoopError, match=sentence):
            run((500, 250), limits=limits, proved={})
    with pytest.raises(LoopError, match="half of the test users give no evidence of any floor"):
        run((500, 250), limits=(limit("candidates_kept_at_10", "95 %", "edgerec.toml:1"),), proved={})
