"""The users that choose and those that chose nothing, and what a model reaches with them in the runtime."""

from dataclasses import replace

import numpy as np

from converters.spec import FLOAT32
from device_tests import record
from device_tests.evaluation import EvaluationSet
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec import draft, packing
from edgerec.build import BASELINE_RECIPE, Task
from edgerec.compress import cache
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.pipeline import convert
from edgerec.data.evaluation import of_users
from edgerec.packing import Promise
from edgerec.progress import Progress, silent
from edgerec.search.errors import SearchError
from edgerec.targets import environment

QUALITY = "quality.json"


def halves_of(evaluation: EvaluationSet) -> tuple[EvaluationSet, EvaluationSet]:
    """The users that choose and the others, every second one each. Raises SearchError for fewer than two."""
    if evaluation.users < 2:  # noqa: PLR2004
        raise SearchError(f"the evaluation set has {evaluation.users} users, expected 2 or more: one half chooses")
    return of_users(evaluation, np.arange(0, evaluation.users, 2)), of_users(
        evaluation, np.arange(1, evaluation.users, 2)
    )


def float32_quality(
    task: Task, evaluation: EvaluationSet, converter: Converter, *, progress: Progress = silent
) -> Quality:
    """What the float32 model reaches with some users, in the runtime; measured once."""

    def made() -> dict[str, bytes]:
        whole = convert(task.base, find(BASELINE_RECIPE), task.setting, converter, progress=progress)
        promise = Promise(BASELINE_RECIPE, FLOAT32, task.setting.runtime, 0.0)
        return {QUALITY: record.dumps(in_runtime(task, whole, promise, evaluation)[0]).encode()}

    name = replace(task, evaluation=evaluation).key("quality", model=task.base.key, runtime=task.setting.runtime)
    return record.from_json(Quality, record.parse(cache.files_of(name, made)[QUALITY], QUALITY), QUALITY)


def in_runtime(task: Task, model: bytes, promise: Promise, evaluation: EvaluationSet) -> tuple[Quality, Ids]:
    """What a file reaches with some users in the runtime, and their lists, int32 [users, k]."""
    proof = packing.proof_of(evaluation)
    members = packing.members(model, task.base.roles, promise, task.catalogue, task.k, proof=proof)
    report, lists = draft.ranked(members, environment.parse(task.setting.runtime))
    if report.quality is None:
        raise SearchError(f"the harness reported no quality of {promise.recipe}")
    return report.quality, lists
