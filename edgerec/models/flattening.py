"""Models inside a model, laid open: one graph of layers that steps, rules and roles can see and name."""

import inspect
from typing import Any

import numpy as np

from edgerec.models.recommender import ModelError
from edgerec.models.session import session

TOLERANCE = 1e-6  # of the largest output: the same float32 weights in the same order
PROBES = 16
LENGTH = 4  # of a probe along an axis that has none


def flat(model: Any) -> Any:
    """The same model without functional or sequential models inside it; their layers are called `outer/inner`.

    A layer or model that is called twice stays one layer with one set of weights. A model inside a wrapper such as
    TimeDistributed stays where it is, and a model without another one inside is given back itself. Raises ModelError
    where the outputs do not stay what they were.
    """
    keras = session().keras
    if not any(_is_model(layer) for layer in model.layers):
        return model
    opened = _Opened()
    inputs = [keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name) for each in model.inputs]
    outputs = opened.called(model, inputs, "", None)
    result = keras.Model(inputs, outputs, name=model.name)
    for layer, fresh in opened.pairs:
        fresh.set_weights(layer.get_weights())
        if fresh.trainable != layer.trainable:  # setting it reaches every layer inside
            fresh.trainable = layer.trainable
    _refuse_changed(model, result)
    return result


class _Opened:
    """The layers met so far and the fresh ones in their place, by identity: a shared layer stays shared."""

    def __init__(self) -> None:
        self._fresh: dict[int, Any] = {}
        self.pairs: list[tuple[Any, Any]] = []

    def called(self, model: Any, inputs: list[Any], path: str, training: Any) -> list[Any]:
        """What a model gives for these symbolic inputs, by fresh layers whose names begin with `path`."""
        values = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}

        def replaced(argument: Any) -> Any:
            return values.get(id(argument), argument)

        map_structure, flatten = session().tf.nest.map_structure, session().tf.nest.flatten
        for node in _nodes(model):
            layer = node.layer
            arguments = map_structure(replaced, node.call_args)
            keywords = map_structure(replaced, dict(node.call_kwargs))
            told = training if keywords.get("training") is None else keywords.pop("training")
            if _is_model(layer):
                taken = arguments[0]
                ordered = [taken[name] for name in layer.input_names] if isinstance(taken, dict) else flatten(taken)
                given = self.called(layer, ordered, f"{path}{layer.name}/", told)
            else:
                if told is not None and "training" in inspect.signature(layer.call).parameters:
                    keywords["training"] = told
                given = flatten(self._of(layer, path)(*arguments, **keywords))
            values.update(zip((id(tensor) for tensor in flatten(node.outputs)), given, strict=True))
        return [values[id(tensor)] for tensor in model.outputs]

    def _of(self, layer: Any, path: str) -> Any:
        if id(layer) not in self._fresh:
            fresh = layer.__class__.from_config({**layer.get_config(), "name": f"{path}{layer.name}"})
            self._fresh[id(layer)] = fresh
            self.pairs.append((layer, fresh))
        return self._fresh[id(layer)]


def _is_model(layer: Any) -> bool:
    """Whether a layer is a model whose graph is known."""
    return isinstance(layer, session().keras.Model) and bool(layer.inputs)


def _nodes(model: Any) -> list[Any]:
    """The calls that make up a model's graph, each after those that it takes its inputs from."""
    known, found = {id(tensor) for tensor in model.inputs}, []
    flatten = session().tf.nest.flatten
    waiting = list(reversed(model.outputs))
    while waiting:
        tensor = waiting[-1]
        missing = [] if id(tensor) in known else [one for one in tensor.node.keras_inputs if id(one) not in known]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if id(tensor) not in known:
            found.append(tensor.node)
            known.update(id(one) for one in flatten(tensor.node.outputs))
    return found


def _refuse_changed(before: Any, after: Any) -> None:
    """Raise ModelError where two models answer differently on ids that every table has."""
    random = np.random.default_rng(0)
    tables = [layer for layer in before.submodules if isinstance(layer, session().keras.layers.Embedding)]
    ids = min((int(table.input_dim) for table in tables), default=2)
    inputs = {
        each.name: random.integers(0, ids, (PROBES, *(axis or LENGTH for axis in each.shape[1:]))).astype(
            each.dtype.as_numpy_dtype
        )
        for each in before.inputs
    }
    flatten = session().tf.nest.flatten
    expected, found = (list(map(np.asarray, flatten(model(inputs, training=False)))) for model in (before, after))
    for one, other in zip(expected, found, strict=True):
        difference = float(np.abs(one - other).max())
        if not difference <= TOLERANCE * max(1.0, float(np.abs(one).max())):
            raise ModelError(
                f"laying open the models inside {before.name} changed an output by {difference:g}, expected no change: "
                "save it without a model inside"
            )
