"""What to try next: a pure function of the space, the seed, the round and the rounds before it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgerec.search.neighbours import neighbours
from edgerec.search.optuna_study import distributions, frozen, quiet
from edgerec.search.space import Choices, Space, Value, key
from edgerec.search.trial import Finished, SizeLimits

_UNGUIDED = 4  # outcomes before the sampler is guided by them
_ASKED_AGAIN = 10


def proposed(
    space: Space,
    before: Sequence[Finished],
    *,
    seed: int,
    number: int,
    size: int,
    limits: SizeLimits,
    first: Sequence[Choices] = (),
) -> tuple[dict[str, Value], ...]:
    """Give the `size` combinations of round `number`, none of them tried `before`; fewer where no other is left.

    `before` are the trials of the rounds before, in their order. The search opens with `first`, in its order; what
    follows is sampled by a tree-structured Parzen estimator with constraints (Watanabe 2023, arXiv:2304.11127) that
    is seeded from (seed, number) and counts what is asked in the same round as bad until it is known; every other one
    is a neighbour of what holds so far, as `neighbours` orders them, while there are any.
    """
    given = [dict(choices) for choices in first[number * size : (number + 1) * size]]
    taken = {key(one.trial.choices) for one in before} | {key(one) for one in first}
    if len(given) == size:
        return tuple(given)
    own = np.random.SeedSequence((seed, number)).generate_state(2)
    with quiet() as optuna:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(own[0]), n_startup_trials=_UNGUIDED))
        for one in before:
            study.add_trial(frozen(one, space, limits))
        for choices in given:
            study.enqueue_trial(choices)
            study.ask(distributions(space))
        asked, beside = list(given), neighbours(space, before, limits)
        while len(asked) < size:
            turn = (len(asked) - len(given)) % 2 == 0
            near = next((one for one in beside if key(one) not in taken), None) if turn else None
            found = near or _new(optuna, study, space, taken) or _untried(space, taken, int(own[1]))
            if found is None:
                break
            if near:
                study.enqueue_trial(near)
                study.ask(distributions(space))
            asked.append(found)
            taken.add(key(found))
    return tuple(asked)


def _new(optuna: Any, study: Any, space: Space, taken: set[str]) -> dict[str, Value] | None:
    """Ask for a combination that is not taken, None where the sampler keeps to those that are."""
    for _ in range(_ASKED_AGAIN):
        trial = study.ask(distributions(space))
        choices = {name: trial.params[name] for name in space.dimensions}
        if key(choices) not in taken:
            return choices
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return None


def _untried(space: Space, taken: set[str], start: int) -> dict[str, Value] | None:
    """Give the first combination from a place on that is not taken, None where there is none or no end of them."""
    count = space.combinations or 0
    places = ((start + step) % count for step in range(min(count, len(taken) + 1)))
    return next((found for found in map(space.at, places) if key(found) not in taken), None)
