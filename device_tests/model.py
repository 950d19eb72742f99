"""A .tflite opened in a runtime: inputs by name, any number of rows in one call, checked before the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError
from device_tests.inputs import checked
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device_tests import ranking
    from device_tests.manifest import Input, Manifest
    from device_tests.runtime import Runtime

Array = npt.NDArray[Any]
SMALLEST_QUANTIZED = (np.int8, np.uint8, np.int16)


@dataclass(frozen=True)
class Port:
    """One input or output of a signature, as the runtime tells it; `shape` with the batch that it was opened with."""

    name: str
    index: int
    dtype: type[np.generic]
    shape: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Call:
    """The three steps of one call, names resolved: `put` the inputs in the order of the ports, `invoke`, `take`."""

    put: Callable[[Sequence[Array]], None]
    invoke: Callable[[], Any]
    take: Callable[[], Any]

    @classmethod
    def of(cls, interpreter: Any, inputs: Sequence[int], output: int) -> Call:
        """Return the steps on an interpreter, or on whatever has its set_tensor, invoke and get_tensor."""
        set_tensor, get_tensor = interpreter.set_tensor, interpreter.get_tensor

        def put(values: Sequence[Array]) -> None:
            for index, value in zip(inputs, values):
                set_tensor(index, value)

        return cls(put, interpreter.invoke, lambda: get_tensor(output))


class Model:
    """A .tflite opened by path in a runtime, called by the names of one signature.

    Without `inputs` (a bare file) only `ports`, `output` and `call` are of use. Raises ModelError when the runtime
    refuses the file or when it does not have the signature, the inputs or the output asked for.
    """

    def __init__(
        self,
        path: str,
        inputs: Sequence[Input] = (),
        *,
        runtime: Runtime,
        threads: int = 1,
        signature: Optional[str] = None,
        output: Optional[str] = None,
        weight_cache: Optional[str] = None,
    ) -> None:
        self.inputs = tuple(inputs)
        self.runtime = runtime
        self._interpreter = runtime.open(path, threads, weight_cache)
        ports, outputs = _ports(self._interpreter, signature)
        self.output = _one_output(outputs, output)
        self.ports = _matching(ports, self.inputs)
        self.call = Call.of(self._interpreter, [port.index for port in self.ports], self.output.index)
        self._batch = 1

    def score(self, inputs: Mapping[str, Array]) -> ranking.Scores:
        """Return the scores of B rows, float32 [B, items] or [B, 1]; `inputs` maps names to ids or numbers.

        Ids are of shape [B] or [B, length], the numbers of a vector of [B, length]. Raises ModelError for a missing,
        unknown or misshapen input, an id outside the input's range, a number that is not finite, and a runtime that
        fails.
        """
        values = [self._checked(each, inputs) for each in self.inputs]
        for name in inputs.keys() - {each.name for each in self.inputs}:
            raise ModelError(f"the model has no input {name!r}: it has {', '.join(each.name for each in self.inputs)}")
        batch = len(values[0])
        if any(len(value) != batch for value in values):
            raise ModelError(f"inputs of {' and '.join(str(len(value)) for value in values)} rows do not go together")
        try:
            self._resize(batch)
            self.call.put(values)
            self.call.invoke()
            raw = self.call.take()
        except (ValueError, RuntimeError, MemoryError) as why:
            raise ModelError(f"{self.runtime.name} fails on {batch} rows in one call: {one_line(why)}") from None
        if raw.ndim == 0 or len(raw) != batch:
            raise ModelError(f"{batch} rows gave an output of shape {raw.shape}: the model's batch axis is not free")
        return dequantized(raw, self.output).reshape(batch, -1)

    def prepared(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Return checked values in the order of the ports, ready for `call.put` at the batch they have."""
        return [self._checked(each, inputs) for each in self.inputs]

    def _checked(self, each: Input, inputs: Mapping[str, Array]) -> Array:
        if each.name not in inputs:
            raise ModelError(f"input {each.name!r} is missing")
        port = next(port for port in self.ports if port.name == each.name)
        values = checked(each, np.asarray(inputs[each.name])).astype(port.dtype)
        return values.reshape(len(values), *port.shape[1:])

    def _resize(self, batch: int) -> None:
        if batch == self._batch:
            return
        self._batch = 0  # not a batch: should the next lines fail, the next call resizes again
        for port in self.ports:
            self._interpreter.resize_tensor_input(port.index, [batch, *port.shape[1:]])
        self._interpreter.allocate_tensors()
        self._batch = batch


