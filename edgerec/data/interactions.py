"""Who took which item when: aligned arrays and their vocabularies, validated once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from edgerec.data.columns import seconds, weights
from edgerec.data.duplicates import Duplicates
from edgerec.data.errors import DataError
from edgerec.data.vocabulary import Ids, encode_ids, renumbered


@dataclass(frozen=True, eq=False)
class Interactions:
    """Interactions sorted by (user, time, item); the arrays are read-only.

    `user` and `item` are int32 rows of the vocabularies, `time` is int64 seconds since 1970, `weight` float32 or None.
    An id of a vocabulary may have no interaction here: the parts of a split share the vocabularies of the whole.
    """

    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    time: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32] | None
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, dtype in (("user", np.int32), ("item", np.int32), ("time", np.int64), ("weight", np.float32)):
            column = getattr(self, name)
            if column is not None:
                object.__setattr__(self, name, _read_only(column, dtype, len(self.user), name))
        for name, codes, ids in (("user", self.user, self.user_ids), ("item", self.item, self.item_ids)):
            if len(codes) and (codes.min() < 0 or codes.max() >= len(ids)):
                raise DataError(f"Column {name!r} holds codes outside its vocabulary of {len(ids)} ids.")
        if not _is_sorted(self.user, self.time, self.item):
            raise DataError("Interactions are not sorted by user, time and item: make them with from_columns.")

    @staticmethod
    def from_columns(
        user: Ids,
        item: Ids,
        time: Sequence[Any] | npt.NDArray[Any],
        weight: Sequence[Any] | npt.NDArray[Any] | None = None,
        *,
        duplicates: Duplicates = "refuse",
        allow_mixed_ids: bool = False,
    ) -> "Interactions":
        """Return the interactions in these columns, in any order of rows.

        `duplicates` says what a user's second interaction with one item means: an error ("refuse"), the earliest or
        the latest counts ("keep_first", "keep_last"), or each counts ("allow"). Raises DataError for columns of
        different lengths, no rows, missing values, mixed id types, negative times and refused duplicates.
        """
        lengths = {"user": len(user), "item": len(item), "time": len(time)}
        lengths |= {} if weight is None else {"weight": len(weight)}
        if len(set(lengths.values())) > 1:
            raise DataError(f"Columns have different lengths, {lengths}: give one value a row in each.")
        if not len(user):
            raise DataError("There are no interactions: give at least one row of user, item and time.")
        user_codes, user_ids = encode_ids(user, "user", allow_mixed=allow_mixed_ids)
        item_codes, item_ids = encode_ids(item, "item", allow_mixed=allow_mixed_ids)
        times = seconds(time, "time")
        values = None if weight is None else weights(weight, "weight")
        everything = _sorted((user_codes, item_codes, times, values), user_ids, item_ids)
        return everything if duplicates == "allow" else everything.rows(_kept(everything, duplicates))

    def __len__(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        """The number of users in the vocabulary."""
        return len(self.user_ids)

    @property
    def items(self) -> int:
        """The number of items in the vocabulary."""
        return len(self.item_ids)

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each user's rows begin, int64 [users + 1]: rows offsets[u] to offsets[u + 1] are user u's."""
        counts = np.bincount(self.user, minlength=self.users)
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])

    def popularity(self) -> npt.NDArray[np.int32]:
        """Return the number of interactions of every item, int32 [items]."""
        return np.bincount(self.item, minlength=self.items).astype(np.int32)

    def rows(self, mask: npt.NDArray[np.bool_]) -> "Interactions":
        """Return the rows where mask, bool [len(self)], is true; the vocabularies stay."""
        weight = None if self.weight is None else self.weight[mask]
        return Interactions(self.user[mask], self.item[mask], self.time[mask], weight, self.user_ids, self.item_ids)

    def joined(self, other: "Interactions") -> "Interactions":
        """Return the rows of both, which share their vocabularies."""
        if (self.user_ids, self.item_ids) != (other.user_ids, other.item_ids):
            raise DataError("Interactions with different vocabularies cannot be joined: read them as one file.")
        weight = None
        if self.weight is not None and other.weight is not None:
            weight = np.concatenate([self.weight, other.weight])
        user = np.concatenate([self.user, other.user])
        item = np.concatenate([self.item, other.item])
        time = np.concatenate([self.time, other.time])
        return _sorted((user, item, time, weight), self.user_ids, self.item_ids)

    def in_vocabulary(
        self, *, users: Sequence[str] | None = None, items: Sequence[str] | None = None
    ) -> "Interactions":
        """Return the same interactions in these vocabularies, whose order and ids without interactions stay.

        None leaves a vocabulary as it is. Raises DataError for ids of the data that the vocabulary does not have.
        """
        user = self.user if users is None else renumbered(self.user, self.user_ids, users, "user")
        item = self.item if items is None else renumbered(self.item, self.item_ids, items, "item")
        user_ids, item_ids = (
            tuple(own if given is None else given) for own, given in ((self.user_ids, users), (self.item_ids, items))
        )
        return _sorted((user, item, self.time, self.weight), user_ids, item_ids)

    def digest(self) -> str:
        """Return the sha256, in hex, of every value and id; equal data has an equal digest on every machine."""
        state = hashlib.sha256(json.dumps([len(self), self.user_ids, self.item_ids]).encode())
        columns = ((self.user, "<i4"), (self.item, "<i4"), (self.time, "<i8"), (self.weight, "<f4"))
        for column, dtype in columns:
            state.update(b"absent" if column is None else column.astype(dtype).tobytes())
        return state.hexdigest()


