"""The smallest candidates of a search, built by their recipes and judged in the runtime until one holds."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device_tests import ranking
from device_tests import report as report_format
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec import storage
from edgerec.build import bundled
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import compress
from edgerec.compress.recipe import Recipe
from edgerec.floors import FloorVerdict, judged
from edgerec.gate.check import check, report_beside
from edgerec.gate.verdict import Verdict
from edgerec.model_file import read_model_file
from edgerec.packing import Promise
from edgerec.progress import Progress, silent
from edgerec.proving import NotProvedError
from edgerec.search.asked import Asked
from edgerec.search.halves import float32_quality, halves_of, in_runtime
from edgerec.search.problem import Problem
from edgerec.search.result import Candidate
from edgerec.search.table_choices import recipe_of
from edgerec.search.table_trials import Evaluated, TableTrials
from edgerec.targets import environment, local

FINALISTS = 3
LEAST_OVERLAP, MOST_RECALL_APART = 0.995, 0.001  # of the fast evaluator with the runtime


@dataclass(frozen=True)
class Finalist:
    """A candidate of the search as a bundle, judged on the test users; true when it holds all of the budget.

    `verdict` is of all test users, `unseen` of the half that chose nothing. Without them `why` says why there is no
    bundle to judge.
    """

    candidate: Candidate
    recipe: Recipe
    verdict: Verdict | None
    unseen: FloorVerdict | None
    why: str = ""

    def __bool__(self) -> bool:
        return (
            bool(self.verdict)
            and self.unseen is not None
            and not any(one.state == "missed" for one in self.unseen.each)
        )


def proved(
    asked: Asked,
    problem: Problem,
    candidates: Sequence[Candidate],
    out: Path,
    converter: Converter,
    *,
    progress: Progress = silent,
) -> tuple[Finalist, ...]:
    """Judge the first candidates, up to FINALISTS, until one holds; that one, the last, is written to `out`."""
    trials, finalists = TableTrials(problem), list[Finalist]()
    for candidate in candidates[:FINALISTS]:
        progress(f"trial {candidate.number}: build and prove")
        finalists.append(_proved(asked, candidate, trials, out=out, converter=converter, progress=progress))
        if finalists[-1]:
            break
    return tuple(finalists)


def disagreement(found: Evaluated, quality: Quality, lists: Ids, k: int) -> str:
    """Say how far the fast evaluator is from the runtime where that is too far; "" where they agree."""
    overlap = float(np.mean(ranking.overlap(found.lists, lists)))
    apart = abs(found.quality.metric("recall", k) - quality.metric("recall", k))
    if overlap >= LEAST_OVERLAP and apart <= MOST_RECALL_APART:
        return ""
    return (
        f"the runtime ranks otherwise than the search did: lists overlap by {overlap:.4f}, expected {LEAST_OVERLAP} "
        f"or more, and recall@{k} is {apart:.4f} apart, expected {MOST_RECALL_APART} or less"
    )


def _proved(
    asked: Asked, candidate: Candidate, trials: TableTrials, *, out: Path, converter: Converter, progress: Progress
) -> Finalist:
    """Build a candidate and have the runtime judge it; it goes to `out`, with its report beside it, when it holds."""
    task = asked.task
    recipe = recipe_of(asked.recipe, candidate.choices, f"{asked.recipe.name}_trial{candidate.number}")
    made = compress(task.base, recipe, task.setting, converter, progress=progress)
    promise = Promise(recipe.name, recipe.arithmetic, task.setting.runtime, 0.0)
    halves = halves_of(task.evaluation)
    with storage.scratch("finalist-", within=storage.folder("harness")) as scratch, ThreadPoolExecutor(2) as beside:
        measured = [beside.submit(in_runtime, task, made.tflite, promise, half) for half in halves]
        try:
            built = bundled(task, made, scratch / out.name, converter, progress=progress)
        except NotProvedError as error:
            return Finalist(candidate, recipe, None, None, str(error))
        found = trials.evaluated(candidate.choices)
        (choosing, lists), (others, _) = (one.result() for one in measured)
        if found is not None and (why := disagreement(found, choosing, lists, task.k)):
            return Finalist(candidate, recipe, None, None, why)
        progress(f"{recipe.name}: measure in {task.setting.runtime}")  # alone, for its latency
        report = local.run(built.path, runtime=environment.parse(task.setting.runtime))
        place = report_beside(str(out))
        verdict = check(read_model_file(built.path), {place: report}, asked.budget)
        unseen = judged(asked.floors, float32_quality(task, halves[1], converter), others)
        finalist = Finalist(candidate, recipe, replace(verdict, subject=str(out)), unseen)
        if finalist:
            storage.write_text(Path(place), report_format.dumps(report))
            storage.write_bytes(out, built.path.read_bytes())
        return finalist
