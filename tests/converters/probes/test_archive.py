import json
import zipfile
from pathlib import Path

import converters
from converters.probes.archive import members

ARCHIVE = Path(converters.__file__).parent / "probes" / "probes.zip"


def test_the_archive_in_the_repository_is_what_the_script_makes() -> None:
    with zipfile.ZipFile(ARCHIVE) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == members()


def test_the_index_names_members_that_are_there() -> None:
    made = members()
    for probe in json.loads(made["index.json"])["probes"]:
        assert probe["model"] in made
        assert all(f"{name}.npy" in made for names in probe["arrays"] for name in names)
        version = made[probe["model"]][probe["version_at"] : probe["version_at"] + 4]
        assert version == (0x5A5A5A5A).to_bytes(4, "little")
