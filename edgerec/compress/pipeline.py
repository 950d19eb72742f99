"""A recommender and a recipe become a candidate: train step by step, convert after each, refuse what did not help."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise

from converters import tflite_file
from converters.fit import refuse_misfit
from converters.spec import FLOAT32, NEEDS_REPRESENTATIVE_DATA, ConversionSpec
from converters.tables.coded import Coded, Floats
from device_tests.bundle import deflated_bytes
from edgerec.compress import cache, layers
from edgerec.compress.applying import Training, apply, identity
from edgerec.compress.candidate import Candidate, StepGain
from edgerec.compress.coding import (
    coded_tables,
    decoded_bytes,
    decoded_tables,
    file_with,
    refuse_codecs,
    refuse_unmatched,
)
from edgerec.compress.conversion import Converter
from edgerec.compress.dropping import left_of
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import arrivals, refuse_what_did_not_arrive
from edgerec.compress.recipe import Recipe
from edgerec.compress.rules import refuse
from edgerec.compress.stage import Stage
from edgerec.compress.steps import Cluster, Narrow, Prune, QuantizeAware, Step, Tuning
from edgerec.compress.tuned_tables import in_file, tuned_tables
from edgerec.compress.tuning import Tuned
from edgerec.data.interactions import Interactions
from edgerec.models.examples import sample
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.models.session import THREADS, versions
from edgerec.progress import Progress, silent

REPRESENTATIVE_USERS = 200
LEFT = "left.json"
MODEL, TABLES = "model.tflite", "tables.npz"


@dataclass(frozen=True)
class Setting:
    """What every step of a build shares: training data, seed, the runtime to convert for.

    With `merge_repeats` steps that train feed examples that say the same once, as edgerec.models.training.Fit says.
    """

    data: Interactions
    runtime: str
    seed: int = 0
    merge_repeats: bool = False

    def key(self, kind: str, **parts: object) -> str:
        """A cache key that changes with anything that could change a step's bytes."""
        return cache.key(kind, **self.lineage, **parts)

    @cached_property
    def lineage(self) -> dict[str, object]:
        """What of the setting can change the bytes of any step, as plain values."""
        return {
            "data_sha256": self.data.digest(),
            "seed": self.seed,
            "merge_repeats": self.merge_repeats,
            "threads": THREADS,
            "versions": versions(),
        }


def without_dropped(
    base: Stage, recipe: Recipe, setting: Setting, progress: Progress = silent
) -> tuple[tuple[int, ...] | None, Stage, Setting]:
    """What a recipe starts from: the items that stay, None for all; the recommender and the setting with those alone.

    Raises RecipeError for a recommender whose items cannot be dropped.
    """
    if recipe.drop is None:
        return None, base, setting
    key = setting.key("kept", model=base.key, drop=asdict(recipe.drop))
    left = left_of(base, recipe.drop, setting.data, key, seed=setting.seed, progress=progress)
    return tuple(left.kept.tolist()), left.base, replace(setting, data=left.data)


def stages(base: Stage, recipe: Recipe, setting: Setting, progress: Progress = silent) -> tuple[Stage, ...]:
    """The recommender before any step and after each one. Raises RecipeError for a loop, whose rounds are recipes."""
    if recipe.loop is not None:
        raise RecipeError(
            f"{recipe.name} has a loop, which ends by what its rounds keep: give it to edgerec compress, or write its "
            "steps without it"
        )
    found = [base]
    for index, step in enumerate(recipe.steps):
        found.append(_after(found[-1], step, recipe.steps[:index], setting, progress))
    return tuple(found)


