"""What `edgerec check` came to, and where in the repository that belongs: what its formats are made of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Self

from edgerec.gate.verdict import Check, Location, Verdict
from edgerec.report.console import visible
from edgerec.report.verdict_text import row

_REFUSED_AT = re.compile(r"([^:\n]+\.toml):([1-9][0-9]{0,8}): ")


@dataclass(frozen=True)
class Outcome:
    """One verdict a file, or without any the sentence why nothing could be checked.

    `folder` is the folder that paths in the verdicts are relative to, seen from the root of the repository.
    """

    verdicts: tuple[Verdict, ...] = ()
    refusal: str = ""
    folder: str = ""

    @classmethod
    def refused(cls, error: Exception, folder: str) -> Self:
        """Make the outcome of input that cannot be checked, of the first line of what the error says."""
        return cls(refusal=str(error).partition("\n")[0], folder=folder)

    @property
    def held(self) -> bool:
        """Say whether everything was checked and holds."""
        return bool(self.verdicts) and all(self.verdicts)

    @property
    def refused_at(self) -> Location | None:
        """Give the line that the refusal names, seen from the root of the repository; None where it names none."""
        found = _REFUSED_AT.match(self.refusal)
        return Location(self.in_repository(found[1]), int(found[2])) if found else None

    def place(self, verdict: Verdict, check: Check) -> Location:
        """Give where a check belongs, seen from the root of the repository."""
        location = verdict.location(check)
        return Location(self.in_repository(location.file), location.line)

    def in_repository(self, path: str) -> str:
        """Give a path of the verdicts as it is called from the root of the repository, `..` resolved by name.

        What no path of a repository should hold, such as a line break, is an escape in it.
        """
        parts: list[str] = []
        for part in PurePosixPath(self.folder, path).parts:
            if part == ".." and parts and parts[-1] not in {"..", "/"}:
                parts.pop()
            else:
                parts.append(part)
        return visible(str(PurePosixPath(*parts)))


def named_apart(checks: Iterable[Check]) -> list[tuple[str, Check]]:
    """Give every check with a visible name that no other has: `p50 on pi`, `contract`, `contract 2`."""
    named: dict[str, Check] = {}
    for check in checks:
        name = visible(row(check)[1])
        further = (f"{name} {number}" for number in count(2))
        named[name if name not in named else next(one for one in further if one not in named)] = check
    return list(named.items())


def folder_in_repository(folder: Path) -> str:
    """Give a folder as it is called from the root of the git repository that it lies in, empty where that is itself.

    Outside of a repository every path stays relative to the folder itself.
    """
    here = folder.resolve()
    root = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    relative = here.relative_to(root).as_posix()
    return "" if relative == "." else relative
