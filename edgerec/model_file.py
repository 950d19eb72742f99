"""A file that may ship: a bundle, or the .tflite alone."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from converters import tflite_file
from converters.tflite_file import TfliteFile
from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.files import refuse_other_than_file
from edgerec.errors import EdgerecError

_ZIP = b"PK\x03\x04"
_TFLITE = b"TFL3"


class ModelFileError(EdgerecError):
    """A file that is neither a bundle nor a .tflite, or cannot be read."""


@dataclass(frozen=True)
class ModelFile:
    """A model that was read: its .tflite, and the bundle around it where there is one.

    `sha256` is of the file as it lies on the disk, `model_sha256` of the .tflite: equal for a bare .tflite.
    """

    name: str
    tflite: TfliteFile
    bundle: Bundle | None
    sha256: str
    model_sha256: str

    @property
    def app_bytes(self) -> int:
        """Give the bytes that ship in the app."""
        return self.tflite.data.nbytes if self.bundle is None else self.bundle.app_bytes

    @property
    def download_bytes(self) -> int:
        """Give the bytes that ship in the app, deflated at level 6 as in an APK."""
        return bundle_format.deflated_bytes(self.tflite.data) if self.bundle is None else self.bundle.download_bytes


def read_model_file(path: Path) -> ModelFile:
    """Read a bundle or a .tflite, told apart by their first bytes; raises ModelFileError for anything else."""
    try:
        refuse_other_than_file(path)
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}.") from error
    except ValueError as error:  # a path that holds a zero byte
        raise ModelFileError(f"{path}: cannot be read: {error}.") from error
    if start.startswith(_ZIP):
        bundle = bundle_format.read(path)
        parsed = tflite_file.parse(bundle.model, f"{path} app/model.tflite")
        # Reading the bundle has compared this digest with the bytes.
        return ModelFile(str(path), parsed, bundle, bundle.sha256, bundle.manifest.digests[bundle_format.MODEL])
    if start[4:8] == _TFLITE:
        parsed = tflite_file.read(path)
        digest = hashlib.sha256(parsed.data).hexdigest()
        return ModelFile(str(path), parsed, None, digest, digest)
    received = f"begins with {start!r}" if start else "is empty"
    raise ModelFileError(f"{path} {received}, expected a bundle (PK) or a .tflite (TFL3 at byte 4).")
