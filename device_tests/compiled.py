"""LiteRT's CompiledModel with an XNNPACK weight cache on disk, called as an interpreter is."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, Callable, NoReturn

import numpy as np

from device_tests.errors import HarnessError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from device_tests.model import Array

_NO_SCALE = (0.0, 0)


class Compiled:
    """Has of an interpreter what `Model` asks of one, for one row a call; the weights are packed into the cache once.

    `module` is ai_edge_litert.compiled_model. The raw numbers of a small integer output have no scale here.
    """

    def __init__(self, module: ModuleType, path: str, threads: int, cache: str) -> None:
        options = module.Options(
            hardware_accelerators=module.HardwareAccelerator.CPU,
            cpu_options=module.CpuOptions(num_threads=threads, xnnpack_weight_cache_path=cache),
        )
        self._model = module.CompiledModel.from_file(path, options=options)
        self._signature = next(iter(self._model.get_signature_list()))
        self._inputs = _details(self._model.get_input_tensor_details(self._signature))
        self._outputs = _details(self._model.get_output_tensor_details(self._signature))
        self._in = self._model.create_input_buffers(0)
        self._out = self._model.create_output_buffers(0)
        names = self._model.get_signature_list()[self._signature]
        self._writers = {self._inputs[name]["index"]: buffer.write for name, buffer in zip(names["inputs"], self._in)}
        self._readers = {
            self._outputs[name]["index"]: (buffer.read, self._outputs[name])
            for name, buffer in zip(names["outputs"], self._out)
        }

    def get_signature_list(self) -> Mapping[str, Any]:
        """Return the names of inputs and outputs of the first signature, the one that is called."""
        return {self._signature: self._model.get_signature_list()[self._signature]}

    def get_signature_runner(self, _name: str) -> _Runner:
        """Return what tells the inputs and outputs of the first signature by name."""
        return _Runner(self._inputs, self._outputs)

    def get_input_details(self) -> Sequence[Mapping[str, Any]]:
        """Return the inputs of the first signature."""
        return list(self._inputs.values())

    def set_tensor(self, index: int, value: Array) -> None:
        """Write the values of one input."""
        self._writers[index](value)

    def invoke(self) -> None:
        """Run the first signature."""
        self._model.run_by_index(0, self._in, self._out)

    def get_tensor(self, index: int) -> Array:
        """Read the values of an output."""
        read, details = self._readers[index]
        shape = details["shape"]
        values: Array = read(math.prod(shape), details["dtype"]).reshape(shape)
        return values


class _Runner:
    """Inputs and outputs by name, as an interpreter's signature runner tells them."""

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        self._inputs, self._outputs = inputs, outputs

    def get_input_details(self) -> Mapping[str, Any]:
        """Return the inputs."""
        return self._inputs

    def get_output_details(self) -> Mapping[str, Any]:
        """Return the outputs."""
        return self._outputs


def in_child(make: Callable[[], object]) -> None:
    """Run `make` in a child of this process, so that this one is as if nothing had been made.

    Raises ModelError when the child fails, and on a system without fork.
    """
    if not hasattr(os, "fork"):
        raise ModelError("a weight cache is made in a child of this process, and this system has no fork")
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        _make_and_exit(make, mouth)
    os.close(mouth)
    with os.fdopen(ear, encoding="utf-8") as told:
        why = told.read()
    _, status = os.waitpid(child, 0)
    if why or status:
        raise ModelError(why or "the runtime died making a weight cache of this model")


def _make_and_exit(make: Callable[[], object], mouth: int) -> NoReturn:
    code = 1
    try:
        make()
        code = 0
    except HarnessError as why:
        os.write(mouth, str(why).encode())
    finally:
        os._exit(code)  # nothing of this process is the child's to close


def _details(told: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {**each, "dtype": np.dtype(each["dtype"]).type, "quantization": _NO_SCALE} for name, each in told.items()
    }
