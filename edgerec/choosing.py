"""The test users that choose among compressed models, those that prove the choice, and what a file reaches with them.

A model that somebody else trained has often seen every interaction but the held-out ones, the validation part too: it
knows those by heart, and what compressing takes from that says little of other users. So one half of the test users
chooses, and what was chosen has to hold on the other half, which chose nothing, and on all.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from converters.spec import FLOAT32
from device_tests import record
from device_tests import report as report_format
from device_tests.evaluation import EvaluationSet
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec import draft, packing, storage
from edgerec.build import BASELINE_RECIPE, Task, bundled
from edgerec.compress import cache
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.pipeline import compress, convert
from edgerec.compress.recipe import Recipe
from edgerec.data.evaluation import of_users
from edgerec.errors import EdgerecError
from edgerec.floors import Floors, FloorVerdict, judged
from edgerec.gate.budget import Budget
from edgerec.gate.check import check, reports_beside
from edgerec.gate.from_quality import floors_of
from edgerec.gate.verdict import Verdict
from edgerec.model_file import read_model_file
from edgerec.packing import Promise
from edgerec.progress import Progress, silent
from edgerec.proving import NotProvedError
from edgerec.search.table_trials import label
from edgerec.targets import environment, local
from edgerec.targets.job import Job

QUALITY = "quality.json"


class ChoosingError(EdgerecError):
    """Users of whom no half can choose, or a file of which the harness says nothing."""


Doubt = Callable[[Quality, Ids], str]


def no_doubt(_: Quality, __: Ids) -> str:
    """Say nothing against a candidate."""
    return ""


@dataclass(frozen=True)
class Proof:
    """What the test users say of a chosen candidate; true when it holds all of the budget.

    `verdict` is of all test users, `unseen` of the half that chose nothing. Without them `why` says why there is no
    bundle to judge.
    """

    verdict: Verdict | None
    unseen: FloorVerdict | None
    why: str = ""

    def __bool__(self) -> bool:
        return (
            bool(self.verdict)
            and self.unseen is not None
            and not any(one.state == "missed" for one in self.unseen.each)
        )


def halves_of(evaluation: EvaluationSet) -> tuple[EvaluationSet, EvaluationSet]:
    """The users that choose and the others, every second one each. Raises ChoosingError for fewer than two."""
    if evaluation.users < 2:  # noqa: PLR2004
        raise ChoosingError(f"the evaluation set has {evaluation.users} users, expected 2 or more: one half chooses")
    return of_users(evaluation, np.arange(0, evaluation.users, 2)), of_users(
        evaluation, np.arange(1, evaluation.users, 2)
    )


def floors_to_choose_by(floors: Floors, float32: Quality, progress: Progress = silent) -> Floors:
    """The floors of which float32's quality gives evidence; those left to all users are said."""
    held = judged(floors, float32, float32)
    for each in held.each:
        if not each:
            progress(f"{label(each.floor)} is left to all users: {each.reason}")
    return Floors(tuple(each.floor for each in held.each if each), floors.strict)


def float32_quality(
    task: Task, evaluation: EvaluationSet, converter: Converter, progress: Progress = silent
) -> Quality:
    """What the float32 model reaches with some users, in the runtime; measured once."""

    def made() -> dict[str, bytes]:
        whole = convert(task.base, find(BASELINE_RECIPE), task.setting, converter, progress=progress)
        promise = Promise(BASELINE_RECIPE, FLOAT32, task.setting.runtime, 0.0)
        return {QUALITY: record.dumps(in_runtime(task, whole, promise, evaluation)[0]).encode()}

    name = replace(task, evaluation=evaluation).key("quality", model=task.base.key, runtime=task.setting.runtime)
    return record.from_json(Quality, record.parse(cache.files_of(name, made)[QUALITY], QUALITY), QUALITY)


def in_runtime(task: Task, model: bytes, promise: Promise, evaluation: EvaluationSet) -> tuple[Quality, Ids]:
    """What a .tflite reaches with some users in the runtime, and their lists, int32 [users, k].

    Raises ChoosingError where the harness does not say.
    """
    proof = packing.proof_of(evaluation)
    members = packing.members(model, task.base.roles, promise, task.catalogue, task.k, proof=proof)
    report, lists = draft.ranked(members, environment.parse(task.setting.runtime))
    if report.quality is None:
        raise ChoosingError(f"the harness reported no quality of {promise.recipe}")
    return report.quality, lists


def prove(
    task: Task,
    recipe: Recipe,
    budget: Budget,
    out: Path,
    converter: Converter,
    *,
    doubt: Doubt = no_doubt,
    progress: Progress = silent,
) -> Proof:
    """Build what was chosen and have the device judge it; when it holds it goes to `out`, its report beside it.

    `doubt` takes what the runtime gave for the users that choose, and their lists; what it says ends the proof.
    """
    runtime = environment.parse(task.setting.runtime)
    candidate = compress(task.base, recipe, task.setting, converter, progress=progress)
    promise = Promise(recipe.name, recipe.arithmetic, str(runtime), 0.0)
    halves = halves_of(task.evaluation)
    with storage.scratch("finalist-", within=storage.folder("harness")) as scratch, ThreadPoolExecutor(2) as beside:
        measured = [beside.submit(in_runtime, task, candidate.tflite, promise, half) for half in halves]
        try:
            built = bundled(task, candidate, scratch / out.name, converter, progress=progress)
        except NotProvedError as error:
            return Proof(None, None, str(error))
        (choosing, lists), (others, _) = (one.result() for one in measured)
        if why := doubt(choosing, lists):
            return Proof(None, None, why)
        progress(f"{recipe.name}: measure in {runtime}")  # alone, for its latency
        report = local.run(Job(built.path, runtime)).report
        place = reports_beside(str(out))[0]
        verdict = check(read_model_file(built.path), {place: report}, budget.alone)
        float32 = float32_quality(task, halves[1], converter, progress)
        proof = Proof(replace(verdict, subject=str(out)), judged(floors_of(budget, task.k), float32, others))
        if proof:
            storage.write_text(Path(place), report_format.dumps(report))
            storage.write_bytes(out, built.path.read_bytes())
        return proof
