"""MovieTweetings 100K, the data set inside the package: its 5-core, with film titles and genres."""

import csv
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from edgerec.data.interactions import Interactions

FOLDER = resources.files("edgerec.data") / "movietweetings"


def load() -> Interactions:
    """Return 68,055 ratings (weights 0 to 10) of 2,414 films by 4,333 users, tweeted in 2013.

    Source: S. Dooms, T. De Pessemier, L. Martens, "MovieTweetings: a movie rating dataset collected from Twitter",
    CrowdRec 2013; MIT licence. User ids are those of the data set, item ids are IMDb's.
    """
    with (FOLDER / "ratings.npz").open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        counts, item, steps, rating = (stored[name] for name in ("count", "item", "step", "rating"))
        user_ids = tuple(map(str, stored["user_id"].tolist()))
    time = np.cumsum(steps.astype(np.int64))
    user = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Interactions(user, item.astype(np.int32), time, rating.astype(np.float32), user_ids, _films()[0])


def titles() -> tuple[str, ...]:
    """Return the title of every film, with its year, in the order of the item vocabulary."""
    return _films()[1]


def genres() -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
    """Return the genre names and which film has which, bool [items, genres], in the order of the item vocabulary."""
    listed = _films()[2]
    names = tuple(sorted({name for film in listed for name in film}))
    return names, np.array([[name in film for name in names] for film in listed], np.bool_)


@cache
def _films() -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = list(csv.DictReader((FOLDER / "films.csv").read_text(encoding="utf-8").splitlines()))
    return (
        tuple(row["item"] for row in rows),
        tuple(row["title"] for row in rows),
        tuple(tuple(row["genres"].split("|")) if row["genres"] else () for row in rows),
    )
