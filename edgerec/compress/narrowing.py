"""Columns of tables and units of layers that a criterion ranks lowest, removed for real, and fine-tuning after it."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import numpy as np

from edgerec.compress.activations import moments_made
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Narrow
from edgerec.compress.structure import remove
from edgerec.compress.structure_axes import read_by, turnable, turned
from edgerec.compress.structure_evidence import column_evidence, rankable
from edgerec.compress.structure_ranking import columns_left, left, ranked_columns
from edgerec.compress.structure_ties import ties
from edgerec.criteria.reset import Reset
from edgerec.criteria.variance import MaxVariance, axes, spread
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent


def narrow(
    recommender: Recommender,
    step: Narrow,
    data: Interactions,
    *,
    initial: Recommender | None = None,
    seed: int,
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Recommender:
    """The recommender without a share `step.remove` of the columns of every chosen layer, fine-tuned.

    What is tied to a column goes with it, and every layer that reads it is sliced. By max_variance columns that
    everything is linear in are turned first, so that those of one layer left out cost the least of what reads them,
    and what is left is spread evenly over the columns again.
    `initial` is the recommender before it was trained: a reset to it rewinds all that is left. Raises RecipeError for
    layers whose columns cannot go, or all would, and CriterionError for what the criterion lacks.
    """
    criterion, names = step.ranked_by(), chosen(recommender, step)
    able = [name for name in names if turnable(recommender, name)] if isinstance(criterion, MaxVariance) else []
    moments = moments_made(recommender, able, data, seed=seed) if able else {}
    given = recommender
    for name, moment in moments.items():
        given = turned(given, name, axes(read_by(given, name), moment))
    known = column_evidence(given, criterion, names, data, initial=initial, seed=seed)
    ranked = ranked_columns(given, criterion, names, known)
    kept = left(ranked, ties(given).made, step.remove)
    if isinstance(criterion, Reset) and criterion.rewinds and initial is not None:
        given = initial
    smaller = remove(given, kept)
    for name, moment in moments.items():
        smaller = turned(smaller, name, spread(read_by(smaller, name), float(np.trace(moment)), seed=seed))
    if not step.epochs:
        return smaller
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed, merge_repeats=merge_repeats)
    return training.train(smaller, data, settings, progress=progress)


def in_shape(recommender: Recommender, step: Narrow) -> Recommender:
    """A recommender of the shape that the step will give, whichever columns rank lowest: its first columns are left."""
    ranked = {name: np.zeros(width) for name, width in chosen(recommender, step).items()}
    return remove(recommender, left(ranked, ties(recommender).made, step.remove))


def chosen(recommender: Recommender, step: Narrow) -> dict[str, int]:
    """The layers that a step narrows, and how many columns each has before it, in the model's order.

    Raises RecipeError for a pattern that matches none whose columns can go and be ranked, for nothing left of a layer,
    and where no column of any would go.
    """
    able = rankable(recommender, step.ranked_by())
    for pattern in step.layers:
        if not any(fnmatchcase(name, pattern) for name in able):
            _refuse(recommender, pattern, step, able)
    found = {
        name: width
        for name, width in able.items()
        if not step.layers or any(fnmatchcase(name, pattern) for pattern in step.layers)
    }
    if not found:
        raise RecipeError(
            f"{recommender.roles.name} has no layer with columns that can go and that {step.criterion} ranks: take "
            "another criterion, such as magnitude, or leave the step out"
        )
    for name, width in found.items():
        if not columns_left(width, step.remove):
            raise RecipeError(
                f"remove is {step.remove:g}, and of the {width} columns of layer {name} none would be left: take less, "
                "or name the other layers in layers"
            )
    if all(columns_left(width, step.remove) == width for width in found.values()):
        widths = ", ".join(f"{name} ({width})" for name, width in found.items())
        raise RecipeError(f"remove is {step.remove:g}, and no whole column of {widths} would go: take more")
    return found


def _refuse(recommender: Recommender, pattern: str, step: Narrow, able: Mapping[str, int]) -> None:
    found = ties(recommender)
    names = [name for name in found.made if fnmatchcase(name, pattern)]
    others = f"those that can are {', '.join(able)}" if able else "no layer of this model has such columns"
    for name in names:
        reasons = [found.fixed[root] for root in found.made[name].tolist() if root in found.fixed]
        if reasons:
            raise RecipeError(f"columns of layer {name} cannot go: {reasons[0]}; {others}")
    if names:
        raise RecipeError(f"columns of layer {names[0]} cannot be ranked by {step.criterion}; {others}")
    raise RecipeError(f"no layer that makes columns matches {pattern!r}; {others}")
