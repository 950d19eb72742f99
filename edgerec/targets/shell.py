"""A device's command line over a connection: commands run there, files put there and taken from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgerec.targets.target import UnreachableError


class ConnectionLostError(UnreachableError):
    """The connection broke: what ran on the device may still run, and can be asked for once it is there again."""


class NoSpaceError(UnreachableError):
    """The device has no room for what was put there."""


@dataclass(frozen=True)
class Answer:
    """What a command on the device said: its exit code there, stdout and stderr."""

    code: int
    out: str
    err: str = ""


class Shell(Protocol):
    """One device that commands are sent to; words are quoted for the device's own `sh` by the implementation."""

    @property
    def name(self) -> str:
        """The device, as the user named it."""
        ...

    @property
    def folder(self) -> str:
        """The absolute path on the device under which everything of edgerec's lies."""
        ...

    def ask(self, command: Sequence[str], *, time_limit_s: float = 60.0) -> Answer:
        """Run a command to its end. Raises ConnectionLostError, UnreachableError when it is not done in time."""
        ...

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to a path on the device. Raises ConnectionLostError, NoSpaceError, UnreachableError."""
        ...

    def take(self, remote: str) -> bytes:
        """Give the bytes of a file on the device. Raises ConnectionLostError, UnreachableError."""
        ...
