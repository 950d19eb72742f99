import hashlib
import os
from pathlib import Path

import pytest

from converters.errors import TfliteError
from device_tests.errors import BundleError
from edgerec.model_file import ModelFileError, read_model_file


def test_a_bundle_and_a_bare_tflite_are_told_apart_by_their_first_bytes(
    tiny_bundle: Path, tiny_tflite: bytes, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(tiny_tflite)
    bundle, bare = read_model_file(tiny_bundle), read_model_file(tmp_path / "model.bin")
    assert bundle.bundle is not None
    assert bare.bundle is None
    assert bundle.model_sha256 == bare.model_sha256 == bare.sha256 == hashlib.sha256(tiny_tflite).hexdigest()
    assert bundle.sha256 == hashlib.sha256(tiny_bundle.read_bytes()).hexdigest()
    assert bare.app_bytes == len(tiny_tflite) < bundle.app_bytes
    assert bare.download_bytes < bundle.download_bytes


@pytest.mark.parametrize("data", [b"", b"TFL3", b"hello, world", b"\x89HDF\r\n\x1a\n"])
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ModelFileError, match="expected a bundle"):
        read_model_file(tmp_path / "x")


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="gone: cannot be read: No such file"):
        read_model_file(tmp_path / "gone")


def test_damaged_files_are_refused_by_their_own_readers(tmp_path: Path, tiny_bundle: Path, tiny_tflite: bytes) -> None:
    (tmp_path / "x.edgerec").write_bytes(tiny_bundle.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"x\.edgerec"):
        read_model_file(tmp_path / "x.edgerec")
    (tmp_path / "x.tflite").write_bytes(tiny_tflite[:200])
    with pytest.raises(TfliteError, match=r"x\.tflite"):
        read_model_file(tmp_path / "x.tflite")


def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ModelFileError, match="cannot be read: it is there and is not a file"):
            read_model_file(path)
    with pytest.raises(ModelFileError, match="cannot be read: embedded null byte"):
        read_model_file(Path("a\0b"))
