"""A .tflite that somebody else converted becomes a bundle, proved as far as what is given with it allows."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.anatomy import id_limits
from converters.graph import Signature
from converters.numpy_reference import run
from converters.spec import DYNAMIC_INT8, FLOAT16, FLOAT32, FULL_INT8
from converters.tflite_file import TfliteFile
from device_tests import bundle as bundle_format
from device_tests import record
from device_tests.bundle import Bundle, Input, Manifest
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from device_tests.ranking import top_k
from edgerec import packing, storage
from edgerec.build import NotProvedError
from edgerec.config import DataSetting, InputSetting
from edgerec.data import splitting
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.reading import read_interactions
from edgerec.errors import EdgerecError
from edgerec.models.roles import CATALOGUE, POINTWISE, Roles
from edgerec.packing import Catalogue, Promise
from edgerec.progress import Progress, silent
from edgerec.suggestion import did_you_mean
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin

GIVEN = "given"
"""The recipe of a file that was converted elsewhere."""

_HOLDOUTS: Mapping[str, Callable[[float], splitting.Holdout]] = {
    "last_n": lambda amount: splitting.last_n(int(amount)),
    "random_share": splitting.random_share,
    "after": splitting.after,
}


class AdoptingError(EdgerecError):
    """A file and what is said of it that do not belong together."""


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

    Raises AdoptingError where file and roles do not fit, NotProvedError when the runtime does not answer as the NumPy
    decode of the file does, or too differently from the float32 file.
    """
    evaluation: EvaluationSet | None = None
    roles = _roles(tflite_file.read(path), given)
    if given.data is not None:
        progress(f"split {given.data.path}")
        evaluation = _evaluation(given.data, roles, given.catalogue)
    members = _members(path, roles, given, evaluation)
    if evaluation is not None and given.float32 is not None:
        golden = _golden(path, given.float32, roles, evaluation, k=given.k, progress=progress)
        baseline = _baseline(given.float32, roles, given, evaluation, progress)
        members = _members(path, roles, given, evaluation, golden=golden, baseline=baseline)
        _replay(members, given.runtime, progress)
    return bundle_format.write(out, members)


