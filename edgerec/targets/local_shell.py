"""This machine's command line, where a device's is asked for."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage
from edgerec.targets.shell import Answer
from edgerec.targets.target import UnreachableError


@dataclass(frozen=True)
class LocalShell:
    """Commands of this machine, in a folder of edgerec's own."""

    folder: str
    name: str = "local"

    def ask(self, command: Sequence[str], *, time_limit_s: float = 60.0) -> Answer:
        """Run a command to its end. Raises UnreachableError when it cannot start or is not done in time."""
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=time_limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"{command[0]} was not done after {time_limit_s:g} s and was ended.") from None
        except OSError as why:
            raise UnreachableError(f"{command[0]} cannot be run here: {why.strerror or why}.") from None
        return Answer(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def put(self, local: Path, remote: str) -> None:
        """Copy a file. Raises StorageError."""
        path = Path(remote)
        with storage.telling(path):
            shutil.copyfile(local, path)

    def take(self, remote: str) -> bytes:
        """Give the bytes of a file. Raises StorageError."""
        path = Path(remote)
        with storage.telling(path):
            return path.read_bytes()
