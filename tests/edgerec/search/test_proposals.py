"""Proposals as a pure function of what came before."""

import importlib
from collections.abc import Sequence
from dataclasses import replace

import optuna
import pytest

from edgerec.search.proposals import proposed
from edgerec.search.rounds import Plan
from edgerec.search.space import OneOf, Space, WholeNumbers, key
from edgerec.search.trial import NO_SIZE_LIMITS, Finished

SMALL = Space({"items": OneOf(("int8", "int4")), "clusters": WholeNumbers(1, 3)})


def finished(plan: Plan, rounds: int) -> list[Finished]:
    """Give the trials of some rounds with their outcomes."""
    problem = importlib.import_module("synthetic_problem")
    done: list[Finished] = []
    for number in range(rounds):
        done += [Finished(one, problem.outcome(one.choices)) for one in plan.round(number, done)]
    return done


def asked(plan: Plan, number: int, before: Sequence[Finished]) -> list[str]:
    return [key(one.choices) for one in plan.round(number, before)]


def test_the_same_seed_and_rounds_before_give_the_same_proposals(plan: Plan) -> None:
    before = finished(plan, 2)
    same = asked(plan, 2, before)
    assert same == asked(plan, 2, before)
    assert len(same) == plan.round_size
    assert same != asked(replace(plan, seed=4), 2, before)
    assert same != asked(plan, 3, before)


def test_what_is_known_to_pay_comes_first_and_the_round_is_filled_up(plan: Plan) -> None:
    opening = plan.round(0, ())
    assert [one.number for one in opening] == [0, 1, 2, 3]
    assert [one.choices for one in opening[:2]] == list(plan.first)
    wide = replace(plan, round_size=1)
    assert [one.choices for one in wide.round(1, finished(wide, 1))] == [plan.first[1]]


def test_the_search_finds_the_known_optimum_of_a_small_space() -> None:
    """Of 144 combinations, 4000 bytes for codes and int4 with 80 % of the rows is the smallest that holds."""
    codecs = OneOf(("int8", "int4", "int2", "codes"))
    shares = OneOf(tuple(share / 10 for share in range(2, 11)))
    plan = Plan(Space({"items": codecs, "users": codecs, "rows": shares}), round_size=8, seed=1)
    held = [
        (one.outcome.download_bytes, one.trial.number)
        for one in finished(plan, 7)
        if one.outcome and not NO_SIZE_LIMITS.missed(one.outcome)
    ]
    assert min(held)[0] == 4000


def test_nothing_is_proposed_twice_and_a_space_ends_when_all_of_it_was() -> None:
    seen: list[str] = []
    before: list[Finished] = []
    for number in range(3):
        for choices in proposed(SMALL, before, seed=0, number=number, size=4, limits=NO_SIZE_LIMITS):
            seen.append(key(choices))
            before.append(Finished(Plan(SMALL).round(0, ())[0].__class__(len(before), choices), None, "failed"))
    assert len(seen) == 6 == len(set(seen))


def test_failed_trials_say_nothing_to_the_sampler(plan: Plan) -> None:
    before = finished(plan, 2)
    failed = [replace(one, outcome=None, why="it died") if one.trial.number == 5 else one for one in before]
    assert asked(plan, 2, failed)
    assert asked(plan, 2, failed) != asked(plan, 2, before)


def test_optuna_is_silent_and_its_verbosity_put_back(plan: Plan, capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        finished(plan, 2)
        assert capfd.readouterr() == ("", "")
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)
