"""The two data sets that matrix factorization is measured on, items numbered by popularity, and who judges it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.amazon import read_split
from device_tests.evaluation import EvaluationSet
from edgerec.data import movietweetings
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Part, Split, random_share, split

SHARE = 0.2
CANDIDATES = 99


@dataclass(frozen=True, eq=False)
class Side:
    """One side of the choice, validation or test: what a model may learn from, and what judges it.

    `users` int32 are the users of `judged`, in its order.
    """

    seen: Interactions
    judged: EvaluationSet
    users: npt.NDArray[np.int32]


def read(folder: Path | None, *, seed: int) -> Split:
    """Return the published split of Amazon-CDs in a folder, or without one a random 20 % of MovieTweetings as test.

    Items are numbered by how often the train part has them, most popular first, so that a table stored in tiers needs
    no index.
    """
    if folder is None:
        return by_popularity(split(movietweetings.load(), random_share(SHARE), seed=seed))
    return by_popularity(read_split(folder, share=SHARE, seed=seed))


def by_popularity(parts: Split) -> Split:
    """Return the same split with its items renumbered by popularity in train, ties by the number they had."""
    order = np.argsort(-parts.train.popularity().astype(np.int64), kind="stable")
    names = parts.train.item_ids
    items = tuple(names[old] for old in order)
    train, validation, test = (part.in_vocabulary(items=items) for part in (parts.train, parts.validation, parts.test))
    return replace(parts, train=train, validation=validation, test=test)


def side(parts: Split, part: Part, *, most_users: int | None, seed: int, candidates: int = CANDIDATES) -> Side:
    """Return a side, judged by at most `most_users` drawn users (None: all of them).

    Every held-out item has so many candidates of its own half.
    """
    parts = of_some(parts, part, most_users, seed)
    judged = evaluation_set(parts, (), part=part, candidates=candidates, seed=seed)
    return Side(parts.seen(part), judged, evaluated_users(parts, part=part))


def of_some(parts: Split, part: Part, most_users: int | None, seed: int) -> Split:
    """Return the split with only the held-out interactions of `most_users` users in a part."""
    held = parts.held_out(part)
    there = np.unique(held.user)
    if most_users is None or len(there) <= most_users:
        return parts
    drawn = np.random.default_rng(seed).choice(there, most_users, replace=False)
    fewer = held.rows(np.isin(held.user, drawn))
    return replace(parts, test=fewer) if part == "test" else replace(parts, validation=fewer)
