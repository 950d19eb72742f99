"""The held-out part of a split as the evaluation set that a bundle carries."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from edgerec.data.candidates import sample_candidates
from edgerec.data.errors import DataError
from edgerec.data.histories import histories
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Part, Split


def evaluated_users(split: Split, *, part: Part = "test") -> npt.NDArray[np.int32]:
    """Return the users that `part` is judged on, int32, ascending: row r of the evaluation set is user [r].

    They have a held-out item that they had not taken before, and at least one interaction seen.
    """
    relevant = np.unique(_new_pairs(split, part) // split.train.items)
    return relevant[np.isin(relevant, split.seen(part).user)].astype(np.int32)


def evaluation_set(
    split: Split,
    inputs: Sequence[Input],
    *,
    part: Part = "test",
    candidates: int = 0,
    seed: int = 0,
    vectors: npt.NDArray[np.float32] | None = None,
) -> EvaluationSet:
    """Return what the harness needs to judge a model on `part`: inputs, seen and relevant items, popularity.

    Seen is train, and validation as well when part is "test"; an input of role "user" gets the user's row in the
    vocabulary, one of role "history" the last items seen, one of role "vector" the user's row of `vectors`, float32
    [users of the split, length], and the item side is left out. With candidates above 0 every held-out item gets that
    many negatives, drawn with `seed` from the items of its own popularity half that its user took in no part. Raises
    DataError when no user can be judged, an input cannot hold the ids, the vectors are missing or not of the users, or
    there are too few such items.
    """
    users = evaluated_users(split, part=part)
    if not len(users):
        raise DataError(
            f"No user has both a seen and a new held-out item in {part} of {split.holdout}: split differently."
        )
    seen, items = split.seen(part), split.train.items
    relevant = _ragged(_new_pairs(split, part), users, items)
    popularity = split.train.popularity()
    negatives = None
    if candidates:
        taken = _ragged(_pairs(split.seen("test").joined(split.test)), users, items)
        negatives = sample_candidates(relevant, taken, popularity, candidates, seed=seed)
    return EvaluationSet(
        inputs={each.name: _values(each, seen, users, vectors) for each in inputs if each.role != "item"},
        seen=_ragged(_pairs(seen), users, items),
        relevant=relevant,
        popularity=popularity,
        negatives=negatives,
    )


def _values(
    input_: Input, seen: Interactions, users: npt.NDArray[np.int32], vectors: npt.NDArray[np.float32] | None
) -> npt.NDArray[Any]:
    if input_.role == "vector":
        return _vectors(input_, seen.users, vectors)[users]
    if input_.role == "user":
        values = users if input_.length == 0 else np.repeat(users[:, None], input_.length, axis=1)
        needed = seen.users
    elif input_.padding_id is None:
        raise DataError(
            f"Input {input_.name!r} is a history without a padding_id: state the id that fills short histories."
        )
    else:
        values = histories(seen, input_.length, input_.padding_id)[users]
        needed = max(seen.items, input_.padding_id + 1)
    if input_.ids < needed:
        raise DataError(
            f"Input {input_.name!r} takes ids below {input_.ids}, and the data has {needed}: train on this data."
        )
    return values


def _vectors(input_: Input, users: int, vectors: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float32]:
    if vectors is None:
        raise DataError(f"Input {input_.name!r} is a vector, which interactions do not tell: give one for each user.")
    if vectors.dtype != np.float32 or vectors.shape != (users, input_.length):
        raise DataError(
            f"The vectors for {input_.name!r} are {vectors.dtype} of shape {list(vectors.shape)}, expected float32 of "
            f"shape [{users}, {input_.length}]: one row for each user of the data, in the order of its ids."
        )
    wrong = np.argwhere(~np.isfinite(vectors))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"The vectors for {input_.name!r} hold {vectors[row, column]} in row {row}, expected finite numbers."
        )
    return vectors


def _pairs(interactions: Interactions) -> npt.NDArray[np.int64]:
    """Return user * items + item, distinct and sorted."""
    return np.unique(interactions.user.astype(np.int64) * interactions.items + interactions.item)


def _new_pairs(split: Split, part: Part) -> npt.NDArray[np.int64]:
    return np.setdiff1d(_pairs(split.held_out(part)), _pairs(split.seen(part)), assume_unique=True)


def _ragged(pairs: npt.NDArray[np.int64], users: npt.NDArray[np.int32], items: int) -> Ragged:
    pairs = pairs[np.isin(pairs // items, users)]
    ends = np.searchsorted(pairs // items, users, side="right")
    offsets = np.concatenate([np.zeros(1, np.int32), ends.astype(np.int32)])
    return Ragged(offsets=offsets, values=(pairs % items).astype(np.int32))


def of_users(evaluation: EvaluationSet, rows: npt.NDArray[np.integer]) -> EvaluationSet:
    """Return the evaluation set of the users at these rows, in this order."""
    relevant = evaluation.relevant
    held_out = relevant.take(rows)
    places = Ragged(relevant.offsets, np.arange(len(relevant.values), dtype=np.int32)).take(rows).values
    return EvaluationSet(
        inputs={name: values[rows] for name, values in evaluation.inputs.items()},
        seen=evaluation.seen.take(rows),
        relevant=held_out,
        popularity=evaluation.popularity,
        negatives=None if evaluation.negatives is None else evaluation.negatives[places],
    )
