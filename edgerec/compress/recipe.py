"""A recipe says how to compress: training steps in order, then a conversion. It is TOML, and its name can be decoded.

    summary = "80 % of every table and dense weight pruned to zero, the rest in int8"
    float_overlap = 0.4

    [[step]]
    do = "prune"
    sparsity = 0.8
    epochs = 2

    [convert]
    precision = "dynamic_int8"

A name is its steps: ``prune80_cluster32_int8`` prunes 80 %, clusters the rest to 32 values and ends in dynamic int8.
"""

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from converters.spec import DEFAULT_RUNTIME, DYNAMIC_INT8, FULL_INT8, PRECISIONS, ConversionSpec
from edgerec.errors import EdgerecError
from edgerec.strict_toml import Table, parse_toml, read_toml
from edgerec.suggestion import did_you_mean

BUILT_IN = Path(__file__).parent / "recipes"
SCHEDULES = ("constant", "polynomial")


class RecipeError(EdgerecError):
    """A recipe that cannot be carried out as it stands."""


@dataclass(frozen=True)
class Prune:
    """Magnitude pruning by TF-MOT: `sparsity` of every chosen kernel becomes zero (Zhu and Gupta 2017, 1710.01878).

    `layers` are shell patterns of layer names; all tables and dense layers when empty.
    """

    sparsity: float
    schedule: str = "polynomial"
    epochs: int = 3
    learning_rate: float = 1e-3
    layers: tuple[str, ...] = ()
    allow_no_gain: bool = False
    do: str = field(default="prune", init=False)

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise RecipeError(
                f"sparsity is {self.sparsity:g}, expected a share above 0 and below 1: at 1 nothing is left"
            )
        if self.schedule not in SCHEDULES:
            raise RecipeError(
                f"schedule is {self.schedule!r}, expected {' or '.join(SCHEDULES)}"
                f"{did_you_mean(self.schedule, SCHEDULES)}"
            )
        _check_training(self.epochs, self.learning_rate)


@dataclass(frozen=True)
class Cluster:
    """Weight clustering by TF-MOT: at most `clusters` distinct values a kernel (Han et al. 2016, 1510.00149).

    After a pruning step the zeros are kept, as one of the clusters.
    """

    clusters: int
    epochs: int = 1
    learning_rate: float = 5e-4
    layers: tuple[str, ...] = ()
    allow_no_gain: bool = False
    do: str = field(default="cluster", init=False)

    def __post_init__(self) -> None:
        if not 2 <= self.clusters <= 256:  # noqa: PLR2004  (a byte an index at the most)
            raise RecipeError(f"clusters is {self.clusters}, expected 2 to 256")
        _check_training(self.epochs, self.learning_rate)


@dataclass(frozen=True)
class QuantizeAware:
    """Quantization-aware training by TF-MOT of the dense layers but the scoring one (Jacob et al. 2018, 1712.05877).

    Tables are not in TF-MOT's registry: they are quantized in the file. Zeros and clusters of earlier steps are kept,
    and no step follows: TF-MOT wraps no layer a second time.
    """

    epochs: int = 1
    learning_rate: float = 2e-4
    allow_no_gain: bool = False
    do: str = field(default="qat", init=False)

    def __post_init__(self) -> None:
        _check_training(self.epochs, self.learning_rate)


Step = Prune | Cluster | QuantizeAware
STEPS: dict[str, type[Step]] = {"prune": Prune, "cluster": Cluster, "qat": QuantizeAware}  # in the order they may take


@dataclass(frozen=True)
class Recipe:
    """Training steps in order, the precision of the conversion, and what it promises of the float32 model's lists.

    `float_overlap` is the least mean overlap of the top-k lists with the float32 model's that the golden check accepts.
    """

    name: str
    steps: tuple[Step, ...]
    precision: str
    float_overlap: float
    summary: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.float_overlap <= 1:
            raise RecipeError(f"float_overlap is {self.float_overlap:g}, expected a share from 0 to 1")
        kinds = [step.do for step in self.steps]
        order = list(STEPS)
        for earlier, later in pairwise(kinds):
            if order.index(later) < order.index(earlier) or earlier == "qat":
                raise RecipeError(
                    f"step {later} comes after {earlier}, expected the order {', '.join(order)}: a later step keeps "
                    "what an earlier one made, and only in this order"
                )

    @property
    def arithmetic(self) -> str:
        """The coarsest arithmetic in the file: layers trained quantization-aware have int8 activations."""
        trained = any(isinstance(step, QuantizeAware) for step in self.steps)
        return FULL_INT8 if trained and self.precision == DYNAMIC_INT8 else self.precision

    def conversion(self, runtime: str = DEFAULT_RUNTIME) -> ConversionSpec:
        """The conversion at the end, for a runtime."""
        return ConversionSpec(self.precision, runtime)

    def as_json(self) -> dict[str, object]:
        """What the recipe does, as plain values; it goes into the lineage of a bundle."""
        return {
            "name": self.name,
            "steps": [asdict(step) for step in self.steps],
            "precision": self.precision,
            "float_overlap": self.float_overlap,
        }


