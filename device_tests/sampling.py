"""The inputs of the calls that latency and memory are measured with: ids and vectors as users draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device_tests.evaluation import EvaluationSet
    from device_tests.manifest import Input, Manifest
    from device_tests.model import Array, Model, Port

Draw = dict[str, "Array"]


def of_users(evaluation: EvaluationSet, manifest: Manifest, count: int, seed: int) -> list[Draw]:
    """Return `count` batch-1 inputs: evaluation users at random, items as often as they were trained on."""
    random = np.random.default_rng(seed)
    users = random.integers(evaluation.users, size=count)
    taken = evaluation.popularity if evaluation.kept is None else evaluation.popularity[evaluation.kept]
    weight = taken / max(1, taken.sum(dtype=np.int64))
    items = random.choice(manifest.items, size=count, p=weight if weight.any() else None).astype(np.int32)
    item_inputs = [each.name for each in manifest.inputs if each.role == "item"]
    return [
        {
            **{name: values[user : user + 1] for name, values in evaluation.inputs.items()},
            **dict.fromkeys(item_inputs, items[call : call + 1]),
        }
        for call, user in enumerate(users)
    ]


def uniform(inputs: Sequence[Input], count: int, seed: int) -> list[Draw]:
    """Return `count` batch-1 inputs drawn uniformly: ids from all that the model takes, a vector's numbers below 1."""
    random = np.random.default_rng(seed)
    return [{each.name: _drawn(each, random) for each in inputs} for _ in range(count)]


def zipf(inputs: Sequence[Input], count: int, seed: int) -> list[Draw]:
    """Return `count` batch-1 inputs whose ids follow Zipf's law: the r-th most frequent with a weight of 1 / r.

    Which id is how frequent is drawn too, so that frequent rows do not lie side by side. Numbers are uniform.
    """
    random = np.random.default_rng(seed)
    columns = {each.name: _column(each, count, random) for each in inputs}
    return [{name: values[call : call + 1] for name, values in columns.items()} for call in range(count)]


def _column(each: Input, count: int, random: np.random.Generator) -> Array:
    shape = (count, each.length) if each.length else (count,)
    if each.role == "vector":
        return random.random(shape, dtype=np.float32)
    weight = 1 / np.arange(1, each.ids + 1)
    order = random.permutation(each.ids).astype(np.int32)
    drawn: Array = order[random.choice(each.ids, size=shape, p=weight / weight.sum())]
    return drawn


def _drawn(each: Input, random: np.random.Generator) -> Array:
    shape = (1, each.length) if each.length else (1,)
    if each.role == "vector":
        return random.random(shape, dtype=np.float32)
    return random.integers(each.ids, size=shape, dtype=np.int32)


def for_ports(model: Model, limits: Mapping[str, int], count: int, seed: int) -> list[list[Array]]:
    """Return `count` values for every port of a bare model, in its own shape: ids below the limit, floats below 1.

    Raises ModelError when an integer input has no limit, a limit no input, or an input is neither.
    """
    for name in limits.keys() - {port.name for port in model.ports}:
        has = ", ".join(port.name for port in model.ports)
        raise ModelError(f"a limit is given for {name!r}, which is no input: the model has {has}")
    random = np.random.default_rng(seed)
    return [[_value(port, limits, random) for port in model.ports] for _ in range(count)]


def _value(port: Port, limits: Mapping[str, int], random: np.random.Generator) -> Any:
    if np.issubdtype(port.dtype, np.floating):
        return random.random(port.shape, dtype=np.float32).astype(port.dtype)
    if not np.issubdtype(port.dtype, np.integer):
        raise ModelError(f"input {port.name!r} is {port.dtype.__name__}: only ids and floats can be drawn")
    if port.name not in limits:
        raise ModelError(
            f"input {port.name!r} takes whole numbers: say how many ids it has with --limits {port.name}=IDS"
        )
    return random.integers(min(limits[port.name], _largest(port) + 1), size=port.shape).astype(port.dtype)


def _largest(port: Port) -> int:
    return int(np.iinfo(np.dtype(port.dtype)).max)
