"""The demo: train a history recommender on MovieTweetings, compress it by several recipes, prove each one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from converters.errors import ConverterError
from device_tests import metrics
from device_tests import report as report_format
from device_tests.bundle import Bundle
from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.report import DeviceReport
from edgerec import judging, storage
from edgerec.build import Task, build
from edgerec.compress.conversion import ConversionError, Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.pipeline import Setting
from edgerec.compress.recipe import Recipe
from edgerec.compress.stage import Stage
from edgerec.config import FILE_NAME, parse_config
from edgerec.data import movietweetings
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, last_n, split
from edgerec.gate.budget import NO_LIMITS
from edgerec.gate.from_reports import ANYWHERE
from edgerec.gate.plan import plan, read_and_check
from edgerec.models import baselines, reference, training
from edgerec.models.recommender import Recommender
from edgerec.models.saving import save
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.packing import Catalogue
from edgerec.progress import Progress, silent
from edgerec.proving import NotProvedError
from edgerec.results import Result, result
from edgerec.targets import environment, local
from edgerec.targets.job import Job
from edgerec.targets.target import RunError

RECIPES = ("float32", "float16", "int8", "full_int8", "prune50_int8", "prune80_int8")
FLOAT32 = RECIPES[0]
SHIPS = "prune80_int8"
NAME = "gru"
FIT = reference.REFERENCE_MODELS[NAME].fit
K = 10
CANDIDATES = 99  # negatives beside each held-out film, from its own half by popularity
SEED = 0
EASE_REGULARIZATION = 300.0
ITS_OWN_FAULT = (RecipeError, ConversionError, ConverterError, NotProvedError, RunError)
"""What ends one recipe and leaves the others their chance, unlike a disk that is full."""

CONFIG = """# What was trained on what, and what it may weigh and lose: `edgerec check` holds bundles to that.
[model]
path = "{model}"
inputs = {{ history = {{ role = "history", padding_id = {padding_id} }} }}

[data]
path = "movietweetings"
candidates = {candidates}

[target]
runtime = "{runtime}"

[budget]
recall_kept = "95 %"
golden = true
flex = false
user_table = false
oldest_runtime = "2.14.0"
"""
SHIPPING = """
[[bundle]]
path = "{bundle}"
reports = ["{report}"]
budget = {{ download_bytes = "{download}" }}
"""


@dataclass(frozen=True)
class Failed:
    """A recipe that gave no bundle, and the sentence that says why."""

    recipe: str
    why: str


@dataclass(frozen=True)
class Demo:
    """What the demo found: hit rates of what it compares with, one result a recipe, and where everything lies.

    `bundle` would ship, `report` is what was measured of it, `float32` is the bundle that it is compared with.
    """

    baselines: dict[str, float]
    results: tuple[Result, ...]
    failed: tuple[Failed, ...]
    runtime: str
    folder: Path
    bundle: Path
    report: Path
    float32: Path


def run(out: Path, *, recipes: Sequence[str] = RECIPES, fit: Fit = FIT, progress: Progress = silent) -> Demo:
    """Train (once, then cached), compress by each recipe, bench in the device runtime, check; files go to `out`.

    float32 comes first, asked for or not: all others are compared with it, so its failure is raised. Another recipe
    that fails is told in `failed`, and the rest go on.
    """
    chosen = [find(name) for name in dict.fromkeys((FLOAT32, *recipes))]
    parts = split(movietweetings.load(), last_n(1), seed=SEED)
    task = _task(parts, fit, progress)
    with storage.telling(out):
        out.mkdir(parents=True, exist_ok=True)
    model = out / f"{NAME}.keras"
    if not model.exists():
        save(task.base.recommender, model)
    config = CONFIG.format(
        model=model.name,
        padding_id=task.base.roles.inputs[0].padding_id,
        candidates=CANDIDATES,
        runtime=task.setting.runtime,
    )
    results: list[Result] = []
    failed: list[Failed] = []
    with Converter() as converter:
        for recipe in chosen:
            path = _bundle(out, recipe.name)
            try:
                made, report = _measured(task, recipe, path, converter, progress)
            except ITS_OWN_FAULT as why:
                if not results:
                    raise
                progress(f"{recipe.name}: failed")
                failed.append(Failed(recipe.name, str(why)))
                continue
            storage.write_text(_report(path), report_format.dumps(report))
            (verdict,) = read_and_check(plan(parse_config(config), [path], [_report(path)], NO_LIMITS), ANYWHERE)
            float32 = results[0].download_bytes if results else made.download_bytes
            results.append(result(made, report, float32_download=float32, verdict=bool(verdict)))
    ships = next((each for each in results if each.recipe == SHIPS), results[-1])
    shipped = _bundle(out, ships.recipe)
    limit = f"{-(-ships.download_bytes * 105 // 100 // 1024)} KiB"
    entry = SHIPPING.format(bundle=shipped.name, report=_report(shipped).name, download=limit)
    storage.write_text(out / FILE_NAME, config + entry)
    return Demo(
        baselines=_baselines(parts, task.evaluation, progress),
        results=tuple(results),
        failed=tuple(failed),
        runtime=task.setting.runtime,
        folder=out,
        bundle=shipped,
        report=_report(shipped),
        float32=_bundle(out, FLOAT32),
    )


def _measured(
    task: Task, recipe: Recipe, path: Path, converter: Converter, progress: Progress
) -> tuple[Bundle, DeviceReport]:
    """Build a recipe's bundle at `path`, and have the harness measure it."""
    built = build(task, recipe, path, converter, progress=progress)
    progress(f"{recipe.name}: measure in {task.setting.runtime}")
    return built.bundle, local.run(Job(path, environment.parse(task.setting.runtime))).report


def _task(parts: Split, fit: Fit, progress: Progress) -> Task:
    data = parts.seen("test")
    setting = Setting(data, str(environment.DEFAULT), SEED)
    base = Stage(setting.key("demo", fit=asdict(fit)), lambda: _trained(data, fit, progress))
    history = Input("history", "history", reference.HISTORY_LENGTH, data.items + 1, data.items)
    catalogue = Catalogue(data.item_ids, titles=movietweetings.titles())
    return Task(base, setting, evaluation_set(parts, (history,), candidates=CANDIDATES, seed=SEED), catalogue, K)


def _trained(data: Interactions, fit: Fit, progress: Progress) -> Recommender:
    progress("import TensorFlow")
    session().seed(SEED)
    untrained = reference.gru(data.items)
    return training.train(untrained, data, fit, progress=lambda line: progress(f"train: {line}"))


def _baselines(parts: Split, evaluation: EvaluationSet, progress: Progress) -> dict[str, float]:
    """Hit rate at K of what needs no neural network, on the same users."""
    progress("judge most popular and EASE")
    users = evaluated_users(parts)
    scorers = {"most popular": baselines.most_popular(parts), "EASE": baselines.ease(parts, EASE_REGULARIZATION)}

    def hit_rate(scorer: baselines.Scorer) -> float:
        return judging.judge(lambda rows: scorer(users[rows]), evaluation).mean(metrics.hit_rate, K)

    return {name: hit_rate(scorer) for name, scorer in scorers.items()}


def _bundle(out: Path, recipe: str) -> Path:
    return out / f"{NAME}-{recipe}.edgerec"


def _report(path: Path) -> Path:
    return path.with_suffix(".report.json")
