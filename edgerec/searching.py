"""The smallest bundle that keeps its floors: table codecs searched on half of the test users, proved on the others.

A model that somebody else trained has often seen every interaction but the held-out ones, the validation part too: it
knows those by heart, and what compressing takes from that says little of other users. So candidates are chosen by one
half of the test users, and a finalist has to hold on the other half, which chose nothing, and on all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from converters.rewrite import LEAST_ELEMENTS
from converters.spec import FLOAT32, runtime_version
from device_tests import record
from device_tests import report as report_format
from device_tests.evaluation import EvaluationSet
from device_tests.report import Quality
from edgerec import draft, packing, storage
from edgerec.build import BASELINE_RECIPE, Task, build
from edgerec.codecs.naming import decode
from edgerec.compress import cache
from edgerec.compress.coding import known_tables
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.pipeline import convert, stages
from edgerec.compress.recipe import Recipe, TableCoding, promised
from edgerec.data.evaluation import of_users
from edgerec.floors import Floors, FloorVerdict, judged
from edgerec.gate.budget import Budget
from edgerec.gate.check import check, report_beside
from edgerec.gate.from_quality import floors_of
from edgerec.gate.verdict import Verdict
from edgerec.model_file import read_model_file
from edgerec.models.serving import serving
from edgerec.packing import Promise
from edgerec.progress import Progress, silent
from edgerec.proving import NotProvedError
from edgerec.search import problem as problems
from edgerec.search.errors import SearchError
from edgerec.search.pool import Pool
from edgerec.search.problem import Problem, SearchedTable
from edgerec.search.result import Candidate, Result
from edgerec.search.rounds import Plan, Stop, search
from edgerec.search.sensitivity import Effect, sensitivity
from edgerec.search.setting import SearchSetting
from edgerec.search.space import Choices, OneOf, Space
from edgerec.search.table_trials import FACTORY, PLAIN, label
from edgerec.search.trial import SizeLimits
from edgerec.search.worker_process import Factory
from edgerec.targets import environment, local

NEEDS = ("popularity", "second_moment", "taken")
FINALISTS = 3
QUALITY = "quality.json"
SENSITIVITY = ("rows8", "rows4", "pq8x16")  # tried on each table alone
# By name, from the file that loses least to the smallest: the order in which they are tried on all tables at once.
CODECS = (
    *("rows8", "top25-rows8-rows4", "rows4", "pq16x256", "pq8x256"),
    *("top10-rows8-pq8x64", "pq16x16", "top10-rows4-pq8x16"),
    *("aq8x64", "aq6x64", "aq4x64", "aq4x32"),
    *("pq8x64", "pq8x16", "top25-rows4-shared10"),
)
LITERT_CODECS = (*CODECS, "rows2", "top10-rows8-rows2", "top25-rows4-rows2")


@dataclass(frozen=True)
class Asked:
    """What is searched: a task, the recipe whose steps come first, the budget and floors, and how long."""

    task: Task
    recipe: Recipe
    budget: Budget
    setting: SearchSetting

    @property
    def floors(self) -> Floors:
        """What has to be kept of float32's."""
        return floors_of(self.budget, self.task.k)

    @property
    def limits(self) -> SizeLimits:
        """The most that the app part may take."""
        amounts = {each.name: int(each.amount) for each in self.budget.in_force if each.kind.unit == "bytes"}
        return SizeLimits(amounts.get("download_bytes"), amounts.get("app_bytes"))


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


@dataclass(frozen=True)
class Searched:
    """What a search came to: its result on the users that choose, the finalists, what each table alone loses.

    The last finalist is the winner where it holds; true when it does.
    """

    result: Result
    finalists: tuple[Finalist, ...]
    effects: tuple[Effect, ...]
    folder: Path

    def __bool__(self) -> bool:
        return bool(self.finalists) and bool(self.finalists[-1])

    @property
    def winner(self) -> Finalist | None:
        """The finalist that holds, if any."""
        return self.finalists[-1] if self else None


