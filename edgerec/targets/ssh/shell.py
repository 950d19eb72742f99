"""The command line of a board over ssh, as the shell protocol of a device wants it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgerec.targets.shell import Answer, NoSpaceError
from edgerec.targets.ssh.connection import Connection
from edgerec.targets.target import UnreachableError

_SETUP_S, _SLOWEST_BYTES_PER_S = 60.0, 100_000
_TAKE_S = 600.0


@dataclass(frozen=True)
class SshShell:
    """A board at the end of an open connection; `name` is what the user calls it."""

    connection: Connection
    name: str
    folder: str

    def ask(self, command: Sequence[str], *, time_limit_s: float = 60.0) -> Answer:
        """Run a command to its end. Raises ConnectionLostError, UnreachableError when it is not done in time."""
        done = self.connection.run(shlex.join(command), given=None, time_limit_s=time_limit_s)
        return Answer(done.returncode, _text(done.stdout), _text(done.stderr))

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to a path on the device. Raises ConnectionLostError, NoSpaceError, UnreachableError."""
        try:
            with local.open("rb") as given:
                self._put(given, local, remote)
        except OSError as error:
            raise UnreachableError(f"{local} cannot be read: {error.strerror or error}.") from error

    def take(self, remote: str) -> bytes:
        """Give the bytes of a file on the device. Raises ConnectionLostError, UnreachableError."""
        done = self.connection.run(shlex.join(("cat", remote)), given=None, time_limit_s=_TAKE_S)
        if done.returncode:
            raise UnreachableError(f"{self.name} does not give {remote}: {_text(done.stderr).strip()}.")
        return done.stdout

    def _put(self, given: IO[bytes], local: Path, remote: str) -> None:
        limit_s = _SETUP_S + local.stat().st_size / _SLOWEST_BYTES_PER_S
        line = shlex.join(("sh", "-c", 'cat > "$1"', "sh", remote))
        done = self.connection.run(line, given=given, time_limit_s=limit_s)
        if done.returncode == 0:
            return
        said = _text(done.stderr).strip()
        if "No space left" in said or "quota exceeded" in said:
            raise NoSpaceError(f"{self.name} has no room for {local.name}: free some, and try again.")
        raise UnreachableError(f"{self.name} does not take {remote}: {said or 'it said nothing'}.")


def _text(said: bytes) -> str:
    return said.decode(errors="replace")
