"""Which layers a criterion can narrow, and what it has to know: of what makes columns, or of what reads them."""

from collections.abc import Collection
from dataclasses import replace

from edgerec.compress.activations import moments_read
from edgerec.compress.evidence import evidence
from edgerec.compress.layers import chosen
from edgerec.compress.masks import scores_catalogue
from edgerec.compress.structure import removable
from edgerec.compress.structure_ties import ties
from edgerec.compress.structure_weights import makers
from edgerec.criteria.criterion import Criterion
from edgerec.criteria.reset import INITIAL
from edgerec.criteria.statistics import Statistics
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

OF_USERS = {"vectors", "labelled"}  # what is told only where the items are scored
OF_READERS = {*OF_USERS, "second_moment"}  # what is told of the kernels that multiply columns


def ranks_by_readers(criterion: Criterion) -> bool:
    """Whether a criterion looks at the kernels that read columns; the others look at what makes them."""
    return not OF_READERS.isdisjoint(criterion.needs)


def readers(recommender: Recommender, criterion: Criterion) -> tuple[str, ...]:
    """Names of the layers with a kernel in which a criterion that looks at readers can rank columns."""
    names = ties(recommender).taken
    if OF_USERS.isdisjoint(criterion.needs):
        return tuple(names)
    return tuple(name for name in names if scores_catalogue(recommender, name))


def rankable(recommender: Recommender, criterion: Criterion) -> dict[str, int]:
    """The layers whose columns can go and be ranked by a criterion, and how many each has, in the model's order."""
    widths = removable(recommender)
    if ranks_by_readers(criterion):
        found = ties(recommender)
        read = {root for name in readers(recommender, criterion) for root in found.taken[name].tolist()}
        return {name: width for name, width in widths.items() if read.issuperset(found.made[name].tolist())}
    if "gradients" in criterion.needs:  # which nobody takes of a GRU
        return {name: width for name, width in widths.items() if name in chosen(recommender, ())}
    return widths


def column_evidence(
    recommender: Recommender,
    criterion: Criterion,
    names: Collection[str],
    data: Interactions,
    *,
    initial: Recommender | None = None,
    seed: int,
) -> dict[str, Statistics]:
    """What a criterion needs and training data tells to rank the columns of the named layers, for `ranked_columns`.

    By the name of each reader, of its kernel as [outputs, inputs], for a criterion that looks at those; else by the
    name of each layer, of the weights that make its columns.
    """
    if ranks_by_readers(criterion):
        by = readers(recommender, criterion)
        if not OF_USERS.isdisjoint(criterion.needs):
            return evidence(recommender, criterion.needs, by, data, seed=seed)
        moments = moments_read(recommender, by, data, seed=seed)
        return {name: Statistics(second_moment=moment) for name, moment in moments.items()}
    kernels = [name for name in names if name in chosen(recommender, ())]
    found = dict.fromkeys(names, Statistics()) | evidence(recommender, criterion.needs, kernels, data, seed=seed)
    if INITIAL in criterion.needs and initial is not None:
        for name in names:
            found[name] = replace(found[name], initial=makers(initial.model.get_layer(name)))
    return found
