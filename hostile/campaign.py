"""Many changed inputs, one after another: each is made of a seed and a number alone, so that each can be made again."""

import hashlib
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hostile import limits
from hostile.readers import Surface

MEASURED_EVERY = 100
"""Of so many inputs one is read with its memory counted, which takes several times as long."""


@dataclass(frozen=True)
class Finding:
    """An input on which a reader failed, and how: the error and the innermost line that it came from."""

    surface: str
    data: bytes
    error: str
    where: str
    trace: str

    @property
    def kind(self) -> tuple[str, str, str]:
        """What findings that are probably one have in common."""
        return self.surface, self.error.split(":", maxsplit=1)[0], self.where

    @property
    def name(self) -> str:
        """Give a name for its file, the same each time."""
        return hashlib.sha256(self.data).hexdigest()[:12]


@dataclass(frozen=True)
class Tried:
    """One input: its surface, whether its reader took it, and what went wrong."""

    surface: str
    taken: bool
    finding: Finding | None


def made(surface: Surface, seed: int, number: int) -> bytes:
    """Give the input of a number: a valid one, changed."""
    drawn = Random(f"{seed}:{number}")
    return surface.change(drawn.choice(surface.seeds), drawn)


def campaign(surfaces: dict[str, Surface], order: Sequence[str], seed: int, numbers: range) -> Iterator[Tried]:
    """Try one input a number, on the surfaces of `order` in turn."""
    for number in numbers:
        name = order[number % len(order)]
        data = made(surfaces[name], seed, number)
        yield attempt(name, surfaces[name], data, measured=number % MEASURED_EVERY == 0)


def attempt(name: str, surface: Surface, data: bytes, *, measured: bool) -> Tried:
    """Read one input within the limits."""
    try:
        with limits.timed():
            if measured:
                limits.measured(surface.read, data)
                return Tried(name, False, None)
            return Tried(name, surface.read(data), None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever comes out of a reader is what is looked for
        return Tried(name, False, _finding(name, data, error))


def _finding(surface: str, data: bytes, error: BaseException) -> Finding:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "hostile" not in Path(frame.filename).parts
    ]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else "its text"
    trace = "".join(traceback.format_exception(error))[-4000:]
    return Finding(surface, data, f"{type(error).__name__}: {str(error)[:200]}", where, trace)
