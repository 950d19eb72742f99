"""What a board says of itself: system, architecture of its programs, and whether its own Python has the runtime."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgerec.targets import architecture as architectures
from edgerec.targets.environment import RuntimePin
from edgerec.targets.shell import Shell
from edgerec.targets.target import UnreachableError

# Programs of 32 bits run on many kernels of 64: what those are built for counts, as an app there is built for it too.
_IN_32_BITS = {"aarch64": "armv7"}
_OLDEST = (3, 9)

# $1 is the runtime's name. A Python is asked by what is installed, since importing a runtime takes a board seconds.
_PROBE = """
echo "system $(uname -s)"
echo "machine $(uname -m)"
bits=$(getconf LONG_BIT 2>/dev/null)
[ -n "$bits" ] || case $(od -An -tx1 -j4 -N1 /bin/sh 2>/dev/null) in *01*) bits=32;; esac
echo "bits $bits"
for name in python3 python; do
  command -v $name >/dev/null 2>&1 || continue
  $name -I -c 'import sys
from importlib import metadata, util
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"
numpy = version("numpy") if util.find_spec("numpy") else "-"
print("python", sys.executable, "%d.%d" % sys.version_info[:2], numpy, version(sys.argv[1]))' "$1" 2>/dev/null
done
exit 0
"""


@dataclass(frozen=True)
class OwnPython:
    """A Python on the board: its path and version, and those of numpy and of the runtime, None where there is none."""

    path: str
    version: tuple[int, ...]
    numpy: str | None
    runtime: str | None

    def fits(self, runtime: RuntimePin) -> bool:
        """Tell whether the harness runs there as it would in the runtime's own environment."""
        old_numpy = self.numpy is not None and self.numpy.startswith(("0.", "1."))
        return (
            self.version >= _OLDEST
            and self.runtime == runtime.version
            and (old_numpy or (self.numpy is not None and runtime.name != "tflite-runtime"))
        )


@dataclass(frozen=True)
class Board:
    """What a board is: the architecture of its programs as capsules have it, its Pythons.

    Its libc is not asked: a wheel that is installed was built for it, and a capsule brings its own.
    """

    architecture: str
    pythons: tuple[OwnPython, ...]

    def python(self, runtime: RuntimePin) -> str | None:
        """Give the path of the board's own Python that has the runtime, None where there is none."""
        return next((python.path for python in self.pythons if python.fits(runtime)), None)


def probe(shell: Shell, runtime: RuntimePin) -> Board:
    """Ask a board what it is. Raises UnreachableError for one that no capsule is made for, ConnectionLostError."""
    said = shell.ask(("sh", "-c", _PROBE, "sh", runtime.name))
    words = dict(line.partition(" ")[::2] for line in said.out.splitlines() if not line.startswith("python "))
    pythons = [line.split()[1:] for line in said.out.splitlines() if line.startswith("python ")]
    return Board(
        _architecture(shell.name, words),
        tuple(_python(found) for found in pythons if len(found) == len(("path", "version", "numpy", "runtime"))),
    )


def _architecture(name: str, words: Mapping[str, str]) -> str:
    system, machine, bits = words.get("system", ""), words.get("machine", ""), words.get("bits", "")
    found = architectures.of_machine(machine)
    if system != "Linux" or found is None or (bits == "32" and found.name == "x86_64"):
        what = f"{system or 'no Linux'} on {machine or 'an unknown machine'}{' in 32 bits' if bits == '32' else ''}"
        known = ", ".join(architectures.KNOWN)
        raise UnreachableError(f"{name} is {what}: bundles run on Linux on {known}. Bench on another board.")
    return _IN_32_BITS.get(found.name, found.name) if bits == "32" else found.name


def _python(found: list[str]) -> OwnPython:
    path, version, numpy, runtime = (None if word == "-" else word for word in found)
    numbers = tuple(int(part) for part in (version or "").split(".") if part.isdigit())
    return OwnPython(path or "", numbers, numpy, runtime)
