"""What a bundle was made of, so that the next one can be made of the same and what is new."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from converters.spec import FLOAT32
from device_tests.bundle import LINEAGE, Bundle
from device_tests.record import parse as parse_record
from edgerec.build import Task
from edgerec.codecs.change import Stored
from edgerec.codecs.codec import encoded
from edgerec.codecs.updating import refuse_fixed
from edgerec.compress import cache
from edgerec.compress.candidate import Candidate
from edgerec.compress.coding import chosen_tables, file_with, refuse_codecs
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import Setting, convert, stages, tuned_key, tuned_of
from edgerec.compress.recipe import Recipe
from edgerec.compress.stage import Stage
from edgerec.compress.steps import Narrow
from edgerec.compress.tuning import Tuned
from edgerec.criteria.statistics import Values
from edgerec.data.interactions import Interactions
from edgerec.models.serving import serving
from edgerec.progress import Progress, silent
from edgerec.updates.errors import UpdateError


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is stored, and the second moment of the vectors it is scored with, under which it was coded."""

    stored: Stored
    second_moment: Values | None


@dataclass(frozen=True, eq=False)
class Release:
    """A bundle's task, recipe and .tflite, its coded tables by their layers, and all interactions up to it.

    The task's recommender is the one that the tables were coded of, with everything that the recipe trained;
    `recommender_sha256` is of the one that it was made of.
    """

    task: Task
    recipe: Recipe
    tables: Mapping[tuple[str, ...], Table]
    tflite: bytes
    everything: Interactions
    recommender_sha256: str

    def candidate(self, before: str) -> Candidate:
        """The release as a candidate whose lineage says that it updates the bundle of SHA-256 `before`."""
        task = self.task
        lineage: dict[str, object] = {
            **task.setting.lineage,
            "recommender_sha256": self.recommender_sha256,
            "recipe": self.recipe.as_json(),
            "runtime": task.setting.runtime,
            "updates": before,
        }
        return Candidate(task.base.roles.name, self.recipe, self.tflite, (), lineage)


def refuse_recipe(recipe: Recipe) -> None:
    """Raise UpdateError for a recipe of whose bundles no small update can be made, and CodecError for such a codec.

    Columns removed and tables tuned stay so: an update is of what they left.
    """
    if recipe.drop is not None:
        raise UpdateError(
            f"recipe {recipe.name} drops items, and what is new may be among them: make the bundle anew, so that it is "
            "decided again which items stay"
        )
    undone = [step.do for step in recipe.steps if not isinstance(step, Narrow)]
    if undone:
        raise UpdateError(
            f"recipe {recipe.name} has step {undone[0]}, and a row that is solved anew has no zeros, clusters or "
            "rounding of its own: take one that has only narrow, [[table]] and [tune], such as narrow50_rows4_int8"
        )
    if not recipe.tables:
        raise UpdateError(
            f"recipe {recipe.name} stores no table by its rows, so that an update would change every row: take one "
            "with [[table]], such as rows8_int8 or rows4_int8"
        )
    for coding in recipe.tables:
        refuse_fixed(coding.codec)


def released(
    task: Task, recipe: Recipe, everything: Interactions, converter: Converter, *, progress: Progress = silent
) -> Release:
    """The release that a task and a recipe make, up to its .tflite. Raises as `refuse_recipe` and converting do."""
    refuse_recipe(recipe)
    refuse_codecs(recipe, task.setting.runtime)
    setting, seed = task.setting, task.setting.seed
    chain = stages(task.base, recipe, setting, progress)
    base, tuned = chain[-1], None
    if recipe.tuning is not None:
        tuned = tuned_of(chain, recipe, setting, converter, progress=progress)
        base = _stage(cache.key("tuned", of=tuned_key(chain, recipe, setting)), tuned)
    plain = float32_file(base, setting, converter, progress)
    progress(f"{recipe.name}: store tables")
    chosen = chosen_tables(plain, serving(base.recommender), recipe.tables, setting.data, seed=seed)
    tables, coded = {}, {}
    for each, codec in chosen:
        if tuned is None:
            coded[each.tensor] = encoded(codec, each.values, each.statistics, seed=seed)
        else:
            coded[each.tensor] = tuned.coded[each.names[0]]
        stored = Stored(each.values, codec, coded[each.tensor])
        tables[each.names] = Table(stored, each.statistics.second_moment)
    tflite = file_with(plain, coded, recipe.precision)
    return Release(replace(task, base=base), recipe, tables, tflite, everything, task.base.sha256)


def _stage(key: str, tuned: Tuned) -> Stage:
    return Stage(key, lambda: tuned.recommender)


def refuse_other(release: Release, bundle: Bundle, name: str) -> None:
    """Raise UpdateError unless a bundle holds the very .tflite and vocabulary of a release."""
    if release.tflite == bundle.model and release.task.catalogue.items == bundle.item_ids:
        return
    lineage = parse_record(bundle.members.get(LINEAGE, b"{}"), name)
    expected = release.candidate("").lineage
    told = lineage if isinstance(lineage, dict) else {}
    differs = [field for field in ("recommender_sha256", *expected) if field in told and told[field] != expected[field]]
    why = f"it says another {differs[0]}" if differs else "its .tflite has other bytes"
    raise UpdateError(
        f"{name} is not what this model, recipe and data make, {why}: give those that it was made with, and the new "
        "interactions of every update since, in their order"
    )


def float32_file(base: Stage, setting: Setting, converter: Converter, progress: Progress) -> bytes:
    """The float32 .tflite into which tables are stored."""
    return convert(base, Recipe(FLOAT32, (), FLOAT32, 1.0), setting, converter, progress=progress)
