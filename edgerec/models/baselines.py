"""What a trained model has to beat: popularity, and EASE, a linear model in closed form."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Part, Split

Scorer = Callable[[npt.NDArray[np.integer]], npt.NDArray[np.float32]]
"""Takes users (rows of the vocabulary) [B] and returns a score for every item, float32 [B, items]."""

USERS_AT_ONCE = 1024
MOST_ITEMS = 30_000


def most_popular(split: Split, *, part: Part = "test") -> Scorer:
    """Return a scorer that gives every user the same scores: how often each item was seen before `part`."""
    popularity = split.seen(part).popularity().astype(np.float32)
    return lambda users: np.tile(popularity, (len(users), 1))


def ease(split: Split, regularization: float, *, part: Part = "test") -> Scorer:
    """Return EASE's scorer, fitted on everything seen before `part`, weights left aside.

    With the users' 0/1 rows X, P = (X'X + regularization I)^-1 and B = I - P diag(P)^-1, scores are X B. Source:
    H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, arXiv 1905.03375. Raises DataError for a
    regularization that is not positive and for a catalogue too large to hold its square in memory.
    """
    if not regularization > 0:
        raise DataError(f"EASE takes a regularization above 0, not {regularization}.")
    seen = split.seen(part)
    if seen.items > MOST_ITEMS:
        raise DataError(
            f"EASE holds the square of {seen.items} items in memory: give at most {MOST_ITEMS}, or a k-core."
        )
    gram = np.zeros((seen.items, seen.items), np.float64)
    for users in _chunks(seen.users):
        rows = _taken(seen, users)
        gram += rows.T @ rows
    gram[np.diag_indices_from(gram)] += regularization
    inverse = np.linalg.inv(gram)
    weights = (inverse / -np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0.0)
    return lambda users: _taken(seen, users) @ weights


def _chunks(users: int) -> Iterator[npt.NDArray[np.integer]]:
    return (np.arange(start, min(start + USERS_AT_ONCE, users)) for start in range(0, users, USERS_AT_ONCE))


def _taken(interactions: Interactions, users: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    taken = np.zeros((len(users), interactions.items), np.float32)
    for row, user in enumerate(users):
        taken[row, interactions.item[interactions.offsets[user] : interactions.offsets[user + 1]]] = 1
    return taken
