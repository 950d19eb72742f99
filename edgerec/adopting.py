"""A .tflite that somebody else converted becomes a bundle, proved as far as what is given with it allows."""

from dataclasses import dataclass
from pathlib import Path

from converters import tflite_file
from converters.errors import Misfit
from converters.fit import refuse_misfit
from converters.spec import FLOAT32
from converters.tflite_file import TfliteFile
from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from edgerec import judging, packing, proving
from edgerec.assembly import holdout, interactions
from edgerec.config import DataSetting, InputSetting
from edgerec.data.errors import DataError
from edgerec.data.evaluation import evaluation_set
from edgerec.data.splitting import split
from edgerec.data.vectors import read_vectors
from edgerec.errors import EdgerecError
from edgerec.given_file import entry_point, precision_of, roles_of
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue, Promise
from edgerec.progress import Progress, silent
from edgerec.targets.environment import RuntimePin

GIVEN = "given"
"""The recipe of a file that was converted elsewhere."""


class AdoptingError(EdgerecError):
    """What is given with a file and does not belong to it."""


@dataclass(frozen=True)
class Adoption:
    """What is given with a .tflite: roles of its inputs, vocabulary, and what may prove it.

    `data` are interactions to judge it with; `vectors` is a .npy file of the users' vectors, float32 [users, columns],
    for a model that takes one: row i is user i of the catalogue's users, or of the data where it has none. `float32` is
    the .tflite of the uncompressed model, asked with the same inputs, whose lists, decoded in NumPy, become the golden
    ones, at a mean top-k overlap of at least `float_overlap`.
    """

    name: str
    inputs: tuple[InputSetting, ...]
    catalogue: Catalogue
    k: int
    runtime: RuntimePin
    data: DataSetting | None = None
    vectors: Path | None = None
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
    _refuse_needless_vectors(given, roles)
    evaluation: EvaluationSet | None = None
    if given.data is not None:
        progress(f"split {given.data.path}")
        evaluation = _evaluation(given.data, roles, given)
    members = _members(file, roles, given, evaluation)
    if evaluation is not None and given.float32 is not None:
        float32 = _fitting(given.float32, given.runtime)
        golden = _golden(file, float32, roles, evaluation, given, progress=progress)
        draft = _members(float32, roles, given, evaluation, precision=FLOAT32)
        baseline = proving.baseline(draft, given.runtime, progress=progress)
        members = _members(file, roles, given, evaluation, golden=golden, baseline=baseline)
        proving.replay(members, given.runtime, "the file", progress=progress)
    return bundle_format.write(out, members)


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
        proof=packing.proof_of(evaluation, golden, baseline),
    )


def _golden(
    file: TfliteFile,
    float32: TfliteFile,
    roles: Roles,
    evaluation: EvaluationSet,
    given: Adoption,
    *,
    progress: Progress,
) -> Golden:
    rows = packing.golden_users(evaluation)
    progress(f"decode {float32.name} in NumPy for {len(rows)} users")
    entry = entry_point(float32)
    lists = judging.lists(
        lambda part: packing.decode(float32.data, roles, evaluation, part, entry), evaluation, given.k, rows
    )
    progress(f"decode {file.name} in NumPy")
    return packing.golden(file.data, roles, evaluation, lists, entry_point(file), runtime=str(given.runtime))


def _refuse_needless_vectors(given: Adoption, roles: Roles) -> None:
    if given.vectors is None:
        return
    if roles.of_role("vector") is None:
        raise AdoptingError(f"{given.vectors} was given, and no input is of role vector; leave it out.")
    if given.data is None:
        raise AdoptingError(f"{given.vectors} was given without interactions to judge with; write [data] too.")


def _evaluation(setting: DataSetting, roles: Roles, given: Adoption) -> EvaluationSet:
    vector, catalogue = roles.of_role("vector"), given.catalogue
    if vector is not None and given.vectors is None:
        raise AdoptingError(
            f"input {vector.name} is a vector, which {setting.path} does not tell; give --vectors FILE.npy, a row for "
            "each user of it."
        )
    read, _ = interactions(setting)
    has_rows = roles.of_role("user") is not None or (given.vectors is not None and len(catalogue.users) > 0)
    try:
        aligned = read.in_vocabulary(users=catalogue.users if has_rows else None, items=catalogue.items)
    except DataError as error:
        raise AdoptingError(f"{setting.path}: {error}") from error
    parts = split(aligned, holdout(setting.holdout), seed=setting.seed)
    vectors = None if given.vectors is None else read_vectors(given.vectors)
    return evaluation_set(parts, roles.inputs, candidates=setting.candidates, seed=setting.seed, vectors=vectors)
