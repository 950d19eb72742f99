"""The smallest bundle that keeps its floors: table codecs searched on half of the test users, proved on the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from converters.rewrite import LEAST_ELEMENTS
from converters.spec import runtime_version
from edgerec import storage
from edgerec.build import BASELINE_RECIPE, Task
from edgerec.choosing import Proof, float32_quality, floors_to_choose_by, halves_of, prove
from edgerec.codecs.naming import decode
from edgerec.compress.coding import known_tables
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.pipeline import convert, stages
from edgerec.compress.recipe import Recipe, TableCoding, promised
from edgerec.floors import Floors, FloorVerdict
from edgerec.gate.budget import Budget
from edgerec.gate.from_quality import floors_of
from edgerec.gate.verdict import Verdict
from edgerec.models.serving import serving
from edgerec.progress import Progress, silent
from edgerec.search import problem as problems
from edgerec.search.errors import SearchError
from edgerec.search.pool import Pool
from edgerec.search.problem import Problem, SearchedTable
from edgerec.search.result import Candidate, Result
from edgerec.search.rounds import Plan, Stop, search
from edgerec.search.sensitivity import Effect, sensitivity
from edgerec.search.setting import SearchSetting
from edgerec.search.space import Choices, OneOf, Space
from edgerec.search.table_trials import FACTORY, PLAIN
from edgerec.search.trial import SizeLimits
from edgerec.search.worker_process import Factory

NEEDS = ("popularity", "second_moment", "taken")
FINALISTS = 3
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
        return bool(Proof(self.verdict, self.unseen, self.why))


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
    quality = float32_quality(task, choosing, converter, progress)
    kept = floors_to_choose_by(floors, quality, progress)
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
        floors=kept,
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


def _first(names: Sequence[str], codecs: Sequence[str]) -> tuple[Choices, ...]:
    """What is tried before anything is sampled: every table by the same codec, from the one that loses least on."""
    return tuple(dict.fromkeys(names, codec) for codec in codecs)


def _by_size(result: Result, limits: SizeLimits) -> list[Candidate]:
    """The candidates that hold everything with the users that choose, the smallest first."""
    held = [each for each in result.candidates if not limits.missed(each.outcome)]
    return sorted(held, key=lambda each: each.size)


def _proved(asked: Asked, candidate: Candidate, out: Path, converter: Converter, progress: Progress) -> Finalist:
    recipe = recipe_of(asked.recipe, candidate.choices, f"{asked.recipe.name}_trial{candidate.number}")
    proof = prove(asked.task, recipe, asked.budget, out, converter, progress=progress)
    return Finalist(candidate, recipe, proof.verdict, proof.unseen, proof.why)


def _told(choices: Mapping[str, object]) -> str:
    return ", ".join(f"{table} as {choice}" for table, choice in choices.items())
