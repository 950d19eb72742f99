"""The vectors that a layer of a recommender takes in: what a table that scores is multiplied with."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edgerec.models.recommender import Recommender
from edgerec.models.session import session

_ROWS_AT_ONCE = 512


def vectors_before(
    recommender: Recommender, layer: str, inputs: Mapping[str, NDArray[np.int32]]
) -> NDArray[np.float32]:
    """What goes into a layer for `inputs` by name [n, ...], float32 [n, columns]."""
    model = recommender.model
    before = session().keras.Model(model.inputs, model.get_layer(layer).input)
    given = {tensor.name: inputs[tensor.name] for tensor in model.inputs}
    count = len(next(iter(given.values())))
    parts = [
        np.asarray(
            before({key: values[start : start + _ROWS_AT_ONCE] for key, values in given.items()}, training=False)
        )
        for start in range(0, count, _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)
