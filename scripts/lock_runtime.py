#!/usr/bin/env python3
"""Writes the lock of one runtime: python scripts/lock_runtime.py FOLDER NAME==VERSION [NAME==VERSION ...].

The first pin is the runtime, the rest is what it imports. Fill FOLDER with, for each Python and machine that the lock
is for: pip download --no-deps --only-binary :all: --python-version 3.12 --platform manylinux2014_aarch64 -d FOLDER PIN
"""

import hashlib
import sys
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "edgerec" / "targets" / "runtimes"


def requirement(folder: Path, pin: str) -> str:
    """Return the lines of one pin: its wheels as comments, which tell edgerec where it runs, then their hashes."""
    name, _, version = pin.partition("==")
    wheels = sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if not wheels:
        raise SystemExit(f"error: {folder} holds no wheel of {pin}")
    hashes = [f"    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" for wheel in wheels]
    return "\n".join([*(f"# {wheel.name}" for wheel in wheels), " \\\n".join([pin, *hashes]), ""])


def main(folder: str, *pins: str) -> None:
    """Write the lock of the first pin."""
    lock = LOCKS / f"{pins[0].replace('==', '-')}.txt"
    lock.write_text("\n".join(requirement(Path(folder), pin) for pin in pins), encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder, *pins] if pins:
            main(folder, *pins)
        case _:
            raise SystemExit(__doc__)
