"""What a recipe will do before it is run: its steps, what of it is cached, and how large the file will be."""

from dataclasses import dataclass

from converters.rewrite import LEAST_ELEMENTS
from converters.spec import DYNAMIC_INT8, FLOAT16, FLOAT32, FULL_INT8, INT16
from edgerec.codecs.naming import told
from edgerec.compress.cache import read
from edgerec.compress.coding import table_bytes
from edgerec.compress.narrowing import in_shape
from edgerec.compress.pipeline import Setting, conversion_key, stages, tuned_key, without_dropped
from edgerec.compress.recipe import Recipe
from edgerec.compress.stage import Stage
from edgerec.compress.steps import Narrow
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving

BYTES_A_WEIGHT = {FLOAT32: 4, FLOAT16: 2, DYNAMIC_INT8: 1, FULL_INT8: 1, INT16: 1}


@dataclass(frozen=True)
class Planned:
    """One step of a plan: what it does, and whether it is in the cache."""

    what: str
    cached: bool


@dataclass(frozen=True)
class Forecast:
    """The plan of a recipe and the bytes of its weights in the file; the graph around them comes on top."""

    steps: tuple[Planned, ...]
    weight_bytes: int


def forecast(base: Stage, recipe: Recipe, setting: Setting) -> Forecast:
    """What `compress` would do. Reads the model, trains and converts nothing; items to drop are ranked."""
    kept, base, setting = without_dropped(base, recipe, setting)
    chain = stages(base, recipe, setting)
    steps = []
    if kept is not None and recipe.drop is not None:
        steps.append(Planned(f"drop all items but {len(kept)}: {recipe.drop.told}", cached=True))
    steps += [
        Planned(f"{step.do} {_told(vars(step))}", stage.finished)
        for step, stage in zip(recipe.steps, chain[1:], strict=True)
    ]
    cached = read(conversion_key(chain[-1], recipe, setting)) is not None
    steps += [
        Planned(f"store tables {' '.join((*each.layers, 'as'))} {told(each.codec)}", cached) for each in recipe.tables
    ]
    if recipe.tuning is not None:
        cached = read(tuned_key(chain, recipe, setting)) is not None
        steps.append(Planned(f"tune {_told(vars(recipe.tuning))}", cached))
    steps.append(Planned(f"convert to {recipe.precision} for {setting.runtime}", cached))
    return Forecast(tuple(steps), weight_bytes(_narrowed(base, recipe), recipe, setting))


def weight_bytes(served: Recommender, recipe: Recipe, setting: Setting) -> int:
    """Bytes that the weights of a served model take by a recipe; biases of integer layers take 4 each."""
    precision = recipe.precision
    least = {FLOAT32: 0, FLOAT16: 0, DYNAMIC_INT8: LEAST_ELEMENTS}.get(precision, 1)
    tables = table_bytes(served, recipe.tables, setting.data, seed=setting.seed)
    total = sum(tables.values())
    for place, values in served.weights().items():
        layer = place.partition(":")[2].rpartition("/")[0]
        if layer in tables and values.ndim == 2:  # noqa: PLR2004
            continue
        narrow = precision == FLOAT16 or (values.ndim >= 2 and values.size >= least)  # noqa: PLR2004
        total += values.size * (BYTES_A_WEIGHT[precision] if narrow else BYTES_A_WEIGHT[FLOAT32])
    return total


def _narrowed(base: Stage, recipe: Recipe) -> Recommender:
    """What ships, in the shape that narrowing steps will give it."""
    found = serving(base.recommender)
    for step in recipe.steps:
        if isinstance(step, Narrow):
            found = in_shape(found, step)
    return found


def _told(settings: dict[str, object]) -> str:
    shown = {name: value for name, value in settings.items() if name != "do" and value is not False}
    return ", ".join(f"{name}={value}" for name, value in shown.items() if value not in ((), ""))
