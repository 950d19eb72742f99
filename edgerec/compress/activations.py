"""What flows through a model for the examples that it learns from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.data.interactions import Interactions
from edgerec.models.examples import Columns, examples
from edgerec.models.recommender import Recommender
from edgerec.models.session import session

EXAMPLES = 50_000  # that are looked at, at most, drawn from the seed
_ROWS_AT_ONCE = 512

Moment = NDArray[np.float64]  # mean outer product, [columns, columns]


def drawn(recommender: Recommender, data: Interactions, *, seed: int) -> tuple[Columns, NDArray[np.int32]]:
    """Inputs by name [examples, ...] and the item that each took [examples], of 50,000 examples at most."""
    columns, target = examples(recommender.roles, data)
    rows = np.sort(np.random.default_rng(seed).permutation(len(target))[:EXAMPLES])
    return {tensor.name: columns[tensor.name][rows] for tensor in recommender.model.inputs}, target[rows]


def through(model: Any, tensors: Sequence[Any], inputs: Columns) -> Iterator[list[NDArray[Any]]]:
    """The values of some tensors of a Keras model, [rows, ...] each, for a few hundred examples at a time."""
    to_there = session().tf.function(session().keras.Model(model.inputs, list(tensors)), reduce_retracing=True)
    for start in range(0, len(next(iter(inputs.values()))), _ROWS_AT_ONCE):
        part = {name: values[start : start + _ROWS_AT_ONCE] for name, values in inputs.items()}
        found = to_there(part, training=False)
        yield [np.asarray(each) for each in (found if isinstance(found, list | tuple) else [found])]


def vectors_before(recommender: Recommender, name: str, inputs: Columns) -> NDArray[np.float32]:
    """What a layer takes in for `inputs` by name [n, ...], float32 [n, columns]: for a scoring one, users' vectors."""
    model = recommender.model
    given = {tensor.name: inputs[tensor.name] for tensor in model.inputs}
    return np.concatenate([part[0] for part in through(model, [model.get_layer(name).input], given)])


def moments_read(
    recommender: Recommender, names: Collection[str], data: Interactions, *, seed: int
) -> dict[str, Moment]:
    """The second moment of what each named layer's kernel multiplies, by name, over examples, steps and calls."""
    return _moments(recommender, dict.fromkeys(names, "input_tensors"), data, seed)


def moments_made(
    recommender: Recommender, names: Collection[str], data: Interactions, *, seed: int
) -> dict[str, Moment]:
    """The second moment of what each named layer makes, by name, over examples, steps and calls."""
    return _moments(recommender, dict.fromkeys(names, "output_tensors"), data, seed)


def _moments(recommender: Recommender, ends: Mapping[str, str], data: Interactions, seed: int) -> dict[str, Moment]:
    model = recommender.clone().model  # layers of a clone have no calls but this model's
    flatten = session().tf.nest.flatten
    tensors = [
        (name, tensor)
        for name, end in ends.items()
        for node in model.get_layer(name).inbound_nodes
        for tensor in flatten(getattr(node, end))
    ]
    sums: dict[str, Moment] = {}
    counts = dict.fromkeys(ends, 0)
    inputs, _ = drawn(recommender, data, seed=seed)
    for part in through(model, [tensor for _, tensor in tensors], inputs):
        for (name, _), values in zip(tensors, part, strict=True):
            rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
            sums[name] = sums.get(name, 0.0) + rows.T @ rows
            counts[name] += len(rows)
    return {name: sums[name] / counts[name] for name in ends}
