"""What each built-in recipe gave on the reference models: read from measured.json, which benchmarks/recipes.py writes.

::

    {"provenance": {"runtime": "tflite-runtime==2.14.0", "seed": 0},
     "models": {"gru": {"int8": {"app_bytes": 431600, "download_bytes": 350100, "recall": 0.214, "kept": 0.998,
                                 "loads": ["tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"]}}}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from device_tests import record
from device_tests.errors import HarnessError
from edgerec.compress.finding import BUILT_IN, built_in
from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean

PATH = BUILT_IN / "measured.json"
FLOAT32 = "float32"


class MeasuredError(EdgerecError):
    """A measured.json that is not what benchmarks/recipes.py writes."""


@dataclass(frozen=True)
class Outcome:
    """What a recipe gave on one model.

    Bytes are of the app part, `recall` is recall@k of the .tflite and `kept` its share of float32's, `loads` are the
    runtimes that load the file and agree on it.
    """

    app_bytes: int
    download_bytes: int
    recall: float
    kept: float
    loads: tuple[str, ...]


@dataclass(frozen=True)
class Measurements:
    """Outcomes by model and recipe, and how and where they were measured."""

    provenance: Mapping[str, str]
    models: Mapping[str, Mapping[str, Outcome]]

    def of(self, recipe: str) -> dict[str, Outcome]:
        """Give the outcomes of one recipe by model."""
        return {model: recipes[recipe] for model, recipes in self.models.items() if recipe in recipes}

    def loads(self, recipe: str) -> tuple[str, ...] | None:
        """Give the runtimes that load every model of this recipe and agree on it, None where it was not measured."""
        outcomes = list(self.of(recipe).values())
        if not outcomes:
            return None
        return tuple(one for one in outcomes[0].loads if all(one in other.loads for other in outcomes))

    def ratio(self, model: str, recipe: str) -> float | None:
        """Give how many times float32's download is larger than this recipe's, None where float32 was not measured."""
        outcomes = self.models[model]
        float32 = outcomes.get(FLOAT32)
        return None if float32 is None else float32.download_bytes / outcomes[recipe].download_bytes


def read_measurements(path: Path = PATH) -> Measurements | None:
    """Read what was measured, None where there is no such file. Raises MeasuredError for one that is not as above."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MeasuredError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return _measurements(record.parse(text, path.name))
    except HarnessError as error:
        raise MeasuredError(f"{error}; run benchmarks/recipes.py to write {path} again") from error


def _measurements(value: object) -> Measurements:
    if not isinstance(value, dict) or value.keys() != {"provenance", "models"}:
        raise HarnessError(f"{PATH.name} should be an object of provenance and models")
    told = value["provenance"]
    if not isinstance(told, dict) or not all(isinstance(one, str | int | float) for one in told.values()):
        raise HarnessError(f"{PATH.name}: provenance should be an object of texts and numbers")
    models = record.from_json(_Models, {"models": value["models"]}, PATH.name).models
    for recipe in {name for recipes in models.values() for name in recipes} - built_in().keys():
        raise HarnessError(f"{PATH.name}: {recipe!r} is no built-in recipe{did_you_mean(recipe, built_in())}")
    for one in (outcome for recipes in models.values() for outcome in recipes.values()):
        if min(one.app_bytes, one.download_bytes) < 1 or not 0 <= one.recall <= 1 or one.kept < 0:
            raise HarnessError(f"{PATH.name}: {one} is not possible")
    return Measurements({key: str(one) for key, one in told.items()}, models)


@dataclass(frozen=True)
class _Models:
    models: dict[str, dict[str, Outcome]]