def read_lines(path: Path) -> tuple[str, ...]:
    """Read one value a line, as a vocabulary is given; raises AdoptingError when the file cannot be read."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise AdoptingError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AdoptingError(f"{path}: not UTF-8 at byte {error.start}.") from error


def precision_of(file: TfliteFile) -> str:
    """Give the precision of a file, told by the types of its constants and of what it computes."""
    tensors = [tensor for graph in file.subgraphs for tensor in graph.tensors]
    stored = {tensor.dtype for tensor in tensors if len(file.constant(tensor))}
    computed = {tensor.dtype for tensor in tensors if not len(file.constant(tensor)) and tensor.quantization}
    if "INT8" in computed:
        return FULL_INT8
    if stored & {"INT8", "INT4", "INT2", "UINT8"}:
        return DYNAMIC_INT8
    return FLOAT16 if "FLOAT16" in stored else FLOAT32


def _roles(file: TfliteFile, given: Adoption) -> Roles:
    signature = _signature(file)
    tensors = file.subgraphs[signature.subgraph].tensors
    said = {one.name: one for one in given.inputs}
    names = ", ".join(signature.inputs)
    for name in said.keys() - signature.inputs.keys():
        raise AdoptingError(f"the model has no input {name}{did_you_mean(name, signature.inputs)}; it has {names}.")
    for name in signature.inputs.keys() - said.keys():
        raise AdoptingError(f"the model's inputs are {names}; say the role of each, such as --input {name}=history.")
    limits = id_limits(file, signature.key)
    inputs = []
    for name, tensor in sorted(signature.inputs.items()):
        setting, shape = said[name], tensors[tensor].shape
        ids = setting.ids or limits.get(name)
        if ids is None:
            raise AdoptingError(f"input {name} reaches no table that tells how many ids it takes; say ids in [model].")
        length = shape[1] if setting.role == "history" and len(shape) > 1 else 0
        inputs.append(Input(name, setting.role, length, ids, setting.padding_id))
    kind = POINTWISE if any(one.role == "item" for one in inputs) else CATALOGUE
    return Roles(given.name, kind, tuple(inputs), len(given.catalogue.items))


def _signature(file: TfliteFile) -> Signature:
    if len(file.signatures) != 1 or len(file.signatures[0].outputs) != 1:
        found = ", ".join(f"{one.key} with {len(one.outputs)} outputs" for one in file.signatures) or "none"
        raise AdoptingError(f"the file's signatures are {found}, expected one with one output; convert it with one.")
    return file.signatures[0]


def _members(
    path: Path,
    roles: Roles,
    given: Adoption,
    evaluation: EvaluationSet | None,
    *,
    golden: Golden | None = None,
    baseline: Baseline | None = None,
) -> dict[str, bytes]:
    file = tflite_file.read(path)
    signature = _signature(file)
    precision = given.precision or precision_of(file)
    members = packing.members(
        bytes(file.data),
        roles,
        Promise(GIVEN, precision, str(given.runtime), given.float_overlap),
        given.catalogue,
        given.k,
        evaluation=evaluation,
        golden=golden,
        baseline=baseline,
    )
    manifest = record.from_json(Manifest, record.parse(members[bundle_format.MANIFEST], "manifest"))
    named = replace(manifest, signature=signature.key, output=next(iter(signature.outputs)))
    return {**members, bundle_format.MANIFEST: record.dumps(named).encode()}


def _evaluation(setting: DataSetting, roles: Roles, catalogue: Catalogue) -> EvaluationSet:
    read = read_interactions(
        setting.path,
        user=setting.user,
        item=setting.item,
        time=setting.time,
        weight=setting.weight,
        duplicates=setting.duplicates,
    )
    users = catalogue.users if roles.of_role("user") is not None else read.user_ids
    user = _renumbered(read.user, read.user_ids, users, "user")
    item = _renumbered(read.item, read.item_ids, catalogue.items, "item")
    order = np.lexsort((item, read.time, user))
    aligned = Interactions(user[order], item[order], read.time[order], None, users, catalogue.items)
    holdout = _HOLDOUTS[setting.holdout.rule](setting.holdout.amount)
    return evaluation_set(splitting.split(aligned, holdout, seed=setting.seed), roles.inputs)


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


def _scores(path: Path, roles: Roles, evaluation: EvaluationSet, rows: NDArray[np.int32]) -> NDArray[np.float32]:
    """Decode a file in NumPy: the score of every item for some rows of the evaluation set, float32 [rows, items]."""
    file = tflite_file.read(path)
    signature = _signature(file)
    item, output = roles.of_role("item"), next(iter(signature.outputs))
    scores = np.empty((len(rows), roles.items), np.float32)
    for at, row in enumerate(rows):
        inputs: Mapping[str, NDArray[np.int32]] = {
            name: values[row : row + 1] for name, values in evaluation.inputs.items()
        }
        if item is not None:
            repeated = {name: np.repeat(values, roles.items, axis=0) for name, values in inputs.items()}
            inputs = {**repeated, item.name: np.arange(roles.items, dtype=np.int32)}
        answered = np.asarray(run(file, inputs, signature.key)[output], np.float32).reshape(-1)
        if len(answered) != roles.items:
            raise AdoptingError(f"{path} scores {len(answered)} items and the vocabulary has {roles.items}.")
        scores[at] = answered
    return scores


def _golden(
    path: Path, float32: Path, roles: Roles, evaluation: EvaluationSet, *, k: int, progress: Progress
) -> Golden:
    rows = packing.golden_users(evaluation)
    progress(f"decode {float32.name} in NumPy for {len(rows)} users")
    scores = _scores(float32, roles, evaluation, rows)
    seen = evaluation.seen.take(rows)
    scores[seen.rows, seen.values] = -np.inf
    decoded = rows[: packing.DECODED_USERS]
    progress(f"decode {path.name} in NumPy for {len(decoded)} users")
    return Golden(rows, top_k(scores, k), _scores(path, roles, evaluation, decoded))


def _baseline(float32: Path, roles: Roles, given: Adoption, evaluation: EvaluationSet, progress: Progress) -> Baseline:
    members = _members(float32, roles, replace(given, precision=FLOAT32), evaluation)
    with storage.telling(float32), tempfile.TemporaryDirectory(prefix="edgerec-") as folder:
        draft = Path(folder) / "float32.edgerec"
        bundle_format.write(draft, members)
        report = local.run(draft, runtime=given.runtime, only=("quality",), progress=progress)
    if report.quality is None:
        raise NotProvedError(f"the harness reported no quality for {float32}")
    return Baseline(np.array(report.quality.ranks, np.int32))


def _replay(members: Mapping[str, bytes], runtime: RuntimePin, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="edgerec-") as folder:
        draft = Path(folder) / "draft.edgerec"
        bundle_format.write(draft, members)
        report = local.run(draft, runtime=runtime, only=("golden",), progress=progress)
    if report.golden is None or not report.golden.held:
        reason = report.golden.reason if report.golden else "the harness reported no golden result"
        raise NotProvedError(f"nothing was packed: the file does not hold in {runtime}: {reason}")
