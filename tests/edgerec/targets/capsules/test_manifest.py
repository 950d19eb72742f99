"""A capsule's manifest: it holds for the files that it was written of and for no others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.targets.capsules import manifest as capsule_manifest
from edgerec.targets.capsules.manifest import CapsuleError, Manifest

Write = Callable[..., Manifest]


def test_a_capsule_is_read_as_it_was_written(tmp_path: Path, write_capsule: Write) -> None:
    written = write_capsule(tmp_path)
    assert capsule_manifest.read(tmp_path) == written
    assert set(written.files) == {"bin/python3.11", "lib/python3.11/os.pyc"}


def test_the_digest_tells_one_content_from_another(tmp_path: Path, write_capsule: Write) -> None:
    one, same, other = tmp_path / "one", tmp_path / "same", tmp_path / "other"
    assert write_capsule(one).digest == write_capsule(same).digest
    assert write_capsule(other, "armv7").digest != capsule_manifest.read(one).digest


@pytest.mark.parametrize("name", ["bin/python3.11", "lib/python3.11/os.pyc"])
def test_one_flipped_byte_is_refused_with_the_file_that_it_is_in(
    name: str, tmp_path: Path, write_capsule: Write
) -> None:
    write_capsule(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[-1] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(
        CapsuleError, match=rf"^{tmp_path} is damaged: {name} is [0-9a-f]{{16}}, .* build or copy it again"
    ):
        capsule_manifest.read(tmp_path)


def test_a_file_that_is_missing_and_one_that_is_too_much_are_refused(tmp_path: Path, write_capsule: Write) -> None:
    write_capsule(tmp_path)
    (tmp_path / "lib/more.so").write_bytes(b"")
    with pytest.raises(CapsuleError, match=r"lib/more\.so is .* says nothing of it"):
        capsule_manifest.read(tmp_path)
    (tmp_path / "lib/more.so").unlink()
    (tmp_path / "bin/python3.11").unlink()
    with pytest.raises(CapsuleError, match=r"bin/python3\.11 is not there"):
        capsule_manifest.read(tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b'{"files": 3}', b'{"version": 1, "more": 2}', b"\xff", b'{"architecture": '], ids=repr
)
def test_what_is_no_manifest_is_refused(data: bytes, tmp_path: Path, write_capsule: Write) -> None:
    write_capsule(tmp_path)
    (tmp_path / capsule_manifest.NAME).write_bytes(data)
    with pytest.raises(CapsuleError, match=r"is no capsule, or a damaged one: manifest\.json"):
        capsule_manifest.read(tmp_path)


def test_a_manifest_of_other_types_or_of_another_spelling_is_refused(tmp_path: Path, write_capsule: Write) -> None:
    written = json.loads(write_capsule(tmp_path).to_bytes())
    path = tmp_path / capsule_manifest.NAME
    path.write_text(json.dumps(written, indent=2))
    with pytest.raises(CapsuleError, match=r"its manifest\.json is not as it was written"):
        capsule_manifest.read(tmp_path)
    path.write_text(json.dumps({**written, "files": ["bin/python3.11"]}))
    with pytest.raises(CapsuleError, match=r"one: manifest\.json\.?files should be"):
        capsule_manifest.read(tmp_path)
    path.write_text(json.dumps({**written, "version": 2}))
    with pytest.raises(CapsuleError, match="is a capsule of version 2, and this edgerec reads 1"):
        capsule_manifest.read(tmp_path)
