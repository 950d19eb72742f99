"""Conversion in a process of its own, kept warm between jobs and made anew when one kills it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

import converters
from converters.spec import ConversionSpec
from edgerec import storage, system
from edgerec.errors import EdgerecError
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.models.session import session

Inputs = Mapping[str, NDArray[np.int32]]

# Found by path, so that nothing in the user's own folder is taken for the worker or for what it imports.
WORKER = (
    "import sys\n"
    "if sys.argv[1] not in sys.path: sys.path.insert(0, sys.argv[1])\n"
    "from converters.worker import main\n"
    "sys.exit(main(parent=int(sys.argv[2])))"
)


class ConversionError(EdgerecError):
    """A model that the converter refused, or died of."""


class Converter:
    """Converts recommenders, one at a time; a context manager that ends its process.

    The converter can die of a signal. That ends the child, and the caller gets one sentence that names the model,
    the recipe and the signal.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._chatter: IO[bytes] | None = None
        self._temporary = ExitStack()  # what TensorFlow leaves when it is killed goes with its folder

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
        with storage.scratch() as scratch:
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
            what = f"{recommender.roles.name} with recipe {recipe or spec.precision}"
            answer = self._ask(job, what)
            if "refused" in answer:
                raise ConversionError(f"{what}: {answer['refused']}")
            return Path(job["output"]).read_bytes()

    def start(self) -> None:
        """Start the process ahead of the first job: it imports TensorFlow while the caller does other things."""
        if self._child is None:
            self._chatter = storage.scratch_file()  # open as long as the process runs
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", WORKER, str(Path(converters.__file__).parents[1]), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._chatter,
                env={**os.environ, "TMPDIR": str(self._temporary.enter_context(storage.scratch()))},
                text=True,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends it
            )

    def close(self) -> None:
        """End the process, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            with suppress(OSError):
                child.kill()
            child.communicate()
        chatter, self._chatter = self._chatter, None
        if chatter is not None:
            chatter.close()
        self._temporary.close()

    def _ask(self, job: Mapping[str, Any], what: str) -> dict[str, Any]:
        self.start()
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise ConversionError("the converter's process has no pipes")
        line = ""
        try:
            with suppress(BrokenPipeError):  # it died between two jobs
                child.stdin.write(json.dumps(job) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
        except BaseException:
            self.close()
            raise
        if line.endswith("\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        how = _ended(child.wait(), self._last_words())
        self.close()
        raise ConversionError(
            f"the converter was {how} while it converted {what}; take another precision, or give it more memory "
            "if the signal is SIGKILL"
        )

    def _last_words(self) -> str:
        """The last line that the process wrote on standard error, where an uncaught error names itself."""
        if self._chatter is None:
            return ""
        self._chatter.seek(0)
        lines = self._chatter.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:300] if lines else ""


def _ended(code: int, last_words: str) -> str:
    killer = system.signal_name(code)
    return f"killed by {killer}" if killer else f"ended with exit code {code} ({last_words or 'it said nothing'})"


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
    # Traced as it is: there is nothing for AutoGraph to rewrite, and it leaves a temporary file behind on a full disk.
    module.answer = tf.function(answer, input_signature=signature, autograph=False)
    try:
        tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        reason = error.message.rpartition("; ")[2].partition(" [")[0].lower()
        raise ConversionError(
            f"{folder.parent} takes no exported model: {reason}; free some disk, or name another with TMPDIR"
        ) from error
