"""Addresses of boards as users write them: `ssh://[user@]host[:port]`, or a name from their own ssh configuration."""

import re
from dataclasses import dataclass

from edgerec.targets.target import UnreachableError

SCHEME = "ssh"
_FORM = re.compile(
    r"//(?:(?P<user>[^@:/\s-][^@:/\s]*)@)?(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^@:/\[\]\s-][^@:/\[\]\s]*)(?::(?P<port>\d{1,5}))?/?"
)
_LAST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """A host; user and port are None where the user's own configuration decides."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        return f"{SCHEME}://{self._login}" + ("" if self.port is None else f":{self.port}")

    @property
    def words(self) -> tuple[str, ...]:
        """What `ssh` is given to go there."""
        port = () if self.port is None else ("-p", str(self.port))
        return (*port, self._login.replace("[", "").replace("]", ""))

    @property
    def command(self) -> str:
        """What a user types to go there."""
        return " ".join(("ssh", *self.words))

    @property
    def known_as(self) -> str:
        """How `known_hosts` writes it."""
        host = self.host.strip("[]")
        return host if self.port in (None, 22) else f"[{host}]:{self.port}"

    @property
    def _login(self) -> str:
        return self.host if self.user is None else f"{self.user}@{self.host}"


def parse(rest: str) -> Address:
    """Give the address of what stands after `ssh:`. Raises UnreachableError."""
    form = _FORM.fullmatch(rest)
    port = None if form is None or form["port"] is None else int(form["port"])
    if form is None or (port is not None and not 1 <= port <= _LAST_PORT):
        raise UnreachableError(
            f"{SCHEME}:{rest} is no address: write ssh://[user@]host[:port], such as ssh://pi@raspberrypi.local:22."
        )
    return Address(form["host"], form["user"], port)
