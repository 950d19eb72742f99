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
    file: TfliteFile, float32: TfliteFile, roles: Roles, evaluation: EvaluationSet, *, k: int, progress: Progress
) -> Golden:
    rows = packing.golden_users(evaluation)
    progress(f"decode {float32.name} in NumPy for {len(rows)} users")
    entry = entry_point(float32)
    lists = judging.lists(
        lambda part: packing.decode(float32.data, roles, evaluation, part, entry), evaluation, k, rows
    )
    progress(f"decode {file.name} in NumPy")
    return packing.golden(file.data, roles, evaluation, lists, entry_point(file))


def _evaluation(setting: DataSetting, roles: Roles, catalogue: Catalogue) -> EvaluationSet:
    read, _ = interactions(setting)
    users = catalogue.users if roles.of_role("user") is not None else None
    try:
        aligned = read.in_vocabulary(users=users, items=catalogue.items)
    except DataError as error:
        raise AdoptingError(f"{setting.path}: {error}") from error
    parts = split(aligned, holdout(setting.holdout), seed=setting.seed)
    return evaluation_set(parts, roles.inputs, candidates=setting.candidates, seed=setting.seed)
