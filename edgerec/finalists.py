"""Candidates of a search, built by their recipes and judged in the runtime until one holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_tests import ranking
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec.choosing import Proof, prove
from edgerec.compress.conversion import Converter
from edgerec.compress.recipe import Recipe
from edgerec.progress import Progress, silent
from edgerec.search.asked import Asked
from edgerec.search.problem import Problem
from edgerec.search.result import Candidate
from edgerec.search.table_choices import recipe_of
from edgerec.search.table_trials import Evaluated, TableTrials

LEAST_OVERLAP, MOST_RECALL_APART = 0.995, 0.001  # of the fast evaluator with the runtime


@dataclass(frozen=True)
class Finalist:
    """A candidate of the search, the recipe that builds it, and its proof; true when it holds all of the budget."""

    candidate: Candidate
    recipe: Recipe
    proof: Proof

    def __bool__(self) -> bool:
        return bool(self.proof)


def proved(
    asked: Asked,
    problem: Problem,
    candidates: Sequence[Candidate],
    out: Path,
    converter: Converter,
    *,
    progress: Progress = silent,
) -> tuple[Finalist, ...]:
    """Judge candidates in their order until one holds; that one, the last, is written to `out`."""
    trials, finalists = TableTrials(problem), list[Finalist]()
    for candidate in candidates:
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

    def doubt(quality: Quality, lists: Ids) -> str:
        found = trials.evaluated(candidate.choices)
        return "" if found is None else disagreement(found, quality, lists, task.k)

    proof = prove(task, recipe, asked.budget, out, converter, doubt=doubt, progress=progress)
    return Finalist(candidate, recipe, proof)
