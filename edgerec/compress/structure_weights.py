"""The weights of one layer by the columns it makes and takes: what of them is left, and what makes or uses a column."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.models.session import session

Kept = NDArray[np.int64]
Kernel = NDArray[np.float32]

GATES = 3  # of a GRU


def narrowed(layer: Any, width: int | None) -> dict[str, Any]:
    """The configuration of a layer that makes `width` columns; None for a layer that makes none."""
    config: dict[str, Any] = layer.get_config()
    if width is not None:
        config["output_dim" if isinstance(layer, session().keras.layers.Embedding) else "units"] = width
    return config


def sliced(layer: Any, made: Kept, taken: Kept | None) -> list[Kernel]:
    """The weights of a table, dense layer or GRU with the columns `made` and the kernel rows `taken` that are left."""
    weights: list[Kernel] = layer.get_weights()
    if taken is None:
        return [weights[0][:, made]]
    if isinstance(layer, session().keras.layers.Dense):
        return [weights[0][taken][:, made], *(bias[made] for bias in weights[1:])]
    gates = np.concatenate([made + gate * layer.units for gate in range(GATES)])
    kernel, recurrent, *biases = weights
    return [kernel[taken][:, gates], recurrent[made][:, gates], *(bias[..., gates] for bias in biases)]


def makers(layer: Any) -> Kernel:
    """All weights that make each column of a layer, [weights, width]: what a criterion ranks columns by."""
    weights: list[Kernel] = layer.get_weights()
    if not isinstance(layer, session().keras.layers.GRU):
        return weights[0]
    kernel, recurrent = weights[:2]
    gates = np.concatenate([kernel, recurrent]).reshape(-1, GATES, layer.units)
    return gates.reshape(-1, layer.units)
