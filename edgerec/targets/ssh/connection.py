"""One connection of OpenSSH's own client, which every command shares and which is made anew when it broke."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO

from edgerec.targets.shell import ConnectionLostError
from edgerec.targets.ssh.address import Address
from edgerec.targets.ssh.refusal import refusal
from edgerec.targets.target import UnreachableError

CONFIG = "EDGEREC_SSH_CONFIG"
"""Names a configuration for ssh instead of the user's own, as `ssh -F` does."""

_READY = "edgerec: ready"
_CONNECT_S = 15
_BROKEN = 255  # what ssh itself answers when it is not the command that failed


class Connection:
    """The connection to an address; close it.

    `folder` is a private one for its socket, of a short path. `options` are given to every ssh, before what the user's
    configuration says.
    """

    def __init__(self, address: Address, folder: Path, options: tuple[str, ...] = ()) -> None:
        self.address = address
        self._options = (*_configuration(), *options)
        self._folder = folder
        self._master: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Connect where there is no connection. Raises UnreachableError, in one sentence with the next step."""
        if self._master is None:
            self._connect()

    def run(self, command: str, *, given: IO[bytes] | None, time_limit_s: float) -> subprocess.CompletedProcess[bytes]:
        """Run a line of the device's login shell, with a file as its input.

        Raises ConnectionLostError where the connection breaks, after which the next call makes another;
        UnreachableError where the command is not done in time.
        """
        lost = f"The connection to {self.address} broke."
        if self._master is None or self._master.poll() is not None:
            self._disconnect()
            try:
                self._connect()
            except UnreachableError as error:
                raise ConnectionLostError(f"{lost} {error}") from error
        # Without the shared connection this would quietly make one of its own: nothing is to answer it then.
        words = ("-o", f"ControlPath={self._socket}", "-o", "ControlMaster=no", "-o", "ProxyCommand=exit 1")
        try:
            done = subprocess.run(
                (_ssh(), *self._options, *words, *_fixed(), *self.address.words, command),
                stdin=subprocess.DEVNULL if given is None else given,
                capture_output=True,
                timeout=time_limit_s,
                check=False,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for edgerec, which has to clean up through this connection
            )
        except subprocess.TimeoutExpired:
            raise UnreachableError(
                f"{self.address} was not done with a command after {time_limit_s:g} s. "
                "See whether it hangs, and start it anew if it does."
            ) from None
        if done.returncode == _BROKEN:
            self._disconnect()
            raise ConnectionLostError(lost)
        return done

    def close(self) -> None:
        """End the connection."""
        self._disconnect()

    @property
    def _socket(self) -> Path:
        return self._folder / "s"

    def _connect(self) -> None:
        said = self._folder / "stderr"
        words = ("-o", f"ControlPath={self._socket}", "-o", "ControlMaster=yes", "-o", "ControlPersist=no")
        with said.open("wb") as stderr:
            # It reads what this process holds open, so that it ends with it, however that ends.
            master = subprocess.Popen(
                (_ssh(), *self._options, *words, *_fixed(), *self.address.words, f"echo '{_READY}' && exec cat"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_environment(),
                start_new_session=True,
            )
        self._master = master
        # ConnectTimeout ends with the first byte; whoever accepts and says nothing more is ended here.
        late = Timer(2 * _CONNECT_S, master.kill)
        late.start()
        try:
            ready = master.stdout is not None and any(line.strip() == _READY.encode() for line in master.stdout)
        except BaseException:
            self._disconnect()
            raise
        finally:
            late.cancel()
        if not ready:
            self._disconnect()
            why = (
                "timed out"
                if master.returncode == -signal.SIGKILL
                else said.read_text(encoding="utf-8", errors="replace")
            )
            raise UnreachableError(refusal(self.address, why))

    def _disconnect(self) -> None:
        master, self._master = self._master, None
        if master is None:
            return
        for stream in (master.stdin, master.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            master.wait(2)
        except subprocess.TimeoutExpired:
            master.kill()
            master.wait()
        self._socket.unlink(missing_ok=True)


def _ssh() -> str:
    found = shutil.which("ssh")
    if found is None:
        raise UnreachableError("This machine has no ssh. Install OpenSSH's client: `apt-get install openssh-client`.")
    return found


def _configuration() -> tuple[str, ...]:
    chosen = os.environ.get(CONFIG)
    if not chosen:
        return ()
    if not Path(chosen).is_file():
        raise UnreachableError(
            f"{CONFIG} names {chosen}, which is no file. Let it name an ssh configuration, or unset it."
        )
    return ("-F", chosen)


def _fixed() -> tuple[str, ...]:
    """Give what every ssh is told: ask nobody, no terminal, and notice within seconds when the other end is gone."""
    settings = (
        "BatchMode=yes",
        f"ConnectTimeout={_CONNECT_S}",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "RemoteCommand=none",
        "RequestTTY=no",
        "ClearAllForwardings=yes",
        "LogLevel=ERROR",
    )
    return ("-T", *(word for setting in settings for word in ("-o", setting)))


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}  # so that refusals are read in one language
