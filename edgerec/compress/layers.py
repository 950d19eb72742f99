"""Which layers of a model a step works on, and one way to put TF-MOT's wrappers on them."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.recipe import RecipeError
from edgerec.models.recommender import Recommender
from edgerec.models.session import session

Kernel = tuple[str, str]  # layer name, weight name inside the layer


def chosen(recommender: Recommender, patterns: Sequence[str]) -> tuple[str, ...]:
    """Names of the tables and dense layers that match any of the shell patterns, all of them without a pattern.

    Raises RecipeError for a pattern that matches nothing.
    """
    names = [layer.name for layer in recommender.model.layers if _has_kernel(layer)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise RecipeError(
                f"no table or dense layer matches {pattern!r}; {recommender.roles.name} has {', '.join(names)}"
            )
    return tuple(name for name in names if not patterns or any(fnmatchcase(name, each) for each in patterns))


def dense_before_scores(recommender: Recommender) -> tuple[str, ...]:
    """Names of the dense layers but those that make the outputs, which stay float."""
    keras, model = session().keras, recommender.model
    last = {id(tensor) for tensor in model.outputs}
    return tuple(
        layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense) and id(layer.output) not in last
    )


def wrapped(recommender: Recommender, names: Sequence[str], wrapper: Callable[[Any], Any]) -> Any:
    """A Keras model with `wrapper` around the named layers of a fresh clone.

    Layer by layer, since TF-MOT's whole-model calls refuse a model for one layer that they do not know.
    """
    fresh = recommender.clone().model
    return session().keras.models.clone_model(
        fresh, clone_function=lambda layer: wrapper(layer) if layer.name in names else layer
    )


def kernels(recommender: Recommender, names: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The embeddings or kernel of each named layer."""
    layers = {layer.name: layer for layer in recommender.model.layers}
    return {name: _kernel(layers[name]).numpy() for name in names}


def _has_kernel(layer: Any) -> bool:
    layers = session().keras.layers
    return isinstance(layer, layers.Embedding | layers.Dense)


def _kernel(layer: Any) -> Any:
    return layer.embeddings if hasattr(layer, "embeddings") else layer.kernel
