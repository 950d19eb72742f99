"""Amazon-CDs as published with its split: a folder of train.txt and test.txt, one line a user, `user item item ...`."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, random_share


def read_split(folder: Path, *, share: float = 0.2, seed: int = 0) -> Split:
    """Return the published test part, and a random share of every user's training items as validation.

    The format has no times: every interaction is at second 0. A repeated item of a user counts once, and a test item
    that the user has in train is left out. Raises DataError for a file that is missing, empty or not such lines.
    """
    train = _read_pairs(folder / "train.txt")
    test = _read_pairs(folder / "test.txt")
    users, items = (int(max(train[:, axis].max(), test[:, axis].max())) + 1 for axis in (0, 1))
    known = np.unique(train @ np.array([items, 1]))
    new = np.setdiff1d(test @ np.array([items, 1]), known)
    rest = _interactions(known, users, items)
    marked = random_share(share).mark(rest, np.random.default_rng([seed, 1]))
    name = f"published, validation random_share({share})"
    return Split(rest.rows(~marked), rest.rows(marked), _interactions(new, users, items), name, seed)


def _read_pairs(path: Path) -> npt.NDArray[np.int64]:
    """Return the (user, item) pairs of a file, int64 [pairs, 2]."""
    try:
        lines = [np.array(line.split(), np.int64) for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as lines of `user item item ...`: {error}.") from error
    lines = [line for line in lines if len(line) > 1]
    if not lines or min(line.min() for line in lines) < 0:
        raise DataError(f"{path} holds no lines of `user item item ...` with rows from 0: give the published folder.")
    users = np.repeat([line[0] for line in lines], [len(line) - 1 for line in lines])
    return np.stack([users, np.concatenate([line[1:] for line in lines])], axis=1)


def _interactions(pairs: npt.NDArray[np.int64], users: int, items: int) -> Interactions:
    """Return sorted distinct pairs, user * items + item, as interactions."""
    names = tuple(tuple(map(str, range(count))) for count in (users, items))
    user, item = ((pairs // items).astype(np.int32), (pairs % items).astype(np.int32))
    return Interactions(user, item, np.zeros(len(pairs), np.int64), None, *names)
