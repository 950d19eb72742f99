"""The whole line: a recommender and a recipe become a bundle, and the bundle is proved in the runtime that ships."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device_tests import bundle
from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline, EvaluationSet, Golden, from_npy, to_npy
from device_tests.ranking import top_k
from device_tests.report import DeviceReport
from edgerec import packing, proving
from edgerec.compress import cache
from edgerec.compress.candidate import Candidate
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import Setting, compress
from edgerec.compress.recipe import Recipe, find
from edgerec.compress.stage import Stage
from edgerec.models.serving import catalogue_scores
from edgerec.packing import Catalogue, Promise
from edgerec.progress import Progress, silent
from edgerec.targets import environment, local

BASELINE_RECIPE = "float32"


@dataclass(frozen=True, eq=False)
class Task:
    """What stays the same while recipes change: the recommender, its training setting, who judges it and how many."""

    base: Stage
    setting: Setting
    evaluation: EvaluationSet
    catalogue: Catalogue
    k: int = 10

    def key(self, kind: str, **parts: object) -> str:
        """A cache key that changes with the evaluation set and k too."""
        return self.setting.key(kind, evaluation=_digest(self.evaluation.to_members()), k=self.k, **parts)


@dataclass(frozen=True)
class Built:
    """A candidate as a bundle on disk."""

    candidate: Candidate
    bundle: Bundle
    path: Path


def build(task: Task, recipe: Recipe, out: Path, converter: Converter, *, progress: Progress = silent) -> Built:
    """Compress, convert, pack, replay the golden outputs in the exact runtime, and only then write the bundle to `out`.

    Raises NotProvedError, with nothing written, when the runtime does not answer as it should, and PackingError before
    anything is trained where vocabulary, k and model do not fit.
    """
    packing.refuse_misfit(task.base.roles, task.catalogue, task.k)  # before minutes of training
    runtime = environment.parse(task.setting.runtime)
    candidate = compress(task.base, recipe, task.setting, converter, progress=progress)
    members = _members(task, candidate, converter, progress)
    progress(f"{recipe.name}: replay golden outputs in {task.setting.runtime}")
    proving.replay(members, runtime, recipe.name)
    return Built(candidate, bundle.write(out, members), out)


def bench(path: Path, task: Task, *, calls: int = 500, progress: Progress = silent) -> DeviceReport:
    """Everything the harness measures of a bundle, in the runtime that it was made for."""
    return local.run(path, runtime=environment.parse(task.setting.runtime), calls=calls, progress=progress)


def _members(task: Task, candidate: Candidate, converter: Converter, progress: Progress) -> dict[str, bytes]:
    recipe = candidate.recipe
    return packing.members(
        candidate.tflite,
        task.base.roles,
        Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap),
        task.catalogue,
        task.k,
        evaluation=task.evaluation,
        golden=_golden(task, candidate, progress),
        baseline=_baseline(task, converter, progress),
        lineage=candidate.lineage,
    )


def _golden(task: Task, candidate: Candidate, progress: Progress) -> Golden:
    def made() -> dict[str, bytes]:
        progress(f"{candidate.recipe.name}: decode the file in NumPy")
        found = packing.golden(candidate.tflite, task.base.roles, task.evaluation, _float_top(task, progress))
        return {
            "users.npy": to_npy(found.users),
            "top.npy": to_npy(found.float_top),
            "scores.npy": to_npy(found.decoded_scores),
        }

    files = cache.files_of(task.key("golden", model=task.base.key, tflite=candidate.sha256), made)
    scores = from_npy(files["scores.npy"], "scores", "<f4", (None, None))
    return Golden(_ids(files["users.npy"], 1), _ids(files["top.npy"], 2), scores)


def _float_top(task: Task, progress: Progress) -> NDArray[np.int32]:
    """Top-k of the float32 Keras model over unseen items for the golden users, int32 [golden users, k]."""

    def made() -> dict[str, bytes]:
        progress("rank with the float32 Keras model")
        rows = packing.golden_users(task.evaluation)
        inputs = {name: values[rows] for name, values in task.evaluation.inputs.items()}
        scores = catalogue_scores(task.base.recommender, inputs)
        seen = task.evaluation.seen.take(rows)
        scores[seen.rows, seen.values] = -np.inf
        return {"top.npy": to_npy(top_k(scores, task.k))}

    return _ids(cache.files_of(task.key("float_top", model=task.base.key), made)["top.npy"], 2)


def _baseline(task: Task, converter: Converter, progress: Progress) -> Baseline | None:
    """Ranks of the held-out items under the float32 .tflite, measured in the runtime; None when nothing is held out."""
    if not len(task.evaluation.relevant.values):
        return None

    def made() -> dict[str, bytes]:
        recipe = find(BASELINE_RECIPE)
        candidate = compress(task.base, recipe, task.setting, converter, progress=progress)
        promise = Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap)
        members = packing.members(
            candidate.tflite, task.base.roles, promise, task.catalogue, task.k, evaluation=task.evaluation
        )
        progress("measure float32 in the runtime")
        return {"ranks.npy": to_npy(proving.baseline(members, environment.parse(task.setting.runtime)).ranks)}

    name = task.key("baseline", model=task.base.key, runtime=task.setting.runtime)
    return Baseline(_ids(cache.files_of(name, made)["ranks.npy"], 1))


def _ids(data: bytes, axes: int) -> NDArray[np.int32]:
    return from_npy(data, "cache entry", "<i4", (None,) * axes).view(np.int32)


def _digest(members: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(name.encode() + b"\0" + hashlib.sha256(members[name]).digest())
    return digest.hexdigest()