# The least overlap with float32 that a recipe promises when its TOML says nothing: rounding alone moves few items,
# every step that trains moves more. Measured on the reference models; garbage overlaps 0.00.
ROUNDED = {"float32": 0.999, "float16": 0.98, "dynamic_int8": 0.9, "full_int8": 0.8, "int16": 0.9}
TRAINED = 0.3

_TOKENS: dict[str, Callable[[str], Step]] = {
    r"prune([0-9]{1,3})": lambda percent: Prune(int(percent) / 100),
    r"cluster([0-9]{1,4})": lambda clusters: Cluster(int(clusters)),
    r"qat()": lambda _: QuantizeAware(allow_no_gain=True),
}
_ENDINGS = {
    "float32": "float32",
    "float16": "float16",
    "full_int8": "full_int8",
    "int8": "dynamic_int8",
    "int16": "int16",
}


def decode(name: str) -> Recipe | None:
    """The recipe that a name spells, or None where it spells none."""
    for ending, precision in _ENDINGS.items():
        head, matched, _ = name.rpartition(ending)
        if not matched or not name.endswith(ending) or (head and not head.endswith("_")):
            continue
        steps = [_step(token) for token in head.removesuffix("_").split("_")] if head else []
        if all(steps):
            found = tuple(step for step in steps if step)
            return Recipe(name, found, precision, TRAINED if found else ROUNDED[precision])
    return None


@cache
def built_in() -> dict[str, Recipe]:
    """The recipes that come with edgerec, by name."""
    return {path.stem: _recipe(read_toml(path, path.name), path.stem) for path in sorted(BUILT_IN.glob("*.toml"))}


def find(text: str) -> Recipe:
    """The recipe meant by a path to a TOML file, the name of a built-in one, or any name that decodes.

    Raises RecipeError with the closest name.
    """
    if text.endswith(".toml"):
        return parse(Path(text))
    known = built_in()
    found = known.get(text) or decode(text)
    if found is None:
        raise RecipeError(
            f"no recipe {text!r}{did_you_mean(text, known)}; give one of {', '.join(known)}, a name made of "
            "prune<percent>, cluster<count>, qat and float32, float16, int8 or full_int8 joined by _, or a .toml file"
        )
    return found


def parse(path: Path) -> Recipe:
    """A recipe from a TOML file of the user's own, named for the file."""
    return _recipe(read_toml(path), path.stem)


def parse_text(text: str, name: str) -> Recipe:
    """A recipe from TOML text."""
    return _recipe(parse_toml(text, name), name)


def _step(token: str) -> Step | None:
    for pattern, make in _TOKENS.items():
        if match := re.fullmatch(pattern, token):
            return make(match[1])
    return None


def _recipe(table: Table, name: str) -> Recipe:
    convert = table.table("convert")
    precision = convert.choice("precision", PRECISIONS) if convert else None
    if convert is None or precision is None:
        raise RecipeError(f'{table.file}: expected a [convert] table with precision = "dynamic_int8" or the like')
    convert.refuse_unknown()
    steps = tuple(_parsed_step(step) for step in table.tables("step"))
    overlap = _number(table, "float_overlap")
    promised = overlap if overlap is not None else (TRAINED if steps else ROUNDED[precision])
    summary = table.text("summary") or ""
    table.refuse_unknown()
    try:
        return Recipe(name, steps, precision, promised, summary)
    except RecipeError as error:
        raise _placed(error, table) from None


def _parsed_step(table: Table) -> Step:
    kind = STEPS.get(table.choice("do", tuple(STEPS)) or "")
    if kind is None:
        raise table.refuse("do", f"one of {', '.join(STEPS)}")
    settings = {
        setting.name: value
        for setting in fields(kind)
        if setting.init and (value := _READERS[setting.type](table, setting.name)) not in (None, ())
    }
    for setting in fields(kind):
        if setting.init and setting.default is MISSING and setting.name not in settings:
            raise table.refuse(setting.name, "a number; this step has no default for it")
    try:
        step = kind(**settings)
    except RecipeError as error:
        raise _placed(error, table) from None
    table.refuse_unknown()
    return step


def _placed(error: RecipeError, table: Table) -> RecipeError:
    """Say where in a file an error is; its first word is the setting that it is about."""
    return RecipeError(f"{table.where(str(error).partition(' ')[0])}: {error}")


def _number(table: Table, key: str) -> float | None:
    value = table.value(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise table.refuse(key, "a number")
    return float(value)


def _flag(table: Table, key: str) -> bool | None:
    value = table.value(key)
    if value is None or isinstance(value, bool):
        return value
    raise table.refuse(key, "true or false")


_READERS: dict[Any, Callable[[Table, str], Any]] = {
    float: _number,
    int: lambda table, key: table.integer(key, least=0),
    str: lambda table, key: table.text(key),
    bool: _flag,
    tuple[str, ...]: lambda table, key: table.texts(key),
}


def _check_training(epochs: int, learning_rate: float) -> None:
    if epochs < 1:
        raise RecipeError(f"epochs is {epochs}, expected 1 or more: zeros and clusters need training to settle")
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise RecipeError(f"learning_rate is {learning_rate:g}, expected a number above 0")
