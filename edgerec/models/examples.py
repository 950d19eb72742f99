"""What a model of given roles is fed from interactions: ids by input name, and the item that was taken."""

import numpy as np
from numpy.typing import NDArray

from edgerec.data.histories import training_pairs
from edgerec.data.interactions import Interactions
from edgerec.data.merging import merge_repeats
from edgerec.models.recommender import ModelError
from edgerec.models.roles import CATALOGUE, Roles

Columns = dict[str, NDArray[np.int32]]


def examples(
    roles: Roles, data: Interactions, only: NDArray[np.bool_] | None = None
) -> tuple[Columns, NDArray[np.int32]]:
    """Every example as ids by input name, [n] or [n, length], and its item [n].

    A history model learns from every interaction that has one before it, the others from every interaction; of those,
    from the ones that `only` marks, bool [interactions], whose histories stay whole. Raises ModelError where the model
    has no input that says who asks, or nobody has a history.
    """
    history, user, item = (roles.of_role(role) for role in ("history", "user", "item"))
    if history is None and user is None:
        raise ModelError(f"{roles.name} has no input of role user or history, so nobody can be recommended to")
    columns, users, target = {}, data.user, data.item
    learned = np.ones(len(data), np.bool_) if only is None else only
    if history is not None:
        padding = roles.items if history.padding_id is None else history.padding_id
        columns[history.name], target = training_pairs(data, history.length, padding)
        has_history = np.arange(len(data)) > data.offsets[data.user]
        users, learned = data.user[has_history], learned[has_history]
        if not len(target):
            raise ModelError(f"no user has two interactions, so {roles.name} has no history to learn from")
    if user is not None:
        columns[user.name] = users
    if roles.kind != CATALOGUE:
        columns["item" if item is None else item.name] = target
    return {name: values[learned] for name, values in columns.items()}, target[learned]


def merged(columns: Columns, target: NDArray[np.int32]) -> tuple[Columns, NDArray[np.int32], NDArray[np.float32]]:
    """The distinct examples, and how often each was there as float32 weights [m] with a mean of 1.

    The mean of a loss so weighted is its mean over all examples.
    """
    widths = [1 if values.ndim == 1 else values.shape[1] for values in columns.values()]
    rows, target, counts = merge_repeats(np.column_stack(list(columns.values())), target)
    parts = np.split(rows, np.cumsum(widths)[:-1], axis=1)
    kept = {
        name: part.reshape(-1) if values.ndim == 1 else part
        for (name, values), part in zip(columns.items(), parts, strict=True)
    }
    return kept, target, counts / counts.mean()


def sample(roles: Roles, data: Interactions, count: int, *, seed: int) -> Columns:
    """`count` real inputs of the served model, drawn without replacement: representative data for a converter."""
    columns, target = examples(roles, data)
    rows = np.sort(np.random.default_rng(seed).permutation(len(target))[:count])
    names = {entry.name for entry in roles.inputs}
    return {name: values[rows] for name, values in columns.items() if name in names}
