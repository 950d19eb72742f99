"""The whole line: a recommender and a recipe become a bundle, and the bundle is proved in the runtime that ships."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from device_tests import bundle
from device_tests.bundle import Bundle
from device_tests.evaluation import EvaluationSet, from_npy, to_npy
from device_tests.ranking import Ids, Scores
from edgerec import judging, packing, proving
from edgerec.compress import cache
from edgerec.compress.candidate import Candidate
from edgerec.compress.conversion import Converter
from edgerec.compress.dropping import evaluation_of_kept, roles_of_kept
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.pipeline import Setting, compress
from edgerec.compress.recipe import Recipe
from edgerec.compress.stage import Stage
from edgerec.models.roles import Roles
from edgerec.models.serving import catalogue_scores
from edgerec.packing import Catalogue, Promise
from edgerec.progress import Progress, silent
from edgerec.targets import environment

BASELINE_RECIPE = "float32"
FLOAT_TOP = "top.npy"


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
class Dropped:
    """What can no longer be recommended: how many items of the catalogue, and how many of what was held out."""

    items: int
    catalogue: int
    held_out: int
    held_out_in_all: int


@dataclass(frozen=True)
class Built:
    """A candidate as a bundle on disk, and what its recipe dropped, None where it kept every item."""

    candidate: Candidate
    bundle: Bundle
    path: Path
    dropped: Dropped | None = None


def build(task: Task, recipe: Recipe, out: Path, converter: Converter, *, progress: Progress = silent) -> Built:
    """Compress, convert, pack, replay the golden outputs in the exact runtime, and only then write the bundle to `out`.

    Raises NotProvedError, with nothing written, when the runtime does not answer as it should, and PackingError before
    anything is trained where vocabulary, k and model do not fit, RecipeError where too few items would be left.
    """
    items = task.base.roles.items
    packing.refuse_misfit(task.base.roles, task.catalogue, task.k)  # before minutes of training
    if recipe.drop is not None and not isinstance(recipe.drop.keep, str) and recipe.drop.least(items) < task.k:
        raise RecipeError(
            f"keep is {recipe.drop.keep:g}, which leaves {recipe.drop.least(items)} of {items} items for lists of "
            f"{task.k}: keep more, or take a smaller k"
        )
    environment.parse(task.setting.runtime)
    candidate = compress(task.base, recipe, task.setting, converter, progress=progress)
    return bundled(task, candidate, out, converter, progress=progress)


def bundled(task: Task, candidate: Candidate, out: Path, converter: Converter, *, progress: Progress = silent) -> Built:
    """Pack a candidate, replay its golden outputs in the exact runtime, and only then write the bundle to `out`.

    Raises as `build` does.
    """
    name = candidate.recipe.name
    asked = _asked(task, candidate)
    members = _members(task, asked, candidate, converter, progress)
    progress(f"{name}: replay golden outputs in {task.setting.runtime}")
    proving.replay(members, environment.parse(task.setting.runtime), name)
    return Built(candidate, bundle.write(out, members), out, asked.dropped)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What a candidate is asked in its own ids, which are those of the task unless items were dropped."""

    roles: Roles
    evaluation: EvaluationSet
    catalogue: Catalogue
    dropped: Dropped | None = None


def _asked(task: Task, candidate: Candidate) -> _Asked:
    roles, evaluation, catalogue = task.base.roles, task.evaluation, task.catalogue
    if candidate.kept is None:
        return _Asked(roles, evaluation, catalogue)
    kept, held_out = np.array(candidate.kept, np.int32), evaluation.relevant.values
    lost = int(np.isin(held_out, kept, invert=True).sum())
    return _Asked(
        roles_of_kept(roles, kept),
        evaluation_of_kept(evaluation, roles, kept),
        catalogue.without_dropped(candidate.kept),
        Dropped(roles.items - len(kept), roles.items, lost, len(held_out)),
    )


def _members(
    task: Task, asked: _Asked, candidate: Candidate, converter: Converter, progress: Progress
) -> dict[str, bytes]:
    recipe = candidate.recipe
    dropped = {} if asked.dropped is None else {"dropped": asdict(asked.dropped)}
    return packing.members(
        candidate.tflite,
        asked.roles,
        Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap),
        asked.catalogue,
        task.k,
        proof={
            **packing.proof_of(asked.evaluation),
            **_golden(task, asked, candidate, progress),
            **baseline_proof(task, converter, progress=progress),
        },
        lineage={**candidate.lineage, **dropped},
    )


def _golden(task: Task, asked: _Asked, candidate: Candidate, progress: Progress) -> dict[str, bytes]:
    """The members of the golden outputs."""

    def made() -> dict[str, bytes]:
        progress(f"{candidate.recipe.name}: decode the file in NumPy")
        lists, runtime = _float_top(task, progress), task.setting.runtime
        golden = packing.golden(candidate.tflite, asked.roles, asked.evaluation, lists, runtime=runtime)
        return packing.proof_of(golden)

    own = replace(task, evaluation=asked.evaluation)
    key = own.key("golden", model=task.base.key, tflite=candidate.sha256, runtime=task.setting.runtime)
    return cache.files_of(key, made)


def _float_top(task: Task, progress: Progress) -> Ids:
    """Top-k of the float32 Keras model over unseen items for the golden users, int32 [golden users, k]."""

    def scores(rows: judging.Rows) -> Scores:
        inputs = {name: values[rows] for name, values in task.evaluation.inputs.items()}
        return catalogue_scores(task.base.recommender, inputs)

    def made() -> dict[str, bytes]:
        progress("rank with the float32 Keras model")
        rows = packing.golden_users(task.evaluation)
        return {FLOAT_TOP: to_npy(judging.lists(scores, task.evaluation, task.k, rows))}

    files = cache.files_of(task.key("float_top", model=task.base.key), made)
    return from_npy(files[FLOAT_TOP], FLOAT_TOP, "<i4", (None, task.k)).view(np.int32)


def baseline_proof(task: Task, converter: Converter, *, progress: Progress = silent) -> dict[str, bytes]:
    """The members of float32's ranks of the held-out items, measured on its .tflite; none when nothing is held out."""
    if not len(task.evaluation.relevant.values):
        return {}

    def made() -> dict[str, bytes]:
        recipe = find(BASELINE_RECIPE)
        candidate = compress(task.base, recipe, task.setting, converter, progress=progress)
        promise = Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap)
        proof = packing.proof_of(task.evaluation)
        members = packing.members(candidate.tflite, task.base.roles, promise, task.catalogue, task.k, proof=proof)
        progress("measure float32 in the runtime")
        return packing.proof_of(proving.baseline(members, environment.parse(task.setting.runtime)))

    return cache.files_of(task.key("baseline", model=task.base.key, runtime=task.setting.runtime), made)


def _digest(members: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(name.encode() + b"\0" + hashlib.sha256(members[name]).digest())
    return digest.hexdigest()