def k_core(interactions: Interactions, k: int) -> Interactions:
    """Return the largest part in which every user and every item has at least k interactions.

    Ids without interactions leave the vocabularies. Raises DataError when nothing is left.
    """
    user, item = interactions.user, interactions.item
    keep = np.ones(len(interactions), np.bool_)
    left = 0
    while left != (left := int(keep.sum())):
        users = np.bincount(user[keep], minlength=interactions.users)
        items = np.bincount(item[keep], minlength=interactions.items)
        keep &= (users[user] >= k) & (items[item] >= k)
    if not keep.any():
        raise DataError(f"No user and item have {k} interactions each: take a smaller k than {k}.")
    core = interactions.rows(keep)
    users_left, new_user = np.unique(core.user, return_inverse=True)
    items_left, new_item = np.unique(core.item, return_inverse=True)
    return Interactions(
        new_user.reshape(-1).astype(np.int32),
        new_item.reshape(-1).astype(np.int32),
        core.time,
        core.weight,
        tuple(core.user_ids[code] for code in users_left),
        tuple(core.item_ids[code] for code in items_left),
    )


def _sorted(columns: tuple[Any, Any, Any, Any], user_ids: tuple[str, ...], item_ids: tuple[str, ...]) -> Interactions:
    user, item, time, weight = columns
    order = np.lexsort((item, time, user))
    weight = None if weight is None else weight[order]
    return Interactions(user[order], item[order], time[order], weight, user_ids, item_ids)


def _kept(interactions: Interactions, duplicates: Duplicates) -> npt.NDArray[np.bool_]:
    pair = interactions.user.astype(np.int64) * interactions.items + interactions.item
    order = np.argsort(pair, kind="stable")
    again = np.diff(pair[order]) == 0
    if duplicates == "refuse" and again.any():
        row = order[int(np.argmax(again))]
        raise DataError(
            f"{int(again.sum())} interactions repeat a user and an item, the first of user "
            f"{interactions.user_ids[interactions.user[row]]!r} and item "
            f"{interactions.item_ids[interactions.item[row]]!r}: "
            "pass duplicates as 'keep_first', 'keep_last' or 'allow'."
        )
    keep = np.ones(len(pair), np.bool_)
    keep[order[1:][again] if duplicates == "keep_first" else order[:-1][again]] = False
    return keep


def _read_only(column: npt.NDArray[Any], dtype: type, rows: int, name: str) -> npt.NDArray[Any]:
    if column.shape != (rows,) or column.dtype != dtype:
        raise DataError(f"Column {name!r} is {column.dtype} {column.shape}: expected {np.dtype(dtype)} ({rows},).")
    own = np.array(column, copy=column.flags.writeable)
    own.flags.writeable = False
    return own


def _is_sorted(*keys: npt.NDArray[Any]) -> bool:
    """Tell whether rows ascend by the first key, equal ones by the second, and so on."""
    equal = np.ones(max(len(keys[0]) - 1, 0), np.bool_)
    for key in keys:
        if (equal & (key[1:] < key[:-1])).any():
            return False
        equal &= key[1:] == key[:-1]
    return True
