"""A capsule as one file: the same bytes for the same capsule, and not one of them may differ."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.targets.capsules import archive as capsule_archive
from edgerec.targets.capsules import manifest as capsule_manifest
from edgerec.targets.capsules.manifest import CapsuleError, Manifest

Write = Callable[..., Manifest]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, write_capsule: Write) -> Path:
    """Give a capsule as a file."""
    folder = tmp_path_factory.mktemp("archive")
    write_capsule(folder / "capsule")
    capsule_archive.write(folder / "capsule", folder / "capsule.tar")
    return folder / "capsule.tar"


def members(path: Path, *added: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(path, "w") as file:
        for member, data in added:
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))


def test_an_archive_gives_the_capsule_back_with_its_modes(archive: Path, tmp_path: Path) -> None:
    manifest = capsule_archive.unpack(archive, tmp_path / "capsule")
    assert manifest == capsule_manifest.read(tmp_path / "capsule")
    assert (tmp_path / "capsule/bin/python3.11").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "capsule/lib/python3.11/os.pyc").stat().st_mode & 0o777 == 0o644


def test_dates_owners_and_the_order_of_making_do_not_show(archive: Path, tmp_path: Path, write_capsule: Write) -> None:
    write_capsule(tmp_path / "capsule")
    for number, path in enumerate(sorted((tmp_path / "capsule").rglob("*"))):
        os.utime(path, (number, number))
    (tmp_path / "capsule/lib/python3.11/os.pyc").chmod(0o600)
    capsule_archive.write(tmp_path / "capsule", tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


def test_any_tar_reads_it(archive: Path) -> None:
    with tarfile.open(archive) as file:
        assert file.getnames() == ["bin/python3.11", "lib/python3.11/os.pyc", "manifest.json"]
        assert {(member.mtime, member.uid, member.uname) for member in file} == {(0, 0, "")}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_refused(
    data: st.DataObject, archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(archive.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path_factory.mktemp("flipped")
    (folder / "capsule.tar").write_bytes(whole)
    with pytest.raises(CapsuleError, match=str(folder / "capsule.tar")):
        capsule_archive.unpack(folder / "capsule.tar", folder / "capsule")


@pytest.mark.parametrize("length", [0, 100, 512, 1500])
def test_a_piece_of_one_is_refused(length: int, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "piece.tar").write_bytes(archive.read_bytes()[:length])
    with pytest.raises(CapsuleError, match=r"piece\.tar"):
        capsule_archive.unpack(tmp_path / "piece.tar", tmp_path / "capsule")


def test_what_is_not_there_or_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CapsuleError, match=r"No such file.*build-capsule -o"):
        capsule_archive.unpack(tmp_path / "none.tar", tmp_path / "capsule")
    with pytest.raises(CapsuleError, match="is not a capsule"):
        capsule_archive.unpack(tmp_path, tmp_path / "capsule")


@pytest.mark.parametrize("name", ["../outside", "/outside", "lib/../../outside"])
def test_nothing_is_written_outside_of_the_folder(name: str, tmp_path: Path) -> None:
    members(tmp_path / "evil.tar", (tarfile.TarInfo(name), b"data"))
    with pytest.raises(CapsuleError, match="no file in a folder"):
        capsule_archive.unpack(tmp_path / "evil.tar", tmp_path / "in" / "capsule")
    assert not list(tmp_path.rglob("outside"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("lib/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members(tmp_path / "evil.tar", (link, b""))
    with pytest.raises(CapsuleError, match="'lib/link', which is no file in a folder"):
        capsule_archive.unpack(tmp_path / "evil.tar", tmp_path / "capsule")