def prepare(asked: Asked, converter: Converter, *, progress: Progress = silent) -> Problem:
    """What trials need: the float32 file after the recipe's steps, its tables, and what float32 reaches.

    A floor of which half of the users have no evidence is left to all of them, and said. Raises SearchError for a model
    without a table, RecipeError and ConversionError.
    """
    task, recipe, floors = asked.task, asked.recipe, asked.floors
    choosing, _ = halves_of(task.evaluation)
    plain = replace(find(BASELINE_RECIPE), name=recipe.name)
    quality = _float32(task, choosing, converter, progress)
    held = judged(floors, quality, quality)
    for each in held.each:
        if not each:
            progress(f"{label(each.floor)} is left to all users: {each.reason}")
    last = stages(task.base, recipe, task.setting, progress)[-1]
    model = convert(last, plain, task.setting, converter, progress=progress)
    progress("look at the tables")
    known = known_tables(model, serving(last.recommender), NEEDS, task.setting.data, seed=task.setting.seed)
    tables = tuple(
        SearchedTable(each.names[0], each.tensor, each.statistics)
        for each in known
        if each.values.size >= LEAST_ELEMENTS
    )
    if not tables:
        raise SearchError(f"{task.base.roles.name} has no table of {LEAST_ELEMENTS} numbers or more: nothing to search")
    return Problem(
        model=model,
        roles=task.base.roles,
        tables=tables,
        precision=recipe.precision,
        runtime=task.setting.runtime,
        evaluation=choosing,
        catalogue=replace(task.catalogue, titles=()),
        float32=quality,
        floors=Floors(tuple(each.floor for each in held.each if each), floors.strict),
        k=task.k,
        seed=task.setting.seed,
    )


def run(
    asked: Asked, problem: Problem, out: Path, converter: Converter, *, workers: int, progress: Progress = silent
) -> Searched:
    """Search, and prove finalists until one holds; that one is written to `out`.

    The run's folder is named for all that it follows from, so that the same search goes on where it was killed.
    """
    setting, limits, kept = asked.setting, asked.limits, storage.folder("searches")
    with storage.scratch("problem-", within=kept) as scratch:
        folder = kept / problems.save(problem, scratch)[:32]
        if not folder.exists():
            scratch.rename(folder)
    factory = Factory(FACTORY, {"folder": str(folder)})
    codecs = CODECS if runtime_version(problem.runtime) is not None else LITERT_CODECS
    names = tuple(table.name for table in problem.tables)
    space = Space({name: OneOf(codecs) for name in names})
    plan = Plan(space, limits, _first(names, codecs), setting.round_size, setting.seed)
    stop = Stop(setting.trials, no_progress_rounds=setting.no_progress_rounds)
    with Pool(factory, workers) as pool:
        effects = sensitivity(pool, folder, tensors=names, codecs=SENSITIVITY, left=PLAIN, progress=progress)
        result = search(plan, pool, folder, stop, progress=progress)
    finalists = []
    for candidate in _by_size(result, limits)[:FINALISTS]:
        finalist = _proved(asked, candidate, out, converter, progress)
        finalists.append(finalist)
        if finalist:
            break
    return Searched(result, tuple(finalists), effects, folder)


def recipe_of(base: Recipe, choices: Choices, name: str) -> Recipe:
    """The recipe that choices of codecs by table make of another. Raises RecipeError for a name that spells none."""
    tables = []
    for table, choice in choices.items():
        if choice == PLAIN:
            continue
        codec = decode(str(choice))
        if codec is None:
            raise RecipeError(f"{choice!r} spells no codec")
        tables.append(TableCoding(codec, (table,)))
    overlap = promised(base.steps, base.precision, tables)
    return replace(base, name=name, tables=tuple(tables), float_overlap=overlap, summary=_told(choices))


