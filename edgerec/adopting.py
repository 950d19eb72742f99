"""A .tflite that somebody else converted becomes a bundle, proved as far as what is given with it allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.errors import Misfit
from converters.fit import refuse_misfit
from converters.spec import FLOAT32
from converters.tflite_file import TfliteFile
from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from device_tests.ranking import top_k
from edgerec import packing, proving
from edgerec.assembly import holdout, interactions
from edgerec.config import DataSetting, InputSetting
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import split
from edgerec.errors import EdgerecError
from edgerec.given_file import entry_point, precision_of, roles_of
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue, Promise
from edgerec.progress import Progress, silent
from edgerec.targets.environment import RuntimePin

GIVEN = "given"
"""The recipe of a file that was converted elsewhere."""


class AdoptingError(EdgerecError):
    """What is given with a file and does not belong to it, or cannot be read."""


@dataclass(frozen=True)
class Adoption:
    """What is given with a .tflite: roles of its inputs, vocabulary, and what may prove it.

    `data` are interactions to judge it with; `float32` is the .tflite of the uncompressed model, whose lists, decoded
    in NumPy, become the golden ones, at a mean top-k overlap of at least `float_overlap`.
    """

    name: str
    inputs: tuple[InputSetting, ...]
    catalogue: Catalogue
    k: int
    runtime: RuntimePin
    data: DataSetting | None = None
    float32: Path | None = None
    float_overlap: float = 0.9
    precision: str | None = None


def adopt(path: Path, given: Adoption, out: Path, *, progress: Progress = silent) -> Bundle:
    """Pack a .tflite into a bundle and give it, written to `out` only when its golden outputs hold in the runtime.

    Raises GivenFileError, PackingError or AdoptingError where file, runtime, roles, vocabulary and data do not fit,
    NotProvedError when the runtime does not answer as the NumPy decode of the file does, or too differently from the
    float32 file.
    """
    file = _fitting(path, given.runtime)
    roles = roles_of(file, given.inputs, name=given.name, items=len(given.catalogue.items))
    evaluation: EvaluationSet | None = None
    if given.data is not None:
        progress(f"split {given.data.path}")
        evaluation = _evaluation(given.data, roles, given.catalogue)
    members = _members(file, roles, given, evaluation)
    if evaluation is not None and given.float32 is not None:
        float32 = _fitting(given.float32, given.runtime)
        golden = _golden(file, float32, roles, evaluation, k=given.k, progress=progress)
        draft = _members(float32, roles, given, evaluation, precision=FLOAT32)
        baseline = proving.baseline(draft, given.runtime, progress=progress)
        members = _members(file, roles, given, evaluation, golden=golden, baseline=baseline)
        proving.replay(members, given.runtime, "the file", progress=progress)
    return bundle_format.write(out, members)


def read_lines(path: Path) -> tuple[str, ...]:
    """Read one value a line, as a vocabulary is given; raises AdoptingError when the file cannot be read."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise AdoptingError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AdoptingError(f"{path}: not UTF-8 at byte {error.start}.") from error


def _fitting(path: Path, runtime: RuntimePin) -> TfliteFile:
    file = tflite_file.read(path)
    try:
        refuse_misfit(file, str(runtime))
    except Misfit as why:
        raise AdoptingError(f"{path}: {why}.") from why
    return file


def _members(
    file: TfliteFile,
    roles: Roles,
    given: Adoption,
    evaluation: EvaluationSet | None,
    *,
    precision: str | None = None,
    golden: Golden | None = None,
    baseline: Baseline | None = None,
) -> dict[str, bytes]:
    promised = precision or given.precision or precision_of(file)
    return packing.members(
        bytes(file.data),
        roles,
        Promise(GIVEN, promised, str(given.runtime), given.float_overlap),
        given.catalogue,
        given.k,
        entry=entry_point(file),
        evaluation=evaluation,
        golden=golden,
        baseline=baseline,
    )


def _golden(
    file: TfliteFile, float32: TfliteFile, roles: Roles, evaluation: EvaluationSet, *, k: int, progress: Progress
) -> Golden:
    rows = packing.golden_users(evaluation)
    progress(f"decode {float32.name} in NumPy for {len(rows)} users")
    scores = packing.decode(float32.data, roles, evaluation, rows, entry_point(float32))
    seen = evaluation.seen.take(rows)
    scores[seen.rows, seen.values] = -np.inf
    progress(f"decode {file.name} in NumPy")
    return packing.golden(file.data, roles, evaluation, top_k(scores, k), entry_point(file))


def _evaluation(setting: DataSetting, roles: Roles, catalogue: Catalogue) -> EvaluationSet:
    read, _ = interactions(setting)
    users = catalogue.users if roles.of_role("user") is not None else read.user_ids
    user = _renumbered(read.user, read.user_ids, users, "user")
    item = _renumbered(read.item, read.item_ids, catalogue.items, "item")
    order = np.lexsort((item, read.time, user))
    aligned = Interactions(user[order], item[order], read.time[order], None, users, catalogue.items)
    return evaluation_set(split(aligned, holdout(setting.holdout), seed=setting.seed), roles.inputs)


def _renumbered(
    codes: NDArray[np.int32], ids: Sequence[str], vocabulary: Sequence[str], what: str
) -> NDArray[np.int32]:
    """Turn rows of the data's own vocabulary into rows of the model's."""
    index = {one: at for at, one in enumerate(vocabulary)}
    for one in ids:
        if one not in index:
            raise AdoptingError(
                f"{what} {one!r} of the data is not among the model's {len(index)} {what}s; leave it out."
            )
    return np.array([index[one] for one in ids], np.int32)[codes]
