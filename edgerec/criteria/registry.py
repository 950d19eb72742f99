"""The criteria by name: those of this package, and those that other packages add by entry point."""

from collections.abc import Callable

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
from edgerec.registry import Registry

GROUP = "edgerec.criteria"  # an entry point here names a callable that gives a Criterion


def _share(by: str = "magnitude", lowest: float = 0.5, seed: int = 0) -> Criterion:
    """Share of another criterion, which a recipe gives by its name."""
    if not isinstance(by, str):
        raise CriterionError(f"share is by {by!r}, expected the name of a criterion")
    return Share(criterion(by), lowest, seed)


CRITERIA: dict[str, Callable[..., Criterion]] = {
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


_REGISTRY = Registry("criterion", GROUP, CRITERIA, CriterionError)

names, criterion = _REGISTRY.names, _REGISTRY.make
