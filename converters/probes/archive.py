"""The archive of all probes, as bytes by member: models, arrays, and an index that says what belongs together."""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product

import numpy as np

from converters.graph_writer import GraphWriter
from converters.probes.models import (
    ANY_VERSION,
    Probe,
    batch_matmul,
    densified,
    fully_connected,
    in_integers,
    lookup,
    unpacked,
)
from converters.probes.weights import ODD, Array, Weights, floats, integers
from converters.schema import OPERATORS

ASKED_VERSIONS = 20
"""Of each op, versions 1 to this one are asked for; the schema's newest is 14."""

_ANY_BUILTIN, _ANY_DEPRECATED = 0x5B5B5B5B, 0x5C  # stand for an operator, in its field and the older, narrower one
_GRANULARITIES = ("tensor", "row")
_SMALL = ("INT8", "INT4", "INT2")
_ZERO_POINTS = {"INT8": 30, "INT4": 3, "INT2": 1}  # far enough from 0 that one left out is seen


def probes() -> Iterator[Probe]:
    """Give every probe."""
    yield from _products()
    yield from _lookups()
    yield from _unpackings()


def members() -> dict[str, bytes]:
    """Return the archive's members by name."""
    template, places = _op_version()
    names: dict[bytes, str] = {}

    def named(array: Array) -> str:
        buffer = io.BytesIO()
        np.save(buffer, array)
        return names.setdefault(buffer.getvalue(), f"array{len(names):03}")

    models: dict[str, bytes] = {"op_version.tflite": template}
    listed = []
    for number, one in enumerate(probes()):
        model = f"{number:03}.tflite"
        models[model] = one.model
        arrays = [[named(each) for each in (trial.given, trial.right, trial.allowed)] for trial in one.trials]
        place = _place(one.model, ANY_VERSION)
        listed.append({"use": asdict(one.use), "model": model, "version_at": place, "arrays": arrays})
    index = {
        "asked_versions": ASKED_VERSIONS,
        "ops": OPERATORS,
        "op_version": {"model": "op_version.tflite", **places},
        "probes": listed,
    }
    return {"index.json": json.dumps(index).encode(), **models, **{f"{name}.npy": data for data, name in names.items()}}


def _dense_grids() -> Iterator[Weights]:
    """Give the ways in which integer weights are stored densely."""
    for dtype in _SMALL:
        yield from (integers(dtype, granularity) for granularity in _GRANULARITIES)
        yield integers(dtype, "block", block=32)
        yield integers(dtype, "tensor", zero_point=_ZERO_POINTS[dtype])
    yield integers("UINT8", "tensor", zero_point=128)


def _split_grids() -> Iterator[Weights]:
    """Give integer weights with rows that begin within a byte."""
    for dtype, granularity in product(("INT4", "INT2"), _GRANULARITIES):
        yield integers(dtype, granularity, columns=ODD)


def _sparse_grids() -> Iterator[Weights]:
    for granularity, sparse in product(_GRANULARITIES, ("1x1", "1x16")):
        yield integers("INT8", granularity, sparse=sparse)


def _products() -> Iterator[Probe]:
    yield batch_matmul(floats())
    for bias in (False, True):
        for weights in (floats(), floats("FLOAT16"), floats(sparse="1x1"), floats(sparse="1x4")):
            yield fully_connected(weights, bias=bias)
        yield densified(floats(sparse="1x1"), bias=bias)
        for asymmetric in (False, True):
            for weights in (*_dense_grids(), *_split_grids(), *_sparse_grids()):
                yield fully_connected(weights, asymmetric=asymmetric, bias=bias)
            for granularity in _GRANULARITIES:
                yield densified(integers("INT8", granularity, sparse="1x1"), asymmetric=asymmetric, bias=bias)
        for dtype, granularity in product(_SMALL, _GRANULARITIES):
            weights = integers(dtype, granularity)
            yield in_integers(weights, "INT8", bias=bias)
            yield in_integers(weights, "INT16", bias=bias)
            yield in_integers(weights, "INT16", bias=bias, told="INT64")
    for asymmetric, granularity in product((False, True), _GRANULARITIES):
        yield batch_matmul(integers("INT8", granularity), asymmetric=asymmetric)


def _lookups() -> Iterator[Probe]:
    for op in ("GATHER", "EMBEDDING_LOOKUP"):
        for dtype in ("FLOAT32", "FLOAT16"):
            yield lookup(op, floats(dtype), makes=dtype)
        for dtype in (*_SMALL, "UINT8", "INT16"):
            yield lookup(op, integers(dtype, "tensor", zero_point=128 if dtype == "UINT8" else 0), makes=dtype)
    for dtype in ("INT8", "UINT8", "INT16", "INT32"):
        yield lookup("GATHER", integers(dtype, "none"), makes=dtype)
    yield lookup("GATHER", integers("INT8", "tensor", zero_point=_ZERO_POINTS["INT8"]), makes="INT8")
    for dtype in ("INT4", "INT2"):
        yield lookup("GATHER", integers(dtype, "tensor", columns=ODD), makes=dtype)
    for weights in (*_dense_grids(), *_split_grids()):
        yield lookup("EMBEDDING_LOOKUP", weights, makes="FLOAT32")


def _unpackings() -> Iterator[Probe]:
    for weights in (*_dense_grids(), floats("FLOAT16"), integers("INT16", "tensor")):
        if not weights.block:
            yield unpacked("DEQUANTIZE", weights)
    yield unpacked("CAST", floats("FLOAT16"))
    for dtype, makes in product((*_SMALL, "UINT8", "INT16"), ("FLOAT32", "INT32")):
        yield unpacked("CAST", integers(dtype, "none"), makes=makes)
    for sparse in ("1x1", "1x4"):
        yield unpacked("DENSIFY", floats(sparse=sparse))
        yield unpacked("DENSIFY", floats("FLOAT16", sparse=sparse), makes="FLOAT16")
    for granularity in _GRANULARITIES:
        yield unpacked("DENSIFY", integers("INT8", granularity, sparse="1x1"), makes="INT8")


def _op_version() -> tuple[bytes, dict[str, int]]:
    """Return a file with one operator code, no operators and one tensor, and the places of what is asked for."""
    import flatbuffers  # noqa: PLC0415  (only the compress install has it)

    writer = GraphWriter()
    writer.output("y", writer.input("x", (1,)))
    code = writer.schema.OperatorCodeT()
    code.builtinCode, code.version, code.deprecatedBuiltinCode = _ANY_BUILTIN, ANY_VERSION, _ANY_DEPRECATED
    writer.model.operatorCodes = [code]
    builder = flatbuffers.Builder(512)
    builder.Finish(writer.model.Pack(builder), file_identifier=b"TFL3")
    data = bytes(builder.Output())
    places = {"version_at": _place(data, ANY_VERSION), "builtin_at": _place(data, _ANY_BUILTIN)}
    return data, {**places, "deprecated_at": _place(data, _ANY_DEPRECATED, 1)}


def _place(data: bytes, number: int, width: int = 4) -> int:
    """Return where a number of so many bytes lies, which is there once."""
    wanted = number.to_bytes(width, "little")
    if data.count(wanted) != 1:
        raise ValueError(f"{number:#x} is there {data.count(wanted)} times")
    return data.index(wanted)
