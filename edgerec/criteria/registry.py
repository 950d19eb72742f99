"""The criteria by name: those of this package, and those that other packages add by entry point."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from edgerec.criteria.co_occurrence import CoOccurrence
from edgerec.criteria.criterion import Criterion
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import FirstOrder, Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.mutual_information import MutualInformation
from edgerec.criteria.popularity import Popularity
from edgerec.criteria.random_order import Random
from edgerec.criteria.reset import Reset
from edgerec.criteria.share import Share
from edgerec.criteria.variance import MaxVariance, Variance
from edgerec.suggestion import did_you_mean

GROUP = "edgerec.criteria"  # an entry point here names a callable that gives a Criterion

Factory = Callable[..., Criterion]


def _share(by: str = "magnitude", lowest: float = 0.5, seed: int = 0) -> Criterion:
    """Share of another criterion, which a recipe gives by its name."""
    if not isinstance(by, str):
        raise CriterionError(f"share is by {by!r}, expected the name of a criterion")
    return Share(criterion(by), lowest, seed)


CRITERIA: dict[str, Factory] = {
    "reset": Reset,
    "random": Random,
    "share": _share,
    "magnitude": Magnitude,
    "variance": Variance,
    "max_variance": MaxVariance,
    "mutual_information": MutualInformation,
    "gradient": FirstOrder,
    "fisher": Fisher,
    "popularity": Popularity,
    "co_occurrence": CoOccurrence,
}


def names() -> tuple[str, ...]:
    """Names of every criterion that can be asked for; nothing of another package is imported."""
    return (*CRITERIA, *sorted(_others()))


def criterion(name: str, /, **settings: Any) -> Criterion:
    """The criterion of a name, with settings of its own. Raises CriterionError for a name or setting unknown to it.

    Raises it too for another package's criterion that has the name of a built-in one, or cannot be loaded.
    """
    make = CRITERIA.get(name) or _loaded(name)
    try:
        return make(**settings)
    except TypeError as error:
        raise CriterionError(f"criterion {name} got settings {settings}, and they do not fit it: {error}") from error


def _others() -> dict[str, EntryPoint]:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    taken = [f"{name} ({found[name].value})" for name in found if name in CRITERIA]
    if taken:
        raise CriterionError(
            f"an installed package adds criterion {', '.join(taken)}, and edgerec has one of that name: uninstall it, "
            "or have it renamed"
        )
    return found


def _loaded(name: str) -> Factory:
    others = _others()
    if name not in others:
        known = names()
        raise CriterionError(f"no criterion {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
    try:
        make: Factory = others[name].load()
    except (ImportError, AttributeError) as error:
        raise CriterionError(f"criterion {name} cannot be loaded from {others[name].value}: {error}") from error
    return make