def compress(
    base: Stage, recipe: Recipe, setting: Setting, converter: Converter, *, progress: Progress = silent
) -> Candidate:
    """The candidate that a recipe makes of a recommender.

    The model is converted after every step: a step whose file is smaller neither on disk nor deflated fails the recipe
    unless it says `allow_no_gain`, and zeros and clusters have to be in the file. Layers inside other layers, which no
    step reaches, stand in the lineage as `left_as_they_are`. Items that the recipe drops go before the first step.
    Raises RecipeError and ConversionError.
    """
    refuse_codecs(recipe, setting.runtime)
    whole, lineage = base, setting.lineage
    kept, base, setting = without_dropped(base, recipe, setting, progress)
    chain = stages(base, recipe, setting, progress)
    if any(cache.read(conversion_key(stage, recipe, setting)) is None for stage in chain):
        converter.start()  # it takes seconds, and they pass while the steps train
        if any(coding.layers for coding in recipe.tables):
            refuse_unmatched(serving(base.recommender), recipe.tables)
    untuned = replace(recipe, tuning=None)
    files = [convert(stage, untuned, setting, converter, progress=progress) for stage in chain]
    gains = tuple(
        StepGain(step.do, len(before), len(after), deflated_bytes(before), deflated_bytes(after))
        for step, (before, after) in zip(recipe.steps, pairwise(files), strict=True)
    )
    for step, gain in zip(recipe.steps, gains, strict=True):
        if not gain.smaller and not step.allow_no_gain:
            raise RecipeError(
                f"step {step.do} of {recipe.name} gained nothing: {gain.bytes_before} -> {gain.bytes_after} bytes on "
                f"disk, {gain.deflated_before} -> {gain.deflated_after} deflated; leave it out, or say "
                "allow_no_gain = true in the recipe"
            )
    if recipe.tuning is None:
        last = cache.read(conversion_key(chain[-1], recipe, setting)) or {}
    else:
        last = _tuned(chain, recipe, setting, converter, progress)
        files[-1] = last[MODEL]
    arrived = setting.key("arrival", model=chain[-1].key, tflite=hashlib.sha256(files[-1]).hexdigest())
    tables = decoded_tables(last.get(TABLES))
    proof = cache.files_of(arrived, lambda: _prove_arrival(chain, recipe, files[-1], tables))
    told: dict[str, object] = {
        **lineage,
        "recommender_sha256": whole.sha256,
        "recipe": recipe.as_json(),
        "runtime": setting.runtime,
        "gains": [asdict(gain) for gain in gains],
        "left_as_they_are": json.loads(proof[LEFT]),
    }
    return Candidate(base.roles.name, recipe, files[-1], gains, told, kept)


def convert(
    stage: Stage, recipe: Recipe, setting: Setting, converter: Converter, *, progress: Progress = silent
) -> bytes:
    """The .tflite of one stage in the recipe's precision."""
    spec = recipe.conversion(setting.runtime)

    def made() -> dict[str, bytes]:
        progress(f"{recipe.name}: convert to {spec.precision}")
        recommender = stage.recommender
        refuse(recommender, spec)
        representative = None
        if spec.precision in NEEDS_REPRESENTATIVE_DATA:
            representative = sample(recommender.roles, setting.data, REPRESENTATIVE_USERS, seed=setting.seed)
        return {MODEL: converter.convert(recommender, spec, representative=representative, recipe=recipe.name)}

    def with_tables() -> dict[str, bytes]:
        plain = convert(stage, replace(recipe, precision=FLOAT32, tables=()), setting, converter, progress=progress)
        progress(f"{recipe.name}: store tables")
        served = serving(stage.recommender)
        return _with_tables(
            plain, coded_tables(plain, served, recipe.tables, setting.data, seed=setting.seed), recipe, setting
        )

    return cache.files_of(conversion_key(stage, recipe, setting), with_tables if recipe.tables else made)[MODEL]


def _with_tables(plain: bytes, coded: Mapping[int, Coded], recipe: Recipe, setting: Setting) -> dict[str, bytes]:
    """The files of a cache entry: the .tflite with coded tables, and those decoded."""
    model = file_with(plain, coded, recipe.precision)
    refuse_misfit(tflite_file.parse(model), setting.runtime)
    return {MODEL: model, TABLES: decoded_bytes(coded)}


def _tuned(
    chain: tuple[Stage, ...], recipe: Recipe, setting: Setting, converter: Converter, progress: Progress
) -> dict[str, bytes]:
    """The files of the last stage with its coded tables tuned, taught by the first stage."""
    spec = ConversionSpec(FLOAT32, setting.runtime)

    def made() -> dict[str, bytes]:
        tuned = tuned_of(chain, recipe, setting, converter, progress=progress)
        progress(f"{recipe.name}: convert what was tuned")
        again = converter.convert(tuned.recommender, spec, recipe=recipe.name)
        return _with_tables(again, in_file(again, tuned, setting.data, seed=setting.seed), recipe, setting)

    return cache.files_of(tuned_key(chain, recipe, setting), made)


