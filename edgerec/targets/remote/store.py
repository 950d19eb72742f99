"""What a device keeps between runs: files and folders under the SHA-256 of their content, checked where they lie."""

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets.shell import NoSpaceError, Shell
from edgerec.targets.target import UnreachableError

STORE = "store"
_SLOW_S = 300.0  # for commands that read or write a whole capsule on a small board
_KEPT_FREE_BYTES = 1 << 20  # for a run's own files

# The digest of a folder is that of the sorted lines that sha256sum writes of its files.
_DIGEST = """
if command -v sha256sum >/dev/null 2>&1; then
  if [ -d "$1" ]; then
    cd "$1" && find . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum
  elif [ -f "$1" ]; then
    sha256sum < "$1"
  fi
elif [ -e "$1" ]; then
  path=$1
  shift
  "$@" -c 'import hashlib, os, sys
def of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
root = sys.argv[1]
if os.path.isdir(root):
    found = [os.path.join(at, name) for at, _, names in os.walk(root) for name in names]
    files = [path for path in found if not os.path.islink(path)]
    lines = sorted((of(path) + "  ./" + os.path.relpath(path, root) + "\\n").encode() for path in files)
    print(hashlib.sha256(b"".join(lines)).hexdigest())
else:
    print(of(root))' "$path"
fi
"""
_UNPACK = """
mkdir -p "$2" && tar -xf "$1" -C "$2"
code=$?
rm -f "$1"
exit $code
"""
# Whoever was killed in the middle of a push left a part; one that is an hour old is nobody's any more.
_PREPARE = """
mkdir -p "$1/store" "$1/runs" || exit 1
find "$1/store" -maxdepth 1 -name '.*.part' -mmin +60 -exec rm -rf {} +
find "$1/runs" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
exit 0
"""


