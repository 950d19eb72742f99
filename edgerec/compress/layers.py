"""Which layers of a model a step works on, which it must leave alone, and one way to put TF-MOT's wrappers on them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Cluster, Prune, Step
from edgerec.models.recommender import Recommender
from edgerec.models.session import session

Kernels = dict[str, NDArray[np.float32]]  # by layer name


def chosen(recommender: Recommender, patterns: Sequence[str]) -> tuple[str, ...]:
    """Names of the tables and dense layers that match any of the shell patterns, all of them without a pattern.

    Raises RecipeError for a pattern that matches nothing, and where there is no such layer at all.
    """
    names = with_kernels(recommender)
    out_of_reach = ", ".join(unreached(recommender))
    inside = f" (out of reach inside other layers: {out_of_reach})" if out_of_reach else ""
    if not names:
        raise RecipeError(
            f"{recommender.roles.name} has no table or dense layer that this step reaches{inside}: leave the step out"
        )
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise RecipeError(
                f"no table or dense layer matches {pattern!r}; {recommender.roles.name} has {', '.join(names)}{inside}"
            )
    return tuple(name for name in names if _matches(name, patterns))


def with_kernels(recommender: Recommender) -> tuple[str, ...]:
    """Names of the tables and dense layers, in the model's order."""
    return tuple(layer.name for layer in recommender.model.layers if _has_kernel(layer))


def is_table(recommender: Recommender, name: str) -> bool:
    """Whether a layer looks rows up."""
    return isinstance(recommender.model.get_layer(name), session().keras.layers.Embedding)


def inner(layer: Any) -> Iterator[tuple[str, Any]]:
    """Every layer inside a layer (a wrapper's, a cell's, a model's) with its name, `outer/inner`."""
    for found in layer.submodules:
        if isinstance(found, session().keras.layers.Layer):
            yield f"{layer.name}/{found.name}", found


def quantized(layer: Any) -> bool:
    """Whether a layer is TF-MOT's wrapper around one that was trained quantization-aware."""
    return hasattr(layer, "quantize_config")


def unreached(recommender: Recommender, patterns: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the tables and dense layers inside other layers that match, which no wrapper of TF-MOT goes around.

    Models inside the model are laid open when it is loaded, so these stand in wrappers such as TimeDistributed.
    """
    found = [
        name
        for layer in recommender.model.layers
        if not quantized(layer)
        for name, each in inner(layer)
        if _has_kernel(each) and _matches(name, patterns)
    ]
    return tuple(dict.fromkeys(found))


def made_by(recommender: Recommender, earlier: Sequence[Step], *kinds: type[Step]) -> frozenset[str]:
    """Names of the layers whose zeros or clusters come from the `earlier` steps of these kinds, of all without one."""
    names: set[str] = set()
    for step in earlier:
        if isinstance(step, Prune | Cluster) and isinstance(step, kinds or (Prune, Cluster)):
            names.update(chosen(recommender, step.layers))
    return frozenset(names)


def dense_before_scores(recommender: Recommender) -> tuple[str, ...]:
    """Names of the dense layers but those that make the outputs, which stay float."""
    keras, model = session().keras, recommender.model
    last = {id(tensor) for tensor in model.outputs}
    return tuple(
        layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense) and id(layer.output) not in last
    )


def wrapped(
    recommender: Recommender, names: Collection[str], wrapper: Callable[[Any], Any], *, held: Collection[str] = ()
) -> Any:
    """A Keras model with `wrapper` around the named layers of a fresh clone, and the `held` layers frozen.

    Layer by layer, since TF-MOT's whole-model calls refuse a model for one layer that they do not know. Held layers
    keep what an earlier step made of them: no mask and no centroid of this step reaches them.
    """
    fresh = recommender.clone().model
    model = session().keras.models.clone_model(
        fresh, clone_function=lambda layer: wrapper(layer) if layer.name in names else layer
    )
    for layer in model.layers:
        if layer.name in held:
            layer.trainable = False
    return model


def with_weights_of(recommender: Recommender, stripped: Any) -> Recommender:
    """The recommender on fresh layers of its own kind, with the weights of a model whose wrappers were stripped."""
    result = recommender.clone()
    given = {layer.name: layer.get_weights() for layer in stripped.layers}
    for layer in result.model.layers:
        layer.set_weights(given[layer.name])
    return result


def kernels(recommender: Recommender, names: Collection[str]) -> Kernels:
    """The embeddings or kernel of each named layer."""
    layers = {layer.name: layer for layer in recommender.model.layers}
    return {name: _kernel(layers[name]).numpy() for name in names}


def zero_share(kernel: NDArray[np.float32]) -> float:
    """The share of a kernel's values that are exactly 0."""
    return float((kernel == 0).mean())


def distinct(kernel: NDArray[np.float32]) -> int:
    """The number of different values in a kernel, 0 among them."""
    return len(np.unique(kernel))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, each) for each in patterns)


def _has_kernel(layer: Any) -> bool:
    layers = session().keras.layers
    return isinstance(layer, layers.Embedding | layers.Dense)


def _kernel(layer: Any) -> Any:
    return layer.embeddings if hasattr(layer, "embeddings") else layer.kernel
