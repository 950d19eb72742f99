"""What other tools make of the same item table: their files, and the kernels that score with them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.factor_models import Model
from converters import tflite_file, values
from converters.rewrite import strip_names
from converters.tables.coded import Coded
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.scorer import scorer_file
from edgerec.search.coded_scores import Scores, dense_scores, scores_of

_HERE = Path(__file__).parent
QUANTIZER = "ai-edge-quantizer"
RECIPES = {
    "int8": "dynamic_wi8_afp32",
    "int4": "dynamic_wi4_afp32",
    "int4 in blocks of 64": "dynamic_wi4b64_afp32",
    "int2": "dynamic_wi2c_afp32",
}
_CONVERTED = {
    "TFLiteConverter DEFAULT": "default",
    "TF-MOT 50 %, DEFAULT, not tuned": "prune50",
    "TF-MOT 80 %, DEFAULT, not tuned": "prune80",
}


@dataclass(frozen=True, eq=False)
class Peer:
    """A file of a peer, what scores with it, and which item each of its rows is."""

    name: str
    file: bytes
    scores: Scores
    order: npt.NDArray[np.int64]


def peers(model: Model, quantizer_python: str | None) -> Iterator[Peer]:
    """Yield what each peer makes of a model's item table.

    The converter and TF-MOT run in a process of their own, ai-edge-quantizer in the Python given; without one its rows
    are computed by our codecs with the same rounding from least to greatest, and their names say so.
    """
    everything = np.arange(model.items)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        np.save(folder / "table.npy", model.factors.items)
        _run(sys.executable, "scorers_by_peer.py", folder / "table.npy", folder)
        for name, stem in _CONVERTED.items():
            yield _of_file(name, folder / f"{stem}.tflite", everything)
        if quantizer_python is None:
            for name, coded in _without_quantizer(model.factors.items).items():
                yield Peer(f"{QUANTIZER} {name} (by our codec)", _packed(coded), scores_of(coded), everything)
        else:
            _run(quantizer_python, "quantize_by_peer.py", folder / "float32.tflite", folder, *RECIPES.values())
            for name, recipe in RECIPES.items():
                yield _of_file(f"{QUANTIZER} {name}", folder / f"{recipe}.tflite", everything)
    shown = np.flatnonzero(model.shown)
    coded = min_max_rows(model.factors.items[shown], 4)
    yield Peer("rows shown to anyone, int4", _packed(coded), scores_of(coded), shown)


def scores_of_file(model: bytes) -> Scores:
    """Return what scores as the one dense layer of a .tflite that another tool wrote."""
    file = tflite_file.parse(model)
    graph = file.subgraphs[0]
    (dense,) = (operator for operator in graph.operators if operator.name == "FULLY_CONNECTED")
    weights = graph.tensors[dense.inputs[1]]
    whole = weights.dtype != "FLOAT32"
    return dense_scores(values.decode(file, weights) if whole else values.raw(file, weights), rounded=whole)


def min_max_rows(table: npt.NDArray[np.float32], bits: int) -> NativeRows:
    """Return rows of so many bits whose largest magnitude just fits, as ai-edge-quantizer rounds them."""
    values, scales = _rounded(table, bits)
    return NativeRows(values, scales[:, 0], bits)


def _without_quantizer(table: npt.NDArray[np.float32]) -> dict[str, Coded]:
    values, scales = _rounded(table, 4)
    return {
        "int8": min_max_rows(table, 8),
        "int4": min_max_rows(table, 4),
        "int4 in blocks of 64": BlockRows(values, scales.astype(np.float16)),
        "int2": min_max_rows(table, 2),
    }


def _rounded(table: npt.NDArray[np.float32], bits: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    most = 2 ** (bits - 1) - 1
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / most, np.float32(1e-9))
    return np.clip(np.round(table / scales), -most - 1, most).astype(np.int8), scales.astype(np.float32)


def _of_file(name: str, path: Path, order: npt.NDArray[np.int64]) -> Peer:
    file = path.read_bytes()
    return Peer(name, file, scores_of_file(file), order)


def _packed(coded: Coded) -> bytes:
    return strip_names(scorer_file(coded))


def _run(python: str, script: str, *arguments: object) -> None:
    done = subprocess.run([python, _HERE / script, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{script} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:] or 'no word'}")
