"""The one folder where edgerec keeps what it can make again, and files that appear whole or not at all."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from device_tests import files
from edgerec.errors import EdgerecError
from edgerec.program import program

PARTS = ("environments", "capsules", "boards", "emulator", "cache", "harness", "searches", "loops")
"""What lies under `home()`: what runtimes, boards, emulators and harnesses need, recipes' steps, searches, loops."""


class StorageError(EdgerecError):
    """A folder or file that cannot be written or emptied."""


def home() -> Path:
    """Return edgerec's folder: EDGEREC_HOME, else edgerec in XDG_CACHE_HOME (ignored when relative) or in ~/.cache."""
    if chosen := os.environ.get("EDGEREC_HOME"):
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if Path(cache).is_absolute():
        return Path(cache) / "edgerec"
    try:
        return Path.home() / ".cache" / "edgerec"
    except RuntimeError:
        raise StorageError(
            "This user has no home folder. Set EDGEREC_HOME to a folder that edgerec may fill."
        ) from None


def folder(part: str) -> Path:
    """Return the folder of one of PARTS, made when it is not there."""
    path = _part(part)
    with telling(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def usage() -> dict[str, int]:
    """Return the bytes on disk of each of PARTS, 0 for one that is not there."""
    return {part: _bytes_under(_part(part)) for part in PARTS}


def clean(*parts: str) -> int:
    """Empty the given PARTS, all when none is given, and return the bytes that this freed."""
    freed = 0
    for part in parts or PARTS:
        path = _part(part)
        if not path.exists():
            continue
        freed += _bytes_under(path)
        with telling(path):
            # Moved aside first: a clean that is interrupted leaves no environment with half its files.
            doomed = path.rename(path.with_name(f".{part}-{secrets.token_hex(4)}.deleted"))
            shutil.rmtree(doomed)
    for doomed in home().glob(".*.deleted"):
        shutil.rmtree(doomed, ignore_errors=True)
    return freed


def prepare(path: Path) -> Path:
    """Make the folder of a file that long work will end in, and give the path back.

    Raises StorageError, before that work, where the file could not be written after it.
    """
    parent = path.resolve().parent
    with telling(path):
        files.refuse_other_than_file(path)
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return path


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `path`, its folders made, when the block ends well.

    It is as whole as `device_tests.files.writing` has it. Raises StorageError.
    """
    with telling(path):
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        with files.writing(path) as part:
            yield part


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file at once: after a crash or on a full disk there is the old file or the new one."""
    with writing(path) as partial:
        partial.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file at once, line ends as given."""
    write_bytes(path, text.encode())


@contextmanager
def scratch(prefix: str = "edgerec-", *, within: Path | None = None) -> Iterator[Path]:
    """Give a folder that is gone with all in it when the block ends, in `within`, else in the system's temporary one.

    Raises StorageError where there is none to write to, and when the block cannot write there.
    """
    parent = _temporary() if within is None else within
    with telling(parent), tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as made:
        yield Path(made)


@contextmanager
def temporary_files_held() -> Iterator[None]:
    """Let the temporary files that libraries make in the block lie in one folder, which ends with the block.

    AutoGraph forgets those that a full disk cut short. For programs: whoever calls a library keeps their own files.
    Raises StorageError as `scratch` does.
    """
    before = tempfile.tempdir
    with scratch() as folder:
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


def scratch_file() -> IO[bytes]:
    """Give an open file without a name, gone when it is closed. Raises StorageError as `scratch` does."""
    parent = _temporary()
    with telling(parent):
        return tempfile.TemporaryFile(dir=parent)


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed write to `path` into one sentence with a next step."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageError(
                f"No space is left for {path}. Free some (`{program()} doctor --clean` empties {home()}), "
                "or choose another disk; EDGEREC_HOME moves edgerec's own folder."
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"{path} cannot be written: {reason}. Choose a path that this user may write to.") from error


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise StorageError(
            f"{error.strerror or error}. Free some space there, or set TMPDIR to a folder that this user may write to."
        ) from error


def _part(part: str) -> Path:
    if part not in PARTS:
        raise StorageError(f"There is no part {part!r} in edgerec's folder; there are {', '.join(PARTS)}.")
    return home() / part


def _bytes_under(path: Path) -> int:
    total = 0
    for where, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(where) / name).lstat().st_size
    return total
