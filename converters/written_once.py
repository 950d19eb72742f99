"""Parts of a flatbuffer that are equal, written once: vectors of numbers, and tables that refer to nothing else.

The format allows several references to one place. An unrolled network is hundreds of tensors of a few shapes.
"""

from typing import Any

import numpy as np

_LARGEST_BYTES = 256  # of a vector that is worth remembering; buffers, which are aligned, are far larger


class Once:
    """A table that packs itself the first time, and gives that place again."""

    def __init__(self, made: Any) -> None:
        """Take an object of the generated classes."""
        self.made, self.place = made, -1

    def Pack(self, builder: Any) -> int:  # noqa: N802 - what the generated classes call
        """Return where it lies."""
        if self.place < 0:
            self.place = int(self.made.Pack(builder))
        return self.place


def builder_of(size: int) -> Any:
    """Return a builder, of so many bytes to begin with, that writes equal short vectors of numbers once."""
    import flatbuffers  # noqa: PLC0415  (only the compress install has it)

    class Builder(flatbuffers.Builder):  # type: ignore[misc]
        """Remembers where vectors lie."""

        def CreateNumpyVector(self, x: Any) -> int:  # noqa: N802 - the builder's own
            if x.nbytes > _LARGEST_BYTES:
                return int(super().CreateNumpyVector(x))
            key = (x.dtype.str, x.tobytes())
            if key not in places:
                places[key] = int(super().CreateNumpyVector(x))
            return places[key]

    places: dict[tuple[str, bytes], int] = {}
    return Builder(size)


def share(graph: Any) -> None:
    """Let a `SubGraphT` hold equal options and quantization once, shapes as arrays, and nothing that says nothing."""
    shared: dict[object, Once] = {}

    def once(made: Any) -> Any:
        return None if made is None else shared.setdefault(_key(made), Once(made))

    for tensor in graph.tensors:
        tensor.quantization = once(None if _says_nothing(tensor.quantization) else tensor.quantization)
        for name in ("shape", "shapeSignature"):
            if getattr(tensor, name) is not None:
                setattr(tensor, name, np.asarray(getattr(tensor, name), np.int32))
        if np.array_equal(tensor.shape, tensor.shapeSignature):  # as it is read where there is none
            tensor.shapeSignature = None
    for operator in graph.operators:
        operator.builtinOptions = once(operator.builtinOptions)
        for name in ("mutatingVariableInputs", "intermediates"):
            if _empty(getattr(operator, name)):
                setattr(operator, name, None)


def _says_nothing(quantization: Any) -> bool:
    if quantization is None:
        return True
    numbers = (quantization.min, quantization.max, quantization.scale, quantization.zeroPoint)
    return quantization.details is None and all(map(_empty, numbers))


def _empty(values: Any) -> bool:
    return values is None or len(values) == 0


def _key(made: Any) -> object:
    """What an object of the generated classes says, comparable."""
    if isinstance(made, np.ndarray | list):
        return tuple(np.asarray(made).tolist())
    if hasattr(made, "__dict__"):
        return type(made).__name__, tuple((name, _key(value)) for name, value in sorted(vars(made).items()))
    return made
