"""The command line of a phone over adb, as the shell protocol of a device wants it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage
from edgerec.targets.adb.devices import READY, Listed, reconnect, refusal, state_of
from edgerec.targets.adb.program import Said, adb
from edgerec.targets.shell import Answer, ConnectionLostError, NoSpaceError
from edgerec.targets.target import UnreachableError

FOLDER = "/data/local/tmp/edgerec"
"""Where the shell user of every Android may write and execute."""

_END = "edgerec-command-ended"
_SETUP_S, _SLOWEST_BYTES_PER_S = 60.0, 500_000
_MAY_COME_BACK = (None, READY, "offline", "authorizing", "connecting")


@dataclass(frozen=True)
class AdbShell:
    """A device of the adb server, by its serial."""

    serial: str
    folder: str = FOLDER

    @property
    def name(self) -> str:
        """The device, as a user names it."""
        return f"adb:{self.serial}"

    def ask(self, command: Sequence[str], *, time_limit_s: float = 60.0) -> Answer:
        """Run a command to its end; on phones before Android 7, stderr comes with stdout.

        Raises ConnectionLostError, UnreachableError when it is not done in time.
        """
        # adb ends with 0 when the phone goes away, and old phones tell no exit code: only this line says that it ended.
        line = f'{shlex.join(command)}\ncode=$?; echo; echo "{_END} $code"'
        said = self._adb("shell", line, time_limit_s=time_limit_s, doing=command[0])
        out, ended, code = said.out.decode(errors="replace").replace("\r\n", "\n").rpartition(f"\n{_END} ")
        if not ended or not code.strip().isdigit():
            raise self._lost(said)
        return Answer(int(code), out, said.err)

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to a path on the device. Raises ConnectionLostError, NoSpaceError, UnreachableError."""
        limit_s = _SETUP_S + local.stat().st_size / _SLOWEST_BYTES_PER_S
        said = self._adb("push", str(local), remote, time_limit_s=limit_s, doing=f"a push of {local.name}")
        if said.code == 0:
            return
        if "No space left on device" in f"{said.err}{said.out.decode(errors='replace')}":
            raise NoSpaceError(
                f"{self.name} has no room for {local.name} ({local.stat().st_size:,} bytes): "
                "free some under Settings, Storage, and try again."
            )
        raise self._refused(said, remote)

    def take(self, remote: str) -> bytes:
        """Give the bytes of a file on the device. Raises ConnectionLostError, UnreachableError."""
        with storage.scratch("pull-", within=storage.folder("harness")) as scratch:
            copy = scratch / "taken"
            said = self._adb("pull", remote, str(copy), time_limit_s=_SETUP_S * 10, doing=f"a pull of {remote}")
            if said.code == 0 and copy.exists():
                return copy.read_bytes()
        raise self._refused(said, remote)

    def _adb(self, *words: str, time_limit_s: float, doing: str) -> Said:
        try:
            return adb("-s", self.serial, *words, time_limit_s=time_limit_s)
        except TimeoutError:
            raise UnreachableError(
                f"{self.name} was not done with {doing} after {time_limit_s:g} s: see that it is awake, and try again."
            ) from None

    def _refused(self, said: Said, remote: str) -> UnreachableError:
        """Tell a path that the device does not take from a connection that is gone."""
        if "remote" in said.reason and state_of(self.serial) == READY:
            return UnreachableError(f"{self.name} does not allow {remote}: {said.reason}.")
        return self._lost(said)

    def _lost(self, said: Said) -> UnreachableError:
        """Tell a phone that may come back from one that waits for its user; ask for the first."""
        state = state_of(self.serial)
        if state not in _MAY_COME_BACK:
            return UnreachableError(refusal(Listed(self.serial, state or "")))
        if state in (None, "offline"):
            reconnect(self.serial)
        return ConnectionLostError(f"The connection to {self.name} broke: {said.reason if said.err else 'it is gone'}.")
