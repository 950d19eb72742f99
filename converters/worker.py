"""The process that converts: jobs come in as JSON lines, .tflite files come out; it may die without harm to its parent.

One job is ``{"saved_model": DIR, "precision": P, "runtime": R, "representative": FILE.npz or null, "output": FILE}``;
the answer is one line ``{"bytes": N}`` or ``{"refused": SENTENCE}`` on the stream that standard output was at the
start. TensorFlow's own chatter goes to standard error.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from converters.errors import ConverterError
from converters.keras_to_tflite import convert
from converters.lifetime import end_with
from converters.spec import ConversionSpec


def main(parent: int | None = None) -> int:
    """Answer jobs until standard input ends, or until the process `parent` is gone, whatever ended it."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if parent is not None:
        end_with(parent)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # constants are folded by its kernels too
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import_module("tensorflow")  # before the first job, while the parent still prepares it

    serve(sys.stdin, answers)
    return 0


def serve(jobs: TextIO, answers: TextIO) -> None:
    """One answer line for every job line."""
    for line in jobs:
        try:
            answer: dict[str, Any] = run(json.loads(line))
        except ConverterError as error:
            answer = {"refused": str(error)}
        except OSError as error:  # a full disk, most of all
            answer = {"refused": f"the converter could not read or write: {error.strerror or error}"}
        print(json.dumps(answer), file=answers, flush=True)


def run(job: dict[str, Any]) -> dict[str, int]:
    """Convert one SavedModel and write the file; the caller renames it when it is whole."""
    spec = ConversionSpec(job["precision"], job["runtime"])
    representative = None
    if job["representative"] is not None:
        with np.load(job["representative"], allow_pickle=False) as arrays:
            representative = {name: arrays[name] for name in arrays.files}
    model = convert(Path(job["saved_model"]), spec, representative)
    Path(job["output"]).write_bytes(model)
    return {"bytes": len(model)}


if __name__ == "__main__":
    sys.exit(main())