def halves_of(evaluation: EvaluationSet) -> tuple[EvaluationSet, EvaluationSet]:
    """The users that choose and the others, every second one each. Raises SearchError for fewer than two."""
    if evaluation.users < 2:  # noqa: PLR2004
        raise SearchError(f"the evaluation set has {evaluation.users} users, expected 2 or more: one half chooses")
    return of_users(evaluation, np.arange(0, evaluation.users, 2)), of_users(
        evaluation, np.arange(1, evaluation.users, 2)
    )


def _float32(task: Task, evaluation: EvaluationSet, converter: Converter, progress: Progress) -> Quality:
    """What the float32 model reaches with some users, in the runtime; measured once."""

    def made() -> dict[str, bytes]:
        whole = convert(task.base, find(BASELINE_RECIPE), task.setting, converter, progress=progress)
        promise = Promise(BASELINE_RECIPE, FLOAT32, task.setting.runtime, 0.0)
        return {QUALITY: record.dumps(_quality(task, whole, promise, evaluation)).encode()}

    name = replace(task, evaluation=evaluation).key("quality", model=task.base.key, runtime=task.setting.runtime)
    return record.from_json(Quality, record.parse(cache.files_of(name, made)[QUALITY], QUALITY), QUALITY)


def _quality(task: Task, model: bytes, promise: Promise, evaluation: EvaluationSet) -> Quality:
    proof = packing.proof_of(evaluation)
    members = packing.members(model, task.base.roles, promise, task.catalogue, task.k, proof=proof)
    report = draft.ask(members, environment.parse(task.setting.runtime), ("quality",))
    if report.quality is None:
        raise SearchError(f"the harness reported no quality of {promise.recipe}")
    return report.quality


def _first(names: Sequence[str], codecs: Sequence[str]) -> tuple[Choices, ...]:
    """What is tried before anything is sampled: every table by the same codec, from the one that loses least on."""
    return tuple(dict.fromkeys(names, codec) for codec in codecs)


def _by_size(result: Result, limits: SizeLimits) -> list[Candidate]:
    """The candidates that hold everything with the users that choose, the smallest first."""
    held = [each for each in result.candidates if not limits.missed(each.outcome)]
    return sorted(held, key=lambda each: each.size)


def _proved(asked: Asked, candidate: Candidate, out: Path, converter: Converter, progress: Progress) -> Finalist:
    """Build a finalist and have the device judge it; it goes to `out`, with its report beside it, when it holds."""
    recipe = recipe_of(asked.recipe, candidate.choices, f"{asked.recipe.name}_trial{candidate.number}")
    runtime = environment.parse(asked.task.setting.runtime)
    with storage.scratch("finalist-", within=storage.folder("harness")) as scratch:
        draft_path = scratch / out.name
        try:
            built = build(asked.task, recipe, draft_path, converter, progress=progress)
        except NotProvedError as error:
            return Finalist(candidate, recipe, None, None, str(error))
        progress(f"{recipe.name}: measure in {runtime}")
        report = local.run(draft_path, runtime=runtime)
        beside = report_beside(str(out))
        verdict = check(read_model_file(draft_path), {beside: report}, asked.budget)
        _, others = halves_of(asked.task.evaluation)
        promise = Promise(recipe.name, recipe.arithmetic, str(runtime), 0.0)
        unseen = judged(
            asked.floors,
            _float32(asked.task, others, converter, progress),
            _quality(asked.task, built.candidate.tflite, promise, others),
        )
        finalist = Finalist(candidate, recipe, replace(verdict, subject=str(out)), unseen)
        if finalist:
            storage.write_text(Path(beside), report_format.dumps(report))
            storage.write_bytes(out, draft_path.read_bytes())
        return finalist


def _told(choices: Mapping[str, object]) -> str:
    return ", ".join(f"{table} as {choice}" for table, choice in choices.items())
