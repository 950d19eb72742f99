"""Asks runtimes what they take and writes their tables: python scripts/ask_runtimes.py TARGET [RUNTIME...]."""

import sys
from datetime import datetime
from pathlib import Path

from converters import runtime_table
from edgerec.asking import ask
from edgerec.targets import environment
from edgerec.targets.naming import target_of

FOLDER = Path(__file__).resolve().parent.parent / "converters" / "runtime_tables"


def main(arguments: list[str]) -> None:
    """Write the table of every runtime named, else of every known one, on a target such as local or qemu:cortex-a72."""
    name, *runtimes = arguments or ["local"]
    day = datetime.now().astimezone().date().isoformat()
    for pin in map(environment.parse, runtimes or map(str, environment.known())):
        table = ask(target_of(name), pin, day, progress=lambda line: sys.stderr.write(f"{line}\n"))
        platform = table.platform.partition(",")[0]
        (FOLDER / f"{pin.name}-{pin.version}-{platform}.json").write_text(runtime_table.to_json(table))


if __name__ == "__main__":
    main(sys.argv[1:])
