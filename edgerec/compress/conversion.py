"""Conversion in a process of its own, kept warm between jobs and made anew when one kills it."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from converters.spec import ConversionSpec
from edgerec import storage
from edgerec.errors import EdgerecError
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.models.session import session

Inputs = Mapping[str, NDArray[np.int32]]


class ConversionError(EdgerecError):
    """A model that the converter refused, or died of."""


class Converter:
    """Converts recommenders, one at a time; a context manager that ends its process.

    The converter can die of a signal. That ends the child, and the caller gets one sentence that names the model,
    the recipe and the signal.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def convert(
        self, recommender: Recommender, spec: ConversionSpec, *, representative: Inputs | None = None, recipe: str = ""
    ) -> bytes:
        """The .tflite bytes of a recommender as it serves.

        `representative` maps every input to real values [samples, ...]. Raises ConversionError.
        """
        with storage.telling(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory(prefix="edgerec-") as folder:
            scratch = Path(folder)
            export(serving(recommender), scratch / "saved_model")
            job: dict[str, Any] = {
                "saved_model": str(scratch / "saved_model"),
                "precision": spec.precision,
                "runtime": spec.runtime,
                "representative": None,
                "output": str(scratch / "model.tflite"),
            }
            if representative is not None:
                job["representative"] = str(scratch / "representative.npz")
                np.savez(job["representative"], allow_pickle=False, **representative)
            answer = self._ask(job, f"{recommender.roles.name} with recipe {recipe or spec.precision}")
            if "refused" in answer:
                raise ConversionError(f"{recommender.roles.name}: {answer['refused']}")
            return Path(job["output"]).read_bytes()

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            with suppress(OSError):
                self._child.kill()
            self._child.communicate()
            self._child = None

    def _ask(self, job: Mapping[str, Any], what: str) -> dict[str, Any]:
        child = self._started()
        if child.stdin is None or child.stdout is None:
            raise ConversionError("the converter's process has no pipes")
        try:
            child.stdin.write(json.dumps(job) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:
            self.close()
            raise
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = child.wait()
        self._child = None
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise ConversionError(
            f"the converter was {how} while it converted {what}; take another precision, or give it more memory "
            "if the signal is SIGKILL"
        )

    def _started(self) -> subprocess.Popen[str]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "converters.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        return self._child


def export(served: Recommender, folder: Path) -> None:
    """Write a SavedModel with one signature: inputs by their names, ids [batch] or [batch, length], and `scores`."""
    tf, model = session().tf, served.model
    ranks = {tensor.name.split(":")[0]: len(tensor.shape) for tensor in model.inputs}
    signature = [
        tf.TensorSpec([None, entry.length] if entry.length else [None], tf.int32, name=entry.name)
        for entry in served.roles.inputs
    ]

    def answer(*ids: Any) -> dict[str, Any]:
        columns = {}
        for entry, values in zip(served.roles.inputs, ids, strict=True):
            has_axis = bool(entry.length) or ranks[entry.name] == 1
            columns[entry.name] = values if has_axis else tf.expand_dims(values, -1)
        return {"scores": model(columns, training=False)}

    module = tf.Module()
    module.model = model
    module.answer = tf.function(answer, input_signature=signature)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
