"""How this program is called from where the user stands, so that a suggested command works when it is copied."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

NAME = "edgerec"


def program() -> str:
    """Give `edgerec` where that is the program on the path, else the path of the one that runs."""
    running = Path(sys.argv[0])
    if running.stem == "__main__":
        return f"{from_here(Path(sys.executable))} -m edgerec.cli"
    if running.stem != NAME:
        return NAME  # called from Python, which has no program of its own
    on_path = shutil.which(NAME)
    if on_path is not None and Path(on_path).resolve() == running.resolve():
        return NAME
    return from_here(running)


def command(words: Sequence[str]) -> str:
    """Give a line that runs this program with these words, as a shell takes it."""
    return f"{program()} {shlex.join(words)}"


def from_here(path: Path) -> str:
    """Give a path as a shell takes it: relative where it lies below the current folder, quoted where it has to be."""
    absolute, here = path.absolute(), Path.cwd()
    below = absolute.is_relative_to(here)
    written = absolute.relative_to(here) if below else absolute
    # A program in the current folder itself is not found without its folder.
    return shlex.quote(str(written) if len(written.parts) > 1 else f"./{written}")