class Recommender:
    """A model and its manifest: scores over the whole catalogue, whichever kind the model is."""

    def __init__(self, model: Model, manifest: Manifest) -> None:
        self.model = model
        self._items = manifest.items
        self._item_input = next((each.name for each in manifest.inputs if each.role == "item"), None)
        self._all_items = np.arange(manifest.items, dtype=np.int32)

    @property
    def batch(self) -> int:
        """How many users to ask for at a time."""
        return max(1, min(_BATCH, _BATCH_SCORES // self._items))

    def score_catalogue(self, user_inputs: Mapping[str, Array], rows: npt.NDArray[np.integer]) -> ranking.Scores:
        """Return the scores of every item for the users at `rows` of `user_inputs`, float32 [rows, items].

        A catalogue model is asked for all of them in one call, a pointwise one for every user's items in one call.
        Raises ModelError as `Model.score`, and when the model scores another number of items than its manifest says.
        """
        if self._item_input is None:
            return self._of_width(
                self.model.score({name: values[rows] for name, values in user_inputs.items()}), self._items
            )
        scores = np.empty((len(rows), self._items), np.float32)
        for place, row in enumerate(rows):
            inputs = {
                name: np.repeat(values[row : row + 1], self._items, axis=0) for name, values in user_inputs.items()
            }
            inputs[self._item_input] = self._all_items
            scores[place] = self._of_width(self.model.score(inputs), 1)[:, 0]
        return scores

    def _of_width(self, scores: ranking.Scores, width: int) -> ranking.Scores:
        if scores.shape[1] != width:
            raise ModelError(f"the model gives {scores.shape[1]} scores a row, where its manifest says {width}")
        return scores


_BATCH = 256
_BATCH_SCORES = 1 << 22


def dequantized(raw: Array, port: Port) -> ranking.Scores:
    """Return an output as float32, small integers times their scale; ModelError for another type."""
    if port.dtype in SMALLEST_QUANTIZED and port.scale > 0:
        scores: ranking.Scores = (raw.astype(np.float32) - np.float32(port.zero_point)) * np.float32(port.scale)
        return scores
    if not np.issubdtype(raw.dtype, np.floating):
        raise ModelError(f"output {port.name!r} is {raw.dtype}, which is no score")
    return raw.astype(np.float32, copy=False)


def _ports(interpreter: Any, signature: Optional[str]) -> tuple[list[Port], list[Port]]:
    """Return the inputs and outputs of a signature; without a name of the only one, or of a file that has none."""
    signatures = interpreter.get_signature_list()
    if signature is None and not signatures:
        return _plain(interpreter.get_input_details()), _plain(interpreter.get_output_details())
    name = next(iter(signatures)) if signature is None else signature
    if name not in signatures:
        raise ModelError(f"the model has no signature {name!r}: it has {', '.join(sorted(signatures)) or 'none'}")
    runner = interpreter.get_signature_runner(name)
    inputs = [_port(key, details) for key, details in sorted(runner.get_input_details().items())]
    outputs = [_port(key, details) for key, details in sorted(runner.get_output_details().items())]
    own = {(details["index"], details["name"]) for details in interpreter.get_input_details()}
    if {(details["index"], details["name"]) for details in runner.get_input_details().values()} != own:
        raise ModelError(f"signature {name!r} is not of the model's first graph, which is the one that is measured")
    return inputs, outputs


def _plain(details: Sequence[Mapping[str, Any]]) -> list[Port]:
    return [_port(each["name"], each) for each in details]


def _port(name: str, details: Mapping[str, Any]) -> Port:
    scale, zero_point = details["quantization"]
    shape = tuple(int(length) for length in details["shape"])
    return Port(name, int(details["index"]), details["dtype"], shape, float(scale), int(zero_point))


def _one_output(outputs: Sequence[Port], name: Optional[str]) -> Port:
    for port in outputs:
        if name in (None, port.name):
            return port
    raise ModelError(f"the model has no output {name!r}: it has {', '.join(port.name for port in outputs) or 'none'}")


def _matching(ports: Sequence[Port], inputs: Sequence[Input]) -> tuple[Port, ...]:
    """Return the ports in the order of `inputs` (all of them, as they come, for none), each fit for its role."""
    if not inputs:
        return tuple(ports)
    by_name = {port.name: port for port in ports}
    wanted = {each.name for each in inputs}
    if by_name.keys() != wanted:
        raise ModelError(f"the model has inputs {', '.join(sorted(by_name))}, its manifest {', '.join(sorted(wanted))}")
    for each in inputs:
        port = by_name[each.name]
        width = int(np.prod(port.shape[1:], dtype=np.int64)) if port.shape else 0
        kind = np.float32 if each.role == "vector" else np.integer
        if not np.issubdtype(port.dtype, kind) or width != max(1, each.length):
            shape = list(port.shape)
            raise ModelError(
                f"input {each.name!r} is {port.dtype.__name__} of shape {shape}, which does not fit its manifest"
            )
    return tuple(by_name[each.name] for each in inputs)
