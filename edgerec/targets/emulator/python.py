"""A capsule's Python started under QEMU the same way each time, to the last byte of its paths and variables."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets import child, zipapp
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.emulator.processors import Processor
from edgerec.targets.environment import RuntimeUnavailableError

_CAPSULE, _HARNESS = "capsule", "harness"
_TIME_LIMIT_S = 300.0
_COMPILE = """
import pathlib, py_compile, sys
for one in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(one), f"{one}c", one.name, doraise=True, invalidation_mode=unchecked)
    one.unlink()
"""

# With -I Python takes no seed of its hashes, and without a fixed one no count comes again; what else -I does, these do.
_ISOLATED, _INSTEAD = "-I", ("-s", "-P")
_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "PYTHONWARNINGS": "ignore",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"), "1"),
}


@dataclass(frozen=True)
class Place:
    """A folder in the system's temporary one where a run finds all that it needs under names of fixed length."""

    folder: Path
    python: "EmulatedPython"

    @property
    def variables(self) -> dict[str, str]:
        """The whole environment of a run."""
        return {**_VARIABLES, "TMPDIR": str(self.folder)}

    def command(self, *arguments: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the words that start Python with arguments, and QEMU with options."""
        own = self.python.capsule.python(str(self.folder / _CAPSULE))
        started = tuple(word for word in own if word != _ISOLATED)
        return (*self.python.processor.start(*options), *started, *_INSTEAD, *arguments)

    def harness(self, *arguments: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the words that run the harness."""
        return self.command(str(self.folder / _HARNESS), *arguments, options=options)


@dataclass(frozen=True)
class EmulatedPython:
    """A processor, the capsule for it, and the folder of the harness, compiled."""

    processor: Processor
    capsule: Capsule
    folder: Path

    @property
    def trial(self) -> tuple[str, ...]:
        """A program for the processor that ends well at once: the capsule's own loader."""
        return self.capsule.python(str(self.capsule.folder))[0], "--version"

    @contextmanager
    def placed(self) -> Iterator[Place]:
        """Give a place for one run, which is gone when the block ends."""
        with storage.scratch() as scratch:
            (scratch / _CAPSULE).symlink_to(self.capsule.folder)
            (scratch / _HARNESS).symlink_to(self.folder)
            yield Place(scratch, self)


def prepared(processor: Processor, capsule: Capsule, *, progress: Progress = silent) -> EmulatedPython:
    """Return a capsule's Python and the harness compiled for it, once for each capsule and harness.

    Raises RuntimeUnavailableError when that Python does not run there.
    """
    harness = zipapp.harness_bytes()
    home = storage.folder("emulator")
    kept = home / f"{capsule.architecture}-{capsule.digest[:16]}-{sha256(harness).hexdigest()[:16]}"
    if not kept.exists():
        progress(f"compiling the harness for {processor.name}, once")
        with storage.scratch(f".{kept.name}-", within=home) as scratch:
            partial = scratch / _HARNESS
            with zipfile.ZipFile(io.BytesIO(harness)) as archive:
                archive.extractall(partial)
            _compile(EmulatedPython(processor, capsule, partial))
            if not kept.exists():
                partial.rename(kept)
    return EmulatedPython(processor, capsule, kept)


def _compile(python: EmulatedPython) -> None:
    """Compile the harness under the emulator: only the capsule's own Python knows what it reads."""
    with python.placed() as place:
        command = place.command("-c", _COMPILE, str(python.folder))
        ended = child.run(command, environment=place.variables, time_limit_s=_TIME_LIMIT_S)
    if ended.timed_out or ended.code:
        last = ended.lines[-1].rstrip(".") if ended.lines else "it said nothing"
        how = "was not done in time" if ended.timed_out else f"ended with {ended.signal_name or ended.code}"
        raise RuntimeUnavailableError(
            f"The Python of {python.capsule.folder} does not run on {python.processor}: it {how} ({last}). "
            "Try another processor, or another QEMU."
        )
