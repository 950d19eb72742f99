"""Boards over ssh: `ssh://[user@]host[:port]`, with the user's own OpenSSH, configuration, keys and known hosts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from edgerec import storage
from edgerec.progress import Progress
from edgerec.targets.capsules import capsule
from edgerec.targets.environment import RuntimePin
from edgerec.targets.remote import device as remote
from edgerec.targets.remote.device import RemoteDevice
from edgerec.targets.remote.run import remove_everything
from edgerec.targets.remote.store import last_line
from edgerec.targets.ssh.address import Address, parse
from edgerec.targets.ssh.connection import Connection
from edgerec.targets.ssh.probing import probe
from edgerec.targets.ssh.shell import SshShell
from edgerec.targets.target import HERE, UnreachableError

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
# A cache, since all of it can be sent again; not /tmp, which is often memory: the model is to be mapped from a disk.
_HOME = 'cd "${XDG_CACHE_HOME:-$HOME/.cache}" 2>/dev/null || { mkdir -p "$HOME/.cache" && cd "$HOME/.cache"; } && pwd'


@dataclass(frozen=True)
class Ssh:
    """A board at an address."""

    address: Address
    options: tuple[str, ...] = ()
    """What every ssh is given beside what the user's configuration says."""
    called: str | None = None
    """What the user calls it, where that is not its address."""

    @property
    def name(self) -> str:
        """The board as the user names it."""
        return self.called or str(self.address)

    @property
    def device(self) -> str:
        """The board itself, whoever logs in; a server on loopback takes this machine's time."""
        return HERE if self.address.host in _LOOPBACK else str(replace(self.address, user=None))

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise UnreachableError where the board cannot be reached or is none that a runtime can be had for."""
        with self.connected() as shell:
            probe(shell, runtime)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator[RemoteDevice]:
        """Connect, and send the capsule where the board's own Python does not have the runtime.

        Raises UnreachableError, NoSpaceError, RuntimeUnavailableError.
        """
        progress(f"connecting to {self.name}")
        with self.connected() as shell:
            board = probe(shell, runtime)
            own = board.python(runtime)
            if own is not None:
                yield remote.with_python(shell, (own,))
            else:
                ready = capsule.ready(board.architecture, runtime, progress=progress)
                yield remote.with_capsule(shell, ready, progress=progress)

    def clean(self) -> None:
        """Remove all that edgerec keeps on the board. Raises UnreachableError, also while a run goes on there."""
        with self.connected() as shell:
            remove_everything(shell)

    @contextmanager
    def connected(self) -> Iterator[SshShell]:
        """Give the board's shell while the block runs. Raises UnreachableError."""
        with storage.scratch("ssh-") as folder, closing(Connection(self.address, folder, self.options)) as connection:
            connection.open()
            said = SshShell(connection, self.name, "").ask(("sh", "-c", _HOME))
            home = said.out.rstrip("\n").rpartition("\n")[2]
            if said.code or not home.startswith("/"):
                raise UnreachableError(
                    f"{self.name} has no home folder that can be written: {last_line(said.err or said.out)}. "
                    "Make one for that user, or log in as another."
                )
            yield SshShell(connection, self.name, f"{home}/edgerec/device")


def ssh(rest: str) -> Ssh:
    """Give the board of what stands after `ssh:`. Raises UnreachableError."""
    return Ssh(parse(rest))
