"""The processors that QEMU's user-mode emulators know, and the programs that emulate them."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgerec.suggestion import did_you_mean
from edgerec.targets.target import UnreachableError

PROGRAMS = {"qemu-aarch64": "aarch64", "qemu-arm": "armv7"}
"""The architecture of the capsule for each program, by preference where both know a processor."""

_NAME = re.compile(r"^  ([A-Za-z0-9][\w.-]*)$", re.MULTILINE)
_VERSION = re.compile(r"version (\d+(?:\.\d+)*)")
_TIME_LIMIT_S = 30.0
_RESERVED = "0x1000000000"  # bytes of addresses, not of memory


@dataclass(frozen=True)
class Processor:
    """A processor that can be emulated: by which program of which version, and the capsule's architecture."""

    name: str
    program: Path
    version: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.name}, emulated by qemu {self.version}"

    def start(self, *options: str) -> tuple[str, ...]:
        """Return the words that start the emulator, whose memory lies at the same addresses each time."""
        reserved = ("-R", _RESERVED) if self.architecture == "aarch64" else ()  # of 32 bits all is reserved anyway
        return (str(self.program), "-cpu", self.name, "-seed", "1", *reserved, *options)


def processor(name: str) -> Processor:
    """Return the processor of a name. Raises UnreachableError for an unknown one, or without QEMU."""
    programs = {program: found for program in PROGRAMS if (found := shutil.which(program))}
    if not programs:
        raise UnreachableError(f"There is no {' or '.join(PROGRAMS)} here: install QEMU (apt-get install qemu-user).")
    known: dict[str, str] = {}
    for program, found in programs.items():
        names = _NAME.findall(_said(found, "-cpu", "help"))
        if name in names:
            version = _VERSION.search(_said(found, "--version"))
            return Processor(name, Path(found), version[1] if version else "unknown", PROGRAMS[program])
        known |= dict.fromkeys(names, program)
    listing = " and ".join(f"`{program} -cpu help`" for program in programs)
    missing = [program for program in PROGRAMS if program not in programs]
    step = f" {missing[0]} is not here and may know it (apt-get install qemu-user)." if missing else ""
    raise UnreachableError(
        f"QEMU knows no processor {name!r}{did_you_mean(name, known)}; {listing} list those that it knows.{step}"
    )


def _said(program: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, errors="replace", check=False, timeout=_TIME_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        raise UnreachableError(f"{program} {' '.join(arguments)} does not answer: {why}.") from why
    return done.stdout
