"""What is measured: a .tflite on disk and, when it came in a bundle, what the bundle says of it."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from device_tests import bundle
from device_tests.errors import BundleError
from device_tests.evaluation import EvaluationSet, Golden
from device_tests.files import read_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device_tests.manifest import Manifest


@dataclass(frozen=True, eq=False)
class Subject:
    """A model by the path it lies at, and what is known of it; `weight_cache` is where its cache goes, if any."""

    path: str
    model_sha256: str
    bundle_sha256: Optional[str] = None
    manifest: Optional[Manifest] = None
    evaluation: Optional[EvaluationSet] = None
    golden: Optional[Golden] = None
    weight_cache: Optional[str] = None


@contextmanager
def opened(path: Path, *, weight_cache: bool) -> Iterator[Subject]:
    """Give what is in a file, told by its first bytes; a bundle's model lies in a temporary folder meanwhile.

    So does the weight cache, where there is to be one.
    """
    with tempfile.TemporaryDirectory(prefix="edgerec-") as folder:
        yield replace(_read(path, Path(folder)), weight_cache=f"{folder}/weights.cache" if weight_cache else None)


def _read(path: Path, folder: Path) -> Subject:
    data = read_whole(path, BundleError)
    if data[4:8] == b"TFL3":
        return Subject(str(path), hashlib.sha256(data).hexdigest())
    if data[:2] == b"PK":
        return _extracted(bundle.decode(data, path.name), folder / "model.tflite")
    raise BundleError(f"{path.name} is neither a bundle nor a .tflite file: it starts with {data[:8]!r}")


def _extracted(found: bundle.Bundle, path: Path) -> Subject:
    """Write the model to `path` and return everything else, so that the bundle's own bytes can go."""
    manifest = found.manifest
    evaluation = EvaluationSet.from_members(found.members, manifest)
    replayed = Golden.from_members(found.members, manifest, evaluation.users) if evaluation else None
    try:
        path.write_bytes(found.model)
    except OSError as why:
        raise BundleError(f"cannot put the model into {path.parent}: {why.strerror or why}") from None
    return Subject(str(path), manifest.digests[bundle.MODEL], found.sha256, manifest, evaluation, replayed)
