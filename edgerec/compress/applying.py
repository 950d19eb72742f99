"""One step of a recipe carried out on a recommender: what it needs is collected, and its kind says by whom."""

import hashlib
from dataclasses import asdict, dataclass
from typing import TypedDict

from edgerec.compress import layers
from edgerec.compress.clustering import cluster
from edgerec.compress.errors import RecipeError
from edgerec.compress.evidence import evidence
from edgerec.compress.initial import initial_of, read_initial
from edgerec.compress.masks import prune_by
from edgerec.compress.narrowing import narrow
from edgerec.compress.pruning import prune
from edgerec.compress.quantization_aware import quantize_aware
from edgerec.compress.steps import Cluster, Narrow, Prune, QuantizeAware, Step
from edgerec.criteria.errors import CriterionError
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.progress import Progress, silent


@dataclass(frozen=True)
class Training:
    """What steps learn from beside settings of their own: the data, a seed, and whether repeats are merged."""

    data: Interactions
    seed: int = 0
    merge_repeats: bool = False


class _Shared(TypedDict):
    """What every step takes beside the recommender, its own settings and the data."""

    seed: int
    merge_repeats: bool
    progress: Progress


def identity(step: Step) -> dict[str, object]:
    """All that can change what a step makes, as plain values: its settings, and the content of a file that it names.

    Raises RecipeError for a file that cannot be read.
    """
    found = asdict(step)
    if isinstance(step, Narrow | Prune) and step.initial:
        found["initial"] = hashlib.sha256(read_initial(step.initial)).hexdigest()
    return found


def apply(
    step: Step, before: Recommender, training: Training, *, earlier: tuple[Step, ...] = (), progress: Progress = silent
) -> Recommender:
    """The recommender that a step makes of the one `before` it, in which `earlier` steps made zeros and clusters.

    What ships is what is compressed: the item vectors of two towers, not the tower that makes them. Raises RecipeError
    for what cannot be done, and where a criterion lacks what it needs.
    """
    served = serving(before)
    shared = _Shared(seed=training.seed, merge_repeats=training.merge_repeats, progress=progress)
    if isinstance(step, Cluster):
        return cluster(served, step, training.data, earlier=earlier, **shared)
    if isinstance(step, QuantizeAware):
        return quantize_aware(served, step, training.data, earlier=earlier, **shared)
    initial = initial_of(before, read_initial(step.initial), step.initial) if step.initial else None
    try:
        if isinstance(step, Narrow):
            return narrow(served, step, training.data, initial=initial, **shared)
        if step.by_tf_mot:
            return prune(served, step, training.data, earlier=earlier, **shared)
        criterion, names = step.ranked_by(), layers.chosen(served, step.layers)
        statistics = evidence(served, criterion.needs, names, training.data, initial=initial, seed=training.seed)
        return prune_by(served, step, criterion, statistics, training.data, earlier=earlier, **shared)
    except CriterionError as error:
        raise RecipeError(f"step {step.do} by {step.criterion} cannot be carried out: {error}") from error
