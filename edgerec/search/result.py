"""What a search found: the Pareto set, the winner or the one that comes closest, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from device_tests import record
from edgerec.pareto import front
from edgerec.search.errors import SearchError
from edgerec.search.trial import Finished, Outcome, SizeLimits


@dataclass(frozen=True)
class Candidate:
    """A trial that has an outcome."""

    number: int
    choices: dict[str, str | int | float | bool]
    outcome: Outcome

    @property
    def size(self) -> tuple[int, int, int]:
        """What candidates are ranked by: bytes to download, then on disk, then which was tried first."""
        return self.outcome.download_bytes, self.outcome.disk_bytes, self.number


@dataclass(frozen=True)
class Failed:
    """A trial without an outcome, and why."""

    number: int
    choices: dict[str, str | int | float | bool]
    why: str


@dataclass(frozen=True)
class Result:
    """The end of a search; truthy when a candidate holds every floor and limit.

    `best` is the smallest candidate that holds all, else the one that misses least in sum, None where every trial
    failed. `front` is no larger and no worse than any other: from the smallest on, each with a greater quality margin
    than all before. `unmet` names the floors and limits that no candidate holds. It tells no time and no place, so that
    its JSON is the same for the same search.
    """

    held: bool
    best: Candidate | None
    why: str
    unmet: tuple[str, ...]
    front: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]
    failed: tuple[Failed, ...]
    stopped: str

    def __bool__(self) -> bool:
        return self.held

    def to_json(self) -> str:
        """Give the one JSON text of this result."""
        return record.dumps(self)


def result_of(finished: Sequence[Finished], limits: SizeLimits, stopped: str) -> Result:
    """Give the result of finished trials. Raises SearchError where there are none."""
    if not finished:
        raise SearchError("got no finished trial, expected at least one; allow one more trial or more time")
    found = candidates_of(finished)
    failed = tuple(Failed(one.trial.number, dict(one.trial.choices), one.why) for one in finished if not one.outcome)
    best = best_of(found, limits)
    names = dict.fromkeys(name for one in found for name in limits.margins(one.outcome))
    unmet = tuple(name for name in names if all(name in limits.missed(one.outcome) for one in found))
    return Result(
        held=best is not None and not limits.missed(best.outcome),
        best=best,
        why=f"Every trial failed; the first: {failed[0].why}" if best is None else _why(best, found, limits, unmet),
        unmet=unmet,
        front=front_of(found),
        candidates=found,
        failed=failed,
        stopped=stopped,
    )


def candidates_of(finished: Sequence[Finished]) -> tuple[Candidate, ...]:
    """Give the trials that have an outcome."""
    return tuple(Candidate(one.trial.number, dict(one.trial.choices), one.outcome) for one in finished if one.outcome)


def best_of(found: Sequence[Candidate], limits: SizeLimits) -> Candidate | None:
    """Give the smallest candidate that holds all, else the one that misses least in sum, None where there is none."""
    return min(found, key=lambda one: (sum(limits.missed(one.outcome).values()), one.size), default=None)


def front_of(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Give the Pareto set over bytes to download and quality margin, the smallest first."""
    ordered = sorted(found, key=lambda one: one.size)
    kept = front([(one.outcome.download_bytes, one.outcome.quality_margin) for one in ordered])
    return tuple(ordered[index] for index in kept)


def _why(best: Candidate, found: Sequence[Candidate], limits: SizeLimits, unmet: Sequence[str]) -> str:
    missed = limits.missed(best.outcome)
    if missed:
        by_none = f"none holds {' or '.join(unmet)}" if unmet else "each is held by some, all by none"
        return (
            f"No candidate of {len(found)} holds every floor and limit: {by_none}; trial {best.number} comes closest, "
            f"and misses {_listed(missed)}."
        )
    margins = limits.margins(best.outcome)
    name = min(margins, key=margins.__getitem__, default="")
    least = f"; the least it holds by is {margins[name]:.2%}, of {name}" if name else ""
    return (
        f"Trial {best.number} is the smallest of {len(found)} that holds every floor and limit, with "
        f"{best.outcome.download_bytes:,} bytes to download{least}; {_next_smaller(best, found, limits)}."
    )


def _next_smaller(best: Candidate, found: Sequence[Candidate], limits: SizeLimits) -> str:
    smaller = max((one for one in found if one.size < best.size), key=lambda one: one.size, default=None)
    if smaller is None:
        return "none smaller was tried"
    return (
        f"the next smaller, trial {smaller.number} with {smaller.outcome.download_bytes:,}, misses "
        f"{_listed(limits.missed(smaller.outcome))}"
    )


def _listed(missed: dict[str, float]) -> str:
    return " and ".join(f"{name} by {share:.2%}" for name, share in missed.items())
