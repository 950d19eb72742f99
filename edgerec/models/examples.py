"""What a model of given roles is fed from interactions: ids by input name, and the item that was taken."""

import numpy as np
from numpy.typing import NDArray

from edgerec.data.histories import training_pairs
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import ModelError
from edgerec.models.roles import CATALOGUE, Roles

Columns = dict[str, NDArray[np.int32]]


def examples(roles: Roles, data: Interactions) -> tuple[Columns, NDArray[np.int32]]:
    """Every example as ids by input name, [n] or [n, length], and its item [n].

    A history model learns from every interaction that has one before it, the others from every interaction. Raises
    ModelError where the model has no input that says who asks.
    """
    history, user, item = (roles.of_role(role) for role in ("history", "user", "item"))
    if history is not None:
        rows, target = training_pairs(
            data, history.length, roles.items if history.padding_id is None else history.padding_id
        )
        return {history.name: rows}, target
    if user is None:
        raise ModelError(f"{roles.name} has no input of role user or history, so nobody can be recommended to")
    columns = {user.name: data.user}
    if roles.kind != CATALOGUE:
        columns["item" if item is None else item.name] = data.item
    return columns, data.item


def sample(roles: Roles, data: Interactions, count: int, *, seed: int) -> Columns:
    """`count` real inputs of the served model, drawn without replacement: representative data for a converter."""
    columns, target = examples(roles, data)
    rows = np.sort(np.random.default_rng(seed).permutation(len(target))[:count])
    names = {entry.name for entry in roles.inputs}
    return {name: values[rows] for name, values in columns.items() if name in names}
