"""Writes the archive of models that runtimes are asked with: python scripts/make_probes.py [ARCHIVE.zip]."""

import sys
import zipfile
from pathlib import Path

from converters.probes.archive import members

ARCHIVE = Path(__file__).resolve().parent.parent / "converters" / "probes" / "probes.zip"


def main(arguments: list[str]) -> None:
    """Write the archive."""
    with zipfile.ZipFile(arguments[0] if arguments else ARCHIVE, "w") as archive:
        for name, data in members().items():
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.external_attr = 0o100644 << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(sys.argv[1:])
