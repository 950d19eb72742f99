"""The plugin for QEMU that counts: built from its source by the machine's compiler on first use, and kept."""

import hashlib
import os
import shutil
from importlib import resources
from pathlib import Path

from edgerec import storage
from edgerec.progress import Progress
from edgerec.targets import child
from edgerec.targets.emulator.processors import Processor

_SOURCE = "counting.c"
_INTERFACE_2_SINCE = 9  # the major version of QEMU that takes no plugin of interface 1 any more
_TIME_LIMIT_S = 60.0


class NoPluginError(Exception):
    """Why nothing can be counted here, as the end of a sentence."""


def built(processor: Processor, trial: tuple[str, ...], *, progress: Progress) -> Path:
    """Return the plugin for a processor's program, built when it is not there yet.

    `trial` is a program for that processor that ends well at once. Raises NoPluginError without a C compiler, or when
    the program takes no plugin, as one that is linked statically.
    """
    source = resources.files("edgerec.targets.emulator").joinpath(_SOURCE).read_bytes()
    interface = "2" if int(processor.version.split(".")[0]) >= _INTERFACE_2_SINCE else "1"
    key = hashlib.sha256(b"\0".join((source, str(processor).encode(), interface.encode()))).hexdigest()[:16]
    path = storage.folder("emulator") / f"counting-{key}.so"
    if path.exists():
        return path
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoPluginError("there is no C compiler cc here to build QEMU's plugin (apt-get install gcc libc6-dev)")
    progress("building the plugin that counts, once")
    with storage.writing(path) as partial, storage.scratch() as scratch:
        code = scratch / _SOURCE
        code.write_bytes(source)
        flags = ("-O2", "-shared", "-fPIC", "-fvisibility=hidden", f"-DPLUGIN_VERSION={interface}")
        made = child.run([compiler, *flags, "-o", str(partial), str(code)], time_limit_s=_TIME_LIMIT_S)
        if made.code:
            raise NoPluginError(f"{compiler} does not build QEMU's plugin: {_first_error(made.lines)}")
        tried = child.run([*processor.start(*option(partial, Path(os.devnull))), *trial], time_limit_s=_TIME_LIMIT_S)
        if tried.code:
            said = tried.lines[0] if tried.lines else f"exit code {tried.code}"
            raise NoPluginError(f"{processor.program} takes no plugin ({said}); Debian's qemu-user does")
    return path


def option(plugin: Path, out: Path) -> tuple[str, ...]:
    """Return the emulator's option for a plugin that writes its counts to `out`."""
    return "-plugin", ",out=".join(str(path).replace(",", ",,") for path in (plugin, out))


def _first_error(lines: tuple[str, ...]) -> str:
    return next((line for line in lines if "error" in line), lines[-1] if lines else "it said nothing").rstrip(".")