@dataclass(frozen=True)
class Store:
    """The store of one device. `python` starts a Python there, which tells digests where there is no sha256sum."""

    shell: Shell
    python: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Make the store's folder, and remove what earlier pushes left unfinished. Raises UnreachableError."""
        said = self.shell.ask(("sh", "-c", _PREPARE, "sh", self.shell.folder))
        if said.code:
            raise UnreachableError(
                f"{self.shell.name} has no {self.shell.folder} that can be written: {last_line(said.err or said.out)}. "
                "Let its user write there, or log in as another."
            )

    def file(self, local: Path, *, progress: Progress = silent) -> str:
        """Give the path on the device of a file with the content of `local`, pushed where it is not there whole.

        Raises NoSpaceError, ConnectionLostError, UnreachableError.
        """
        digest = file_digest(local)
        path = self._path(digest)
        if self._holds(path, digest, self.python):
            return path
        progress(f"sending {local.name} to {self.shell.name}")
        self._refuse_full(local.name, local.stat().st_size)
        with self._part(digest) as part:
            self._put(local, part, local.name, local.stat().st_size)
            self._keep(part, path, digest, self.python)
        return path

    def tree(self, local: Path, python_at: Callable[[str], tuple[str, ...]], *, progress: Progress = silent) -> str:
        """Give the path on the device of a folder with the files of `local`, as `file` does for a file.

        `python_at` gives the words that start the folder's own Python, where the folder lies.
        """
        digest = tree_digest(local)
        path = self._path(digest)
        if self._holds(path, digest, python_at(path)):
            return path
        progress(f"sending {local.name} to {self.shell.name}")
        with storage.scratch("push-", within=storage.folder("harness")) as scratch, self._part(digest) as part:
            packed = scratch / f"{local.name}.tar"
            with storage.telling(packed):
                unpacked_bytes = _pack(local, packed)
            needed_bytes = packed.stat().st_size + unpacked_bytes
            self._refuse_full(local.name, needed_bytes)
            self._put(packed, f"{part}.tar", local.name, needed_bytes)
            said = self.shell.ask(("sh", "-c", _UNPACK, "sh", f"{part}.tar", part), time_limit_s=_SLOW_S)
            if said.code:
                raise UnreachableError(
                    f"{self.shell.name} could not unpack {local.name}: {last_line(said.err or said.out)}. "
                    f"{local.name} needs {needed_bytes:,} bytes and a `tar` there."
                )
            self._keep(part, path, digest, python_at(part))
        return path

    def free_bytes(self) -> int | None:
        """Give what the device's user may still write under its folder; None where it does not say."""
        said = self.shell.ask(("df", "-Pk", self.shell.folder))
        free = last_line(said.out).split()[3:4]
        return int(free[0]) * 1024 if said.code == 0 and free and free[0].isdigit() else None

    def _path(self, digest: str) -> str:
        return f"{self.shell.folder}/{STORE}/{digest}"

    def _holds(self, path: str, digest: str, python: Sequence[str]) -> bool:
        said = self.shell.ask(("sh", "-c", _DIGEST, "sh", path, *python), time_limit_s=_SLOW_S)
        return said.out.split()[:1] == [digest]

    @contextmanager
    def _part(self, digest: str) -> Iterator[str]:
        part = f"{self.shell.folder}/{STORE}/.{digest}.part"
        try:
            yield part
        finally:
            with suppress(UnreachableError):  # what matters is why it ended
                self.shell.ask(("rm", "-rf", part, f"{part}.tar"))

    def _put(self, local: Path, remote: str, name: str, needed_bytes: int) -> None:
        try:
            self.shell.put(local, remote)
        except NoSpaceError:
            with suppress(UnreachableError):
                self.shell.ask(("rm", "-f", remote))  # so that what is free is told without it
            raise self._full(name, needed_bytes, self.free_bytes()) from None

    def _keep(self, part: str, path: str, digest: str, python: Sequence[str]) -> None:
        """Give what was pushed its name, once the device has it as it is here."""
        if not self._holds(part, digest, python):
            raise UnreachableError(
                f"What {self.shell.name} received is not what was sent, or it has neither sha256sum nor Python to tell "
                "by. Try again, and look at its disk when it fails again."
            )
        # What lies there under the name, if anything, did not hold.
        said = self.shell.ask(("sh", "-c", 'rm -rf "$2" && mv "$1" "$2"', "sh", part, path))
        if said.code:
            raise UnreachableError(f"{self.shell.name} cannot keep {path}: {last_line(said.err or said.out)}.")

    def _refuse_full(self, name: str, needed_bytes: int) -> None:
        free = self.free_bytes()
        if free is not None and free < needed_bytes + _KEPT_FREE_BYTES:
            raise self._full(name, needed_bytes, free)

    def _full(self, name: str, needed_bytes: int, free: int | None) -> NoSpaceError:
        there = "too few" if free is None else f"{free:,}"
        return NoSpaceError(
            f"{self.shell.name} has no room for {name}: it needs {needed_bytes:,} bytes and {there} are free "
            f"under {self.shell.folder}. Free some; `edgerec targets clean {self.shell.name}` removes edgerec's."
        )


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal. Raises UnreachableError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreachableError(f"{path} cannot be read: {error.strerror or error}. Give a file that can.") from error


def tree_digest(folder: Path) -> str:
    """Give the SHA-256 of the lines that sha256sum writes of a folder's files, sorted; links are not looked at."""
    lines = sorted(
        f"{file_digest(path)}  ./{path.relative_to(folder).as_posix()}\n".encode() for path in _files(folder)
    )
    return hashlib.sha256(b"".join(lines)).hexdigest()


def last_line(text: str) -> str:
    """Give the last line that something is written on."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _pack(folder: Path, packed: Path) -> int:
    """Write a folder's content as a tar, and give the bytes of its files."""
    with tarfile.open(packed, "w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=_nobody)
    return sum(path.stat().st_size for path in _files(folder))


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # A tar that is unpacked by root on the device gives files to whoever made it here.
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
