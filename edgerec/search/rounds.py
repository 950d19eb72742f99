"""The search itself: rounds of proposals, run by workers, kept in a journal, until there is a reason to stop."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_tests import record
from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.search.errors import SearchError
from edgerec.search.journal import Journal, opened
from edgerec.search.pool import Pool
from edgerec.search.proposals import proposed
from edgerec.search.result import Result, best_of, candidates_of, result_of
from edgerec.search.space import Choices, Space, key
from edgerec.search.trial import NO_SIZE_LIMITS, Finished, SizeLimits, Trial
from edgerec.search.worker_process import Factory

RESULT_NAME = "result.json"


@dataclass(frozen=True)
class Plan:
    """What is searched, from which with the factory every trial and its outcome follow.

    `first` are tried before all that is sampled, in this order: what is known to pay.
    """

    space: Space
    limits: SizeLimits = NO_SIZE_LIMITS
    first: tuple[Choices, ...] = ()
    round_size: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.round_size < 1 or self.seed < 0:
            raise SearchError(f"got rounds of {self.round_size} and seed {self.seed}, expected at least 1 and 0")
        for choices in self.first:
            self.space.refuse_outside(choices)
        if len({key(choices) for choices in self.first}) < len(self.first):
            raise SearchError("got first proposals that are the same, expected each once")

    def round(self, number: int, before: Sequence[Finished]) -> tuple[Trial, ...]:
        """Give the trials of a round, from 0 on, that follows the trials `before`; fewer where no other is left."""
        chosen = proposed(
            self.space,
            before,
            seed=self.seed,
            number=number,
            size=self.round_size,
            limits=self.limits,
            first=self.first,
        )
        return tuple(Trial(number * self.round_size + place, choices) for place, choices in enumerate(chosen))


@dataclass(frozen=True)
class Stop:
    """When to stop: after so many trials in all, whole rounds or not, or at the end of a round.

    A round is the last after so many seconds of this run, or when so many rounds brought no better candidate; None is
    never.
    """

    trials: int
    seconds: float | None = None
    no_progress_rounds: int | None = None

    def __post_init__(self) -> None:
        if self.trials < 1 or self.no_progress_rounds == 0 or (self.seconds or 0) < 0:
            raise SearchError(f"got {self}, expected at least one trial, no negative time and at least one round")


def search(
    plan: Plan,
    pool: Pool,
    folder: Path,
    stop: Stop,
    *,
    progress: Progress = silent,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Search, or go on where an earlier run in `folder` was ended, and write the result to RESULT_NAME there as JSON.

    The same plan and factory give the same trials and the same result, whatever the number of workers and however often
    the search was killed, unless it is stopped by seconds. Raises SearchError, StorageError.
    """
    since = clock()
    with opened(folder, "search", plan.space, plan.limits, identity(plan, pool.factory)) as journal:
        while True:
            finished, stopped = _until_stopped(plan, stop, journal.finished())
            number, told = divmod(len(finished), plan.round_size)
            before = finished[: len(finished) - told]
            if not stopped and stop.seconds is not None and before and clock() - since >= stop.seconds:
                stopped = f"{stop.seconds:g} s were allowed"
            if stopped:
                break
            asked = plan.round(number, before)
            missing = _missing(asked, finished[len(before) :], folder)[: stop.trials - len(finished)]
            if not missing:
                stopped = "every combination was tried"
                break
            _run(journal, pool, missing)
            progress(_line(number, journal.finished(), plan.limits))
    result = result_of(finished, plan.limits, stopped)
    storage.write_text(folder / RESULT_NAME, result.to_json())
    return result


def identity(plan: Plan, factory: Factory) -> dict[str, Any]:
    """Give all that the trials of a search follow from, JSON-able."""
    dimensions = {
        name: {"kind": type(one).__name__, **record.to_json(one)} for name, one in plan.space.dimensions.items()
    }
    return {
        "dimensions": list(dimensions.items()),
        "limits": record.to_json(plan.limits),
        "first": [dict(choices) for choices in plan.first],
        "round_size": plan.round_size,
        "seed": plan.seed,
        "factory": factory.name,
        "context": dict(factory.context),
    }


def _run(journal: Journal, pool: Pool, trials: Sequence[Trial]) -> None:
    for one in pool.run(trials):
        journal.add(one)


def _missing(asked: Sequence[Trial], told: Sequence[Finished], folder: Path) -> Sequence[Trial]:
    """Give the trials of a round that are not told yet; those that are have to be its first."""
    for trial, one in zip(asked, told, strict=False):
        if key(trial.choices) != key(one.trial.choices):
            raise SearchError(
                f"trial {trial.number} in {folder} is {key(one.trial.choices)}, which this search does not ask: it was "
                "written by another version or on another system; take another folder"
            )
    return asked[len(told) :]


def _until_stopped(plan: Plan, stop: Stop, finished: tuple[Finished, ...]) -> tuple[tuple[Finished, ...], str]:
    """Give the trials up to where the search stops, whatever the journal holds beyond, and why; no reason to go on."""
    if stop.no_progress_rounds is not None:
        for end in range(plan.round_size, min(len(finished), stop.trials) + 1, plan.round_size):
            if stalled_rounds(plan, finished[:end]) >= stop.no_progress_rounds:
                return finished[:end], f"{stop.no_progress_rounds} rounds brought no better candidate"
    if len(finished) >= stop.trials:
        return finished[: stop.trials], f"{stop.trials} trials were allowed"
    return finished, ""


def stalled_rounds(plan: Plan, finished: Sequence[Finished]) -> int:
    """Give how many of the last of these whole rounds brought no better candidate than those before them."""
    best = best_of(candidates_of(finished), plan.limits)
    rounds = len(finished) // plan.round_size
    return rounds if best is None else rounds - 1 - best.number // plan.round_size


def _line(number: int, finished: Sequence[Finished], limits: SizeLimits) -> str:
    """Say in one line what is known after a round."""
    found = candidates_of(finished)
    best = best_of(found, limits)
    said = f"round {number}: {len(finished)} trials"
    if len(found) < len(finished):
        said += f", {len(finished) - len(found)} failed"
    if best is None:
        return f"{said}, no candidate"
    holds = "misses a floor or limit" if limits.missed(best.outcome) else "holds"
    return (
        f"{said}, the best {holds} with {best.outcome.download_bytes:,} bytes to download and a quality margin of "
        f"{best.outcome.quality_margin:+.2%}"
    )
