"""Targets by the names that users give them: a scheme, and for most what comes after its colon."""

from pathlib import Path

from edgerec.registry import Registry
from edgerec.targets import local
from edgerec.targets.adb import target as adb
from edgerec.targets.adb.target import Adb
from edgerec.targets.board import target as board
from edgerec.targets.emulator import target as emulator
from edgerec.targets.emulator.target import Emulator
from edgerec.targets.local import Local
from edgerec.targets.ssh import address
from edgerec.targets.ssh.target import ssh
from edgerec.targets.target import Target, UnreachableError

GROUP = "edgerec.targets"


def target_of(text: str, *, wheels: Path | None = None) -> Target:
    """Give the target of a name: `local`, or `SCHEME:REST` of a scheme that is known or that an entry point adds.

    `wheels` is a folder that runtimes of this machine are made from. Raises UnreachableError for a scheme that is none,
    and what the scheme raises for a rest that it does not understand.
    """
    if text == local.NAME:
        return Local(wheels)
    scheme, _, rest = text.partition(":")
    return SCHEMES.factory(scheme)(rest)


def _local(rest: str) -> Local:
    raise UnreachableError(f"{local.NAME} is this machine and takes nothing after it, got {rest!r}: write {local.NAME}")


SCHEMES: Registry[Target] = Registry(
    "target",
    GROUP,
    {
        local.NAME: _local,
        emulator.SCHEME: Emulator,
        address.SCHEME: ssh,
        adb.SCHEME: Adb,
        board.SCHEME: board.board,
    },
    UnreachableError,
)
"""What makes a target of the rest of its name, by scheme."""
