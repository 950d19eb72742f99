"""New interactions beside the old ones: one vocabulary, in which every old id keeps its number, and who judges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgerec.data.duplicates import Duplicates
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Holdout, Split
from edgerec.updates.errors import UpdateError

LEAST_KNOWN = (
    0.1  # of the items in new interactions; below it they are of another catalogue or another way to write ids
)
_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class News:
    """Old and new interactions in one vocabulary, whose first `items` items and `users` users are the old ones.

    `everything` has all of them. Of `parts` the test part is new, and train all that may be known; what of that is new
    is `fresh`. `learned` marks what of train is learned from, bool [len(train)]: what is fresh, and of each user as
    many interactions before, so that the old is not forgotten and what is in fashion is not lost in it.
    """

    everything: Interactions
    parts: Split
    fresh: Interactions
    learned: NDArray[np.bool_]
    items: int
    users: int


def news(old: Interactions, new: Interactions, holdout: Holdout, *, duplicates: Duplicates, seed: int) -> News:
    """What is new beside `old`, with new ids behind the old ones in their own order.

    Held out is what `holdout` marks among all interactions and is new. `duplicates` says what an interaction means that
    repeats a user and an item of the old ones. Raises UpdateError where fewer than one in ten of the new interactions'
    items are known, for refused repetitions, and where nothing new is left to learn from or nothing to judge on.
    """
    _refuse_other_vocabulary(old, new)
    users, items = _extended(old.user_ids, new.user_ids), _extended(old.item_ids, new.item_ids)
    before, after = old.in_vocabulary(users=users, items=items), new.in_vocabulary(users=users, items=items)
    before, after = _without_repetitions(before, after, duplicates)
    everything = before.joined(after)
    order = np.lexsort([np.concatenate([getattr(one, key) for one in (before, after)]) for key in _SORTED_BY])
    is_new = order >= len(before)
    held = holdout.mark(everything, np.random.default_rng([seed, 0])) & is_new
    none = everything.rows(np.zeros(len(everything), np.bool_))
    parts = Split(everything.rows(~held), none, everything.rows(held), holdout.name, seed)
    fresh = everything.rows(is_new & ~held)
    for what, part in (("learn from", fresh), ("judge on", parts.test)):
        if not len(part):
            raise UpdateError(
                f"{holdout.name} leaves nothing to {what} of {len(after)} new interactions by "
                f"{len(np.unique(after.user))} users: give a longer time of them, or another holdout"
            )
    return News(everything, parts, fresh, _learned(parts.train, is_new[~held]), old.items, old.users)


_SORTED_BY = ("item", "time", "user")  # the last one first, as Interactions are


def _learned(train: Interactions, is_new: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is new, and of each user's old interactions as many of the last."""
    order = np.lexsort((np.arange(len(train)), is_new, train.user))  # of each user the old ones first
    counts = np.bincount(train.user[is_new], minlength=train.users)
    before_end = np.empty(len(train), np.int64)
    before_end[order] = train.offsets[1:][train.user[order]] - np.arange(len(train))
    learned: NDArray[np.bool_] = before_end <= 2 * counts[train.user]
    return learned


def _extended(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    known = set(old)
    return (*old, *(one for one in new if one not in known))


def _refuse_other_vocabulary(old: Interactions, new: Interactions) -> None:
    known = set(old.item_ids)
    unknown = [one for one in new.item_ids if one not in known]
    if new.items - len(unknown) < LEAST_KNOWN * new.items:
        raise UpdateError(
            f"{len(unknown)} of the {new.items} items in the new interactions are not in the bundle, such as "
            f"{_told(unknown)}; its {old.items} are written like {_told(old.item_ids)}: give interactions of the same "
            "catalogue, with its ids"
        )


def _told(ids: Sequence[str]) -> str:
    return ", ".join(map(repr, ids[:_EXAMPLES]))


def _without_repetitions(
    old: Interactions, new: Interactions, duplicates: Duplicates
) -> tuple[Interactions, Interactions]:
    """Old and new interactions without what the other has too, if only one of them may count."""
    pairs = [one.user.astype(np.int64) * one.items + one.item for one in (old, new)]
    again = np.isin(pairs[1], pairs[0])
    if duplicates == "allow" or not again.any():
        return old, new
    if duplicates == "keep_first":
        return old, new.rows(~again)
    if duplicates == "keep_last":
        return old.rows(~np.isin(pairs[0], pairs[1])), new
    row = int(np.argmax(again))
    raise UpdateError(
        f"{int(again.sum())} new interactions repeat a user and an item of the old ones, the first of user "
        f"{new.user_ids[new.user[row]]!r} and item {new.item_ids[new.item[row]]!r}: leave them out, or say "
        'what they mean by duplicates = "keep_first", "keep_last" or "allow" under [data]'
    )