def tuned_of(
    chain: tuple[Stage, ...],
    recipe: Recipe,
    setting: Setting,
    converter: Converter,
    *,
    progress: Progress = silent,
) -> Tuned:
    """The last stage of a chain tuned with its tables as a recipe stores them, taught by the first one."""
    base, last, tuning = chain[0], chain[-1], recipe.tuning or Tuning()
    plain_recipe = replace(recipe, precision=FLOAT32, tables=(), tuning=None)
    plain = convert(last, plain_recipe, setting, converter, progress=progress)
    served = serving(last.recommender)
    coded = coded_tables(plain, served, recipe.tables, setting.data, seed=setting.seed)
    return tuned_tables(
        plain,
        served,
        coded,
        tuning,
        setting.data,
        teacher=serving(base.recommender),
        seed=setting.seed,
        merge_repeats=setting.merge_repeats,
        progress=lambda line: progress(f"tune: {line}"),
    )


def tuned_key(chain: tuple[Stage, ...], recipe: Recipe, setting: Setting) -> str:
    """The cache key of the .tflite of a chain's last stage with its tables tuned, taught by the first."""
    settings = recipe.as_json()
    parts = {name: settings[name] for name in ("tables", "tuning", "precision")}
    return setting.key("tuned", model=chain[-1].key, teacher=chain[0].key, runtime=setting.runtime, **parts)


def conversion_key(stage: Stage, recipe: Recipe, setting: Setting) -> str:
    """The cache key of one stage's .tflite in the recipe's precision."""
    tables = recipe.as_json()["tables"]
    return setting.key("convert", model=stage.key, precision=recipe.precision, tables=tables, runtime=setting.runtime)


def _prove_arrival(
    chain: tuple[Stage, ...], recipe: Recipe, tflite: bytes, tables: Sequence[Floats]
) -> dict[str, bytes]:
    """Raise RecipeError where zeros or clusters that a recipe's steps made are not in the file.

    Raises it too where a kernel of the shape that a narrowing step gave it is not. Gives what of each kernel arrived,
    and the names of the layers that no step reached.
    """
    kernels: layers.Kernels = {}
    narrowed: layers.Kernels = {}
    left: dict[str, None] = {}
    for step, stage in zip(recipe.steps, chain[1:], strict=True):
        left |= dict.fromkeys(_left(stage.recommender, step))
        if isinstance(step, Narrow):
            narrowed = layers.kernels(stage.recommender, layers.chosen(stage.recommender, ()))
        if isinstance(step, Prune | Cluster):
            kernels.update(layers.kernels(stage.recommender, layers.chosen(stage.recommender, step.layers)))
    arrivals(narrowed, tflite, tables)
    found = arrivals(kernels, tflite, tables)
    refuse_what_did_not_arrive(found)
    told = {name: asdict(each) for name, each in found.items()}
    return {"arrivals.json": json.dumps(told).encode(), LEFT: json.dumps(list(left)).encode()}


def _left(recommender: Recommender, step: Step) -> tuple[str, ...]:
    """Names of the layers inside other layers that a step would work on, and does not reach."""
    return layers.unreached(serving(recommender), () if isinstance(step, QuantizeAware) else step.layers)


def _after(before: Stage, step: Step, earlier: tuple[Step, ...], setting: Setting, progress: Progress) -> Stage:
    name = setting.key("step", model=before.key, step=identity(step), earlier=[identity(each) for each in earlier])

    def made() -> Recommender:
        def told(line: str) -> None:
            progress(f"{step.do}: {line}")

        if left := _left(before.recommender, step):
            told(f"layers inside others are left as they are: {', '.join(left)}")
        training = Training(setting.data, setting.seed, setting.merge_repeats)
        return apply(step, before.recommender, training, earlier=earlier, progress=told)

    return Stage(name, made)
