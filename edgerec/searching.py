"""The smallest bundle that keeps its floors: columns and codecs chosen by half of the test users, the rest proves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from converters.rewrite import LEAST_ELEMENTS
from edgerec import storage
from edgerec.build import BASELINE_RECIPE, baseline_proof
from edgerec.choosing import float32_quality, floors_to_choose_by, halves_of
from edgerec.compress import cache
from edgerec.compress.coding import known_tables
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.pipeline import convert, stages
from edgerec.compress.recipe import Recipe
from edgerec.finalists import Finalist, proved
from edgerec.models.serving import serving
from edgerec.progress import Progress, silent
from edgerec.search import problem as problems
from edgerec.search.asked import Asked
from edgerec.search.errors import SearchError
from edgerec.search.pool import Pool
from edgerec.search.problem import Problem, SearchedTable, Structure
from edgerec.search.result import Result
from edgerec.search.rounds import Plan, Stop, search
from edgerec.search.sensitivity import Effect, sensitivity
from edgerec.search.table_choices import NARROWED, PLAIN, SENSITIVITY, first_of, space_of
from edgerec.search.table_trials import FACTORY
from edgerec.search.worker_process import Factory

NEEDS = ("popularity", "second_moment", "taken")


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

    The same once more for every way to leave columns out, each converted once. A floor of which half of the users have
    no evidence is left to all of them, and said. Raises SearchError for a model without a table, RecipeError and
    ConversionError.
    """
    task, recipe = asked.task, asked.recipe
    if recipe.drop is not None:
        raise RecipeError(f'{recipe.name} says rows = "drop", and a search ranks the whole catalogue: leave it out')
    halves = halves_of(task.evaluation)
    convert(task.base, find(BASELINE_RECIPE), task.setting, converter, progress=progress)
    with ThreadPoolExecutor(1) as beside:  # the runtime has a core of its own while models are converted
        qualities = [beside.submit(float32_quality, task, half, converter) for half in halves]
        baseline = beside.submit(baseline_proof, task, converter)
        whole = _structure(asked, recipe, "", converter, progress)
        if not whole.tables:
            name = task.base.roles.name
            raise SearchError(f"{name} has no table of {LEAST_ELEMENTS} numbers or more: nothing to search")
        narrowed = _narrowed(asked, whole, converter, progress)
        quality, _ = (one.result() for one in qualities)
        baseline.result()
    return Problem(
        model=whole.model,
        roles=task.base.roles,
        tables=whole.tables,
        precision=recipe.precision,
        runtime=task.setting.runtime,
        evaluation=halves[0],
        catalogue=replace(task.catalogue, titles=()),
        float32=quality,
        floors=floors_to_choose_by(asked.floors, quality, progress),
        k=task.k,
        seed=task.setting.seed,
        narrowed=narrowed,
    )


def run(
    asked: Asked, problem: Problem, out: Path, converter: Converter, *, workers: int, progress: Progress = silent
) -> Searched:
    """Search, and prove candidates of the front, from the smallest that holds on; the first to hold goes to `out`.

    Each has a greater margin than the one before: what the users that choose made look too good gives way to it.

    The run's folder is named for all that it follows from, our code too: the same search goes on where it was killed.
    """
    setting, limits, kept = asked.setting, asked.limits, storage.folder("searches")
    with storage.scratch("problem-", within=kept) as scratch:
        folder = kept / cache.key("search", problem=problems.save(problem, scratch))[:32]
        if not folder.exists():
            scratch.rename(folder)
    factory = Factory(FACTORY, {"folder": str(folder)})
    tables, narrowed = [table.name for table in problem.tables], [one.name for one in problem.narrowed]
    spelled = (tables, narrowed, problem.runtime)
    plan = Plan(space_of(*spelled), limits, first_of(*spelled), setting.round_size, setting.seed)
    stop = Stop(setting.trials, no_progress_rounds=setting.no_progress_rounds)
    with Pool(factory, workers) as pool:
        effects = sensitivity(pool, folder, tensors=tables, codecs=SENSITIVITY, left=PLAIN, progress=progress)
        result = search(plan, pool, folder, stop, progress=progress)
    held = [each for each in result.front if not limits.missed(each.outcome)]
    finalists = proved(asked, problem, held, out, converter, progress=progress)
    return Searched(result, finalists, effects, folder)


def _narrowed(asked: Asked, whole: Structure, converter: Converter, progress: Progress) -> tuple[Structure, ...]:
    """The model in each way to leave columns out that it allows, where the recipe trains nothing."""
    if asked.recipe.steps:
        return ()
    found = []
    for name, step in NARROWED.items():
        try:
            made = _structure(asked, replace(asked.recipe, steps=(step,)), name, converter, progress)
        except RecipeError as error:
            progress(f"{name} is not tried: {error}")
            continue
        if [table.name for table in made.tables] == [table.name for table in whole.tables]:
            found.append(made)
    return tuple(found)


def _structure(asked: Asked, recipe: Recipe, name: str, converter: Converter, progress: Progress) -> Structure:
    task = asked.task
    last = stages(task.base, recipe, task.setting, progress)[-1]
    plain = replace(find(BASELINE_RECIPE), name=name or recipe.name)
    model = convert(last, plain, task.setting, converter, progress=progress)
    progress("look at the tables")
    known = known_tables(model, serving(last.recommender), NEEDS, task.setting.data, seed=task.setting.seed)
    tables = tuple(
        SearchedTable(each.names[0], each.tensor, each.statistics)
        for each in known
        if each.values.size >= LEAST_ELEMENTS
    )
    return Structure(name, model, tables)
