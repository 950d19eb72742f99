"""TensorFlow Lite's own benchmark_model on a device: run there, and what it says read into figures beside ours."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from edgerec import storage
from edgerec.errors import EdgerecError
from edgerec.targets.shell import Answer, Shell

TIME_LIMIT_S = 300.0

_NUMBER = r"([0-9.]+(?:e[+-]?[0-9]+)?)"
_TIMES = re.compile(
    rf"(?<!Average )[Ii]nference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, "
    rf"Warmup \(avg\): {_NUMBER}, Inference \(avg\): {_NUMBER}"
)
_OLD_TIMES = re.compile(
    rf"Average inference timings in us: Warmup: {_NUMBER}, Init: {_NUMBER}, (?:Inference|no stats): {_NUMBER}"
)
_RUNS = re.compile(
    rf"^(?!.*Timings \().*?\bcount={_NUMBER} first={_NUMBER} .*\bavg={_NUMBER}(?: std={_NUMBER})?", re.MULTILINE
)
_MEMORY = re.compile(rf"footprint.*\(MB\): init={_NUMBER} overall={_NUMBER}")
_PEAK = re.compile(rf"peak memory footprint \(MB\)[^=\n]*: {_NUMBER}")
_MIB = 2**20


class NativeError(EdgerecError):
    """A benchmark_model that cannot be run or that says nothing which can be read."""


@dataclass(frozen=True)
class NativeFigures:
    """What benchmark_model printed; times in ns are its own microseconds, bytes its own MB of 2**20; None was not said.

    `init_ns` is its load, `first_ns` the first call, `warmup_ns` and `average_ns` means of `runs` calls and
    `deviation_ns` their standard deviation. `*_bytes` are what its process grew by, and its peak.
    """

    init_ns: int
    first_ns: int | None
    warmup_ns: int
    average_ns: int
    deviation_ns: int | None
    runs: int | None
    init_bytes: int | None
    overall_bytes: int | None
    peak_bytes: int | None


@runtime_checkable
class Commanded(Protocol):
    """A device on which other programs than the harness can be run."""

    @property
    def shell(self) -> Shell:
        """Its command line."""
        ...


def read_output(text: str) -> NativeFigures:
    """Read what benchmark_model of any version printed, stdout and stderr. Raises NativeError where there is no time.

    The newest form names the first inference in its last line, the one before TensorFlow 2.1 only in the warm-up's.
    """
    first: str | None = None
    if times := _TIMES.search(text):
        init, first, warmup, average = times.groups()
    elif times := _OLD_TIMES.search(text):
        warmup, init, average = times.groups()
    else:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        raise NativeError(
            f"benchmark_model gave no timings; its last line is: {lines[-1] if lines else 'nothing'}. "
            "See that it is built for this device and can load this model."
        )
    counted = list(_RUNS.finditer(text))
    memory, peak = _MEMORY.search(text), _PEAK.search(text)
    if first is None and len(counted) > 1:
        first = counted[-2][2]
    return NativeFigures(
        init_ns=_ns(init),
        first_ns=None if first is None else _ns(first),
        warmup_ns=_ns(warmup),
        average_ns=_ns(average),
        deviation_ns=_ns(counted[-1][4]) if counted and counted[-1][4] else None,
        runs=int(counted[-1][1]) if counted else None,
        init_bytes=_bytes(memory[1]) if memory else None,
        overall_bytes=_bytes(memory[2]) if memory else None,
        peak_bytes=_bytes(peak[1]) if peak else None,
    )


@dataclass(frozen=True)
class Native:
    """A benchmark_model that was found: on the device, or on this machine (`here`) from where it is copied."""

    shell: Shell
    path: str
    here: bool


def find_native(device: object, target: str, path: str) -> Native:
    """Find the benchmark_model of a path: a file of this machine, else an absolute path on the open device.

    Raises NativeError where it is neither, or where `target` runs nothing but the harness, and what a shell raises.
    """
    if not isinstance(device, Commanded):
        raise NativeError(
            f"{target} runs nothing but edgerec's own harness: leave --native out, or name a real device."
        )
    shell = device.shell
    if Path(path).is_file():
        return Native(shell, path, here=True)
    if not path.startswith("/") or shell.ask(["test", "-f", path]).code:
        raise NativeError(
            f"There is no benchmark_model at {path}, neither here nor on {shell.name}: "
            "give --native the path of one that is built for the device."
        )
    return Native(shell, path, here=False)


def run_native(native: Native, model: bytes | memoryview, *, threads: int, runs: int) -> NativeFigures:
    """Run benchmark_model on its device with a .tflite, and leave there neither the model nor what was copied.

    Raises NativeError, and what the shell raises.
    """
    shell, folder, program = native.shell, f"{native.shell.folder}/native-{secrets.token_hex(4)}", native.path
    with storage.scratch("native-", within=storage.folder("harness")) as scratch:
        graph = scratch / "model.tflite"
        graph.write_bytes(model)
        try:
            _asked(shell, "mkdir", "-p", folder)
            if native.here:
                program = f"{folder}/benchmark_model"
                shell.put(Path(native.path), program)
                _asked(shell, "chmod", "755", program)
            shell.put(graph, f"{folder}/{graph.name}")
            options = (f"--graph={folder}/{graph.name}", f"--num_threads={threads}", f"--num_runs={runs}")
            answer = shell.ask([program, *options], time_limit_s=TIME_LIMIT_S)
        finally:
            shell.ask(["rm", "-rf", folder])
    if answer.code:
        raise NativeError(f"{native.path} ended with exit code {answer.code} on {shell.name}: {_last(answer)}.")
    return read_output(f"{answer.out}\n{answer.err}")


def _asked(shell: Shell, *command: str) -> None:
    answer = shell.ask(command)
    if answer.code:
        raise NativeError(f"{shell.name} refuses {' '.join(command)}: {_last(answer)}.")


def _last(answer: Answer) -> str:
    lines = [line.strip() for line in f"{answer.out}\n{answer.err}".splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _ns(microseconds: str) -> int:
    return round(float(microseconds) * 1000)


def _bytes(mebibytes: str) -> int:
    return round(float(mebibytes) * _MIB)
