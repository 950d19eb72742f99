"""Asks the runtime here which op versions it takes, and whether it answers rightly: each model in a process of its own.

An archive of probes is a zip: `index.json`, models and arrays. A model is written once and tried in every version that
the runtime takes of its op, by its number at a known byte. A runtime can die of a model, so a child that was forked
runs it and says how it went through a pipe.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import signal
import struct
import sys
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from device_tests import runtime
from device_tests.errors import ModelError, RuntimeUnavailable

try:
    import resource
except ImportError:  # Windows has none, and no fork either
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KERNELS = {"default": "AUTO", "none": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "reference": "BUILTIN_REF"}
_TIME_LIMIT_S = 60  # of one model, under an emulator too
_SAID = 120  # letters of what a runtime says
_REFUSALS = (ValueError, RuntimeError, TypeError, SystemError, MemoryError, OverflowError)
_NARROWEST = 127  # stands in the narrower field for every number from there on
_TRUE, _FALSE = b"\x01", b"\x00"


@dataclass(frozen=True)
class Archive:
    """The probes of an archive: its index, and its members by name."""

    index: Mapping[str, Any]
    members: Mapping[str, bytes]

    def array(self, name: str) -> Any:
        """Return an array by its name."""
        return np.load(io.BytesIO(self.members[f"{name}.npy"]), allow_pickle=False)


def read(path: Path) -> Archive:
    """Read an archive; ModelError when it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return Archive(json.loads(members["index.json"]), members)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as why:
        raise ModelError(f"{path} is no archive of probes: {runtime.one_line(why)}") from None


def probe(path: Path, name: Optional[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Ask the runtime called `name`, or the first here, all of an archive; `say` is told each phase.

    Returns plain JSON values: `runtime`, `platform`, `asked_versions`, `ops` (versions by op), and `answers`, lists of
    (probe, kernels, version, outcome, what was said). Raises RuntimeUnavailable, also where there is no fork.
    """
    if not hasattr(os, "fork"):
        raise RuntimeUnavailable("a runtime is asked in processes that are forked, which this system does not do")
    archive, asked = read(path), runtime.load(name)
    say("op versions")
    outcome, said = _in_child(lambda: json.dumps(_op_versions(archive, asked)).encode())
    if outcome != "right":
        raise ModelError(f"{asked.name} {asked.version} {outcome} when it was asked for op versions: {said}")
    ops: dict[str, list[int]] = json.loads(said)
    answers = []
    for number, case in enumerate(archive.index["probes"]):
        say(f"{case['use']['op']} {number + 1} of {len(archive.index['probes'])}")
        for version in ops.get(case["use"]["op"], []):
            model = _patched(archive.members[case["model"]], case["version_at"], version)
            for kernels in KERNELS:
                outcome, said = _in_child(partial(_answered, archive, asked, case, model, kernels))
                answers.append((number, kernels, version, outcome, said[:_SAID]))
    return {
        "runtime": f"{asked.name}=={asked.version}",
        "platform": f"{sys.platform}_{os.uname().machine}",
        "asked_versions": archive.index["asked_versions"],
        "ops": ops,
        "answers": answers,
    }


def _op_versions(archive: Archive, asked: runtime.Runtime) -> dict[str, list[int]]:
    """Return the versions that the runtime takes of each op, of files with one operator code and no operators."""
    index = archive.index
    template, places = archive.members[index["op_version"]["model"]], index["op_version"]
    taken: dict[str, list[int]] = {}
    for number, op in enumerate(index["ops"]):
        for version in range(1, index["asked_versions"] + 1):
            model = bytearray(_patched(template, places["version_at"], version))
            struct.pack_into("<i", model, places["builtin_at"], number)
            model[places["deprecated_at"]] = min(number, _NARROWEST)
            try:
                asked.interpreter(model_content=bytes(model), num_threads=1)
            except _REFUSALS:
                continue
            taken.setdefault(op, []).append(version)
    return taken


def _patched(model: bytes, at: int, number: int) -> bytes:
    return model[:at] + struct.pack("<i", number) + model[at + 4 :]


def _answered(archive: Archive, asked: runtime.Runtime, case: Mapping[str, Any], model: bytes, kernels: str) -> bytes:
    """Run a model on each of its inputs; b"" when every answer is right, else by how much the worst one is off.

    Raises what the runtime raises.
    """
    worst = 0.0
    for given, right, allowed in case["arrays"]:
        expected = archive.array(right)
        got = _output(asked, model, kernels, archive.array(given))
        if got.shape != expected.shape:
            return f"the answer has shape {list(got.shape)}, expected {list(expected.shape)}".encode()
        apart = np.abs(got.astype(np.float64) - expected) / archive.array(allowed)
        worst = max(worst, float(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).max()))
    return b"" if worst <= 1 else _how_far(worst).encode()


def _output(asked: runtime.Runtime, model: bytes, kernels: str, value: Any) -> Any:
    """Return what a model makes of one input, resized before tensors are allocated for the first time."""
    kind = sys.modules[asked.interpreter.__module__].OpResolverType[KERNELS[kernels]]
    interpreter = asked.interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=kind)
    (entry,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(entry["index"], value.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], value)
    interpreter.invoke()
    (out,) = interpreter.get_output_details()
    return interpreter.get_tensor(out["index"])


def _how_far(times: float) -> str:
    """Say how far an answer is off, to one digit, so that a table stays the same where last digits do not."""
    return f"off by {float(f'{times:.0e}'):g} times what rounding explains" if np.isfinite(times) else "not a number"


def _in_child(work: Callable[[], bytes]) -> tuple[str, str]:
    """Run `work` in a forked child: "right" and what it returned, "wrong", "refused" or "died" and why.

    What begins with b"{" is a value that was asked for and no complaint.
    """
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(work, reader, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "died", signal.Signals(os.WTERMSIG(status)).name
    text = said[1:].decode(errors="replace")
    if said[:1] == _FALSE:
        return "refused", text
    if said[:1] != _TRUE:
        return "died", f"exit code {os.WEXITSTATUS(status)}"
    return ("wrong" if text and not text.startswith("{") else "right"), text


def _be_the_child(work: Callable[[], bytes], reader: int, writer: int) -> None:
    """Do the work, write how it went to the pipe, and end without a word and without what an exit would run."""
    os.close(reader)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(_TIME_LIMIT_S)
    faulthandler.disable()  # to die is an answer here
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        said = _TRUE + work()
    except _REFUSALS as why:
        said = _FALSE + runtime.one_line(why).encode()
    while said:
        said = said[os.write(writer, said) :]
    os._exit(0)
