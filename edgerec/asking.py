"""Asks a runtime on a target which op versions it takes and which weights it answers rightly, and keeps its answers."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import converters
from converters.errors import TableError
from converters.runtime_table import KERNELS, OUTCOMES, Answer, RuntimeTable
from converters.weight_use import WeightUse
from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets import child, local, zipapp
from edgerec.targets.child import Ended
from edgerec.targets.emulator.target import EmulatedDevice, Emulator
from edgerec.targets.environment import RuntimePin
from edgerec.targets.following import follow
from edgerec.targets.job import REPORT, Job
from edgerec.targets.local import Local
from edgerec.targets.target import Target, UnreachableError

PROBES = Path(converters.__file__).parent / "probes" / "probes.zip"
TIME_LIMIT_S = 3600.0
"""What asking may take under an emulator; on a real processor it takes seconds."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"), "1")


def ask(target: Target, runtime: RuntimePin, day: str, *, progress: Progress = silent) -> RuntimeTable:
    """Ask a runtime on a target all of the probes, each in a process of its own, and return the table for `day`.

    Raises UnreachableError for a target that is neither this machine nor emulated here, RunError where the harness
    gives no answer, TableError for one that cannot be understood, and what the target raises.
    """
    if isinstance(target, Local):
        said, platform = _asked_here(target, runtime, progress), ""
    elif isinstance(target, Emulator):
        with target.opened(runtime, progress=progress) as device:
            said, platform = _asked_emulated(device, runtime, progress), f", {device.python.processor}"
    else:
        raise UnreachableError(
            f"{target.name} cannot be asked yet: --probe takes local and qemu:CPU. Copy the harness "
            f"(edgerec targets harness) and {PROBES} there, and run it with --probe."
        )
    return table_of(said, day, platform)


def table_of(said: bytes, day: str, also: str = "") -> RuntimeTable:
    """Return the table of what the harness wrote, `also` put behind its platform. Raises TableError."""
    try:
        return _table(json.loads(said), _probes(), day, also)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as why:
        raise TableError(
            f"what the harness wrote of the runtime cannot be understood ({type(why).__name__}: {why}); ask it again"
        ) from why


def _table(said: Mapping[str, Any], probes: list[WeightUse], day: str, also: str) -> RuntimeTable:
    weights: dict[WeightUse, dict[str, dict[int, Answer]]] = {}
    for number, kernels, version, outcome, words in said["answers"]:
        if outcome not in OUTCOMES or kernels not in KERNELS:
            raise ValueError(f"got {kernels} {outcome}")
        weights.setdefault(probes[number], {}).setdefault(kernels, {})[version] = Answer(outcome, str(words))
    return RuntimeTable(
        runtime=str(said["runtime"]),
        platform=f"{said['platform']}{also}",
        date=day,
        asked_versions=int(said["asked_versions"]),
        ops={str(op): frozenset(map(int, versions)) for op, versions in said["ops"].items()},
        weights=weights,
    )


def _probes() -> list[WeightUse]:
    import zipfile  # noqa: PLC0415  only a probe pays for it

    with zipfile.ZipFile(PROBES) as archive:
        return [WeightUse(**one["use"]) for one in json.loads(archive.read("index.json"))["probes"]]


def _arguments(runtime: RuntimePin, folder: Path) -> tuple[str, ...]:
    return (str(PROBES), "--probe", "--report", str(folder / REPORT), "--runtime", runtime.name)


def _asked_here(target: Local, runtime: RuntimePin, progress: Progress) -> bytes:
    python = local.python_for(runtime, wheels=target.wheels, progress=progress)
    with storage.scratch() as scratch:
        command = (*python, str(zipapp.kept_harness()), *_arguments(runtime, scratch))
        _follow(command, {**os.environ, **_ONE_THREAD, "TMPDIR": str(scratch)}, runtime, progress)
        return (scratch / REPORT).read_bytes()


def _asked_emulated(device: EmulatedDevice, runtime: RuntimePin, progress: Progress) -> bytes:
    with device.python.placed() as place:
        _follow(place.harness(*_arguments(runtime, place.folder)), place.variables, runtime, progress)
        return (place.folder / REPORT).read_bytes()


def _follow(command: tuple[str, ...], variables: Mapping[str, str], runtime: RuntimePin, progress: Progress) -> None:
    def started(on_line: Progress) -> Ended:
        return child.run(command, environment=variables, time_limit_s=TIME_LIMIT_S, on_line=on_line)

    follow(started, Job(PROBES, runtime, time_limit_s=TIME_LIMIT_S), progress)
