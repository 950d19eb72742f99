"""Rows for what is new, solved from who took it: the tables as they are, nothing trained."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.compress.activations import vectors_before
from edgerec.compress.id_rows import ITEM, Rows
from edgerec.data.interactions import Interactions
from edgerec.models.examples import examples
from edgerec.models.recommender import Recommender
from edgerec.updates.growth import Grown

VECTORS = 20_000  # examples whose vectors stand for all, drawn from the seed
CONFIDENCE = 5.0  # what a vector that took an item counts for beside one that did not; more follows chance takers
RIDGE = 1e-3  # of the mean diagonal
_ALIKE = 32  # items of about the same popularity, from whose mean row a new one starts

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]


def folded_in(grown: Grown, data: Interactions, *, only: NDArray[np.bool_] | None = None, seed: int) -> Recommender:
    """The recommender with its new rows filled from `data`, everything else as it was.

    A new row to look up is the mean of the rows that the same users took (of a user: of the users who took the same),
    weighted by n(i, j) / sqrt(n(j)) as item-based neighbours are; one without any is the mean of all. A new row to
    score with starts as the mean row of old items that are as popular, and takes the ridge solution that lifts its
    scores for the vectors which took it to what taken items score in the mean, and leaves them for all others: a half
    step of alternating least squares (Hu, Koren, Volinsky 2008) in the model's own scores, over the examples of the
    interactions that `only` marks, bool [interactions].
    """
    result = grown.recommender.clone()
    for name, rows in grown.tables.items():
        new = rows.source < 0
        if layers.is_table(result, name) and new.any():
            (table,) = result.model.get_layer(name).get_weights()
            table[new] = _neighbours(table, rows, data)
            result.model.get_layer(name).set_weights([table])
    for name, rows in grown.tables.items():  # by the vectors that the filled tables give
        if not layers.is_table(result, name) and (rows.source < 0).any():
            _solve(
                result, name, np.flatnonzero(rows.source < 0), _examples(result, name, rows, data, only=only, seed=seed)
            )
    return result


def _neighbours(table: Floats, rows: Rows, data: Interactions) -> Floats:
    """Rows float32 [new, columns] from the neighbours that are not new."""
    row, partner = (data.item, data.user) if rows.of == ITEM else (data.user, data.item)
    counts, old = np.bincount(row, minlength=len(table)), rows.source >= 0
    by_partner = np.argsort(partner, kind="stable")
    starts = np.searchsorted(partner[by_partner], np.arange(int(partner.max()) + 2))
    found = []
    for one in np.flatnonzero(~old):
        taken = [row[by_partner[starts[who] : starts[who + 1]]] for who in np.unique(partner[row == one])]
        shared = np.bincount(np.concatenate([row[:0], *taken]), minlength=len(table)) * old
        weights = shared / np.sqrt(np.maximum(counts, 1)) if shared.any() else 1.0 * (old & (counts > 0))
        found.append(weights @ table / weights.sum())
    return np.stack(found).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Examples:
    """Vectors [n, columns], the item that each took [n], which are a sample of all [n], and of how large a share.

    `counts` [items] is the logarithm of one more than how often each item was taken.
    """

    vectors: Wide
    target: NDArray[np.int32]
    drawn: NDArray[np.bool_]
    share: float
    counts: Wide


def _solve(recommender: Recommender, scoring: str, new: NDArray[np.int64], known: _Examples) -> None:
    """Fill the new rows of the layer that scores, in place; a bias is one more column that every vector has as 1."""
    layer = recommender.model.get_layer(scoring)
    kernel, *bias = layer.get_weights()
    rows = np.concatenate([kernel, *(each[None] for each in bias)]).T.astype(np.float64)
    vectors = np.append(known.vectors, np.ones((len(known.vectors), len(bias))), axis=1)
    old = np.setdiff1d(np.arange(len(rows)), new)
    sample, took = vectors[known.drawn], known.target[known.drawn]
    of_old = ~np.isin(took, new)
    reached = float((sample[of_old] * rows[took[of_old]]).sum(axis=1).mean())
    gram = sample.T @ sample / known.share
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    for one in new:
        alike = old[np.argsort(np.abs(known.counts[old] - known.counts[one]), kind="stable")[:_ALIKE]]
        start, own = rows[alike].mean(axis=0), vectors[known.target == one]
        lift = CONFIDENCE * own.T @ (reached - own @ start)
        rows[one] = start + np.linalg.solve(gram + CONFIDENCE * own.T @ own, lift)
    solved = rows.T.astype(np.float32)
    layer.set_weights([solved[: len(kernel)], *solved[len(kernel) :]])


def _examples(
    recommender: Recommender,
    scoring: str,
    rows: Rows,
    data: Interactions,
    *,
    only: NDArray[np.bool_] | None,
    seed: int,
) -> _Examples:
    columns, target = examples(recommender.roles, data, only)
    drawn = np.zeros(len(target), np.bool_)
    drawn[np.random.default_rng(seed).permutation(len(target))[:VECTORS]] = True
    chosen = drawn | np.isin(target, np.flatnonzero(rows.source < 0))
    inputs = {name: values[chosen] for name, values in columns.items()}
    vectors = vectors_before(recommender, scoring, inputs).astype(np.float64)
    counts = np.log1p(np.bincount(target, minlength=len(rows.source)))
    return _Examples(vectors, target[chosen], drawn[chosen], float(drawn.mean()), counts)
