"""The criterion that a step of a recipe names, with settings of its own, and what it can be asked to rank."""

from pathlib import Path
from typing import NewType

from edgerec.compress.errors import RecipeError
from edgerec.criteria import registry
from edgerec.criteria.criterion import COLUMN, ELEMENT, ROW, Criterion
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.reset import INITIAL
from edgerec.suggestion import did_you_mean

Settings = tuple[tuple[str, str | float | bool], ...]  # of a criterion, by name; hashable, as a recipe is
ModelPath = NewType("ModelPath", str)  # a .keras or .h5 file; "" for none

WHAT = {ELEMENT: "single weights", ROW: "whole rows", COLUMN: "columns"}
WAY_OUT = {
    ELEMENT: 'take do = "prune"',
    ROW: 'share rows by it with [[table]] and codec = "shared", or drop them by it with rows = "drop"',
    COLUMN: 'take do = "narrow"',
}


def criterion_of(name: str, settings: Settings, initial: ModelPath, grain: str) -> Criterion:
    """The criterion of a step that ranks by `grain`, made and found fit.

    Raises RecipeError, its first word the setting that is wrong, for a name that there is not, settings that do not
    fit, a criterion that does not rank this, and an initial model that is missing or that it has no use for.
    """
    if name not in registry.CRITERIA and name not in (known := registry.names()):  # those of others take time to find
        raise RecipeError(f"criterion is {name!r}, expected one of {', '.join(known)}{did_you_mean(name, known)}")
    try:
        found = registry.criterion(name, **dict(settings))
    except CriterionError as error:
        raise RecipeError(f"settings of criterion {name} cannot be taken: {error}") from error
    if grain not in found.grains:
        ranks = next(each for each in (COLUMN, ELEMENT, ROW) if each in (*found.grains, ROW))
        raise RecipeError(
            f"criterion is {name!r}, which ranks {WHAT[ranks]}, and this step takes {WHAT[grain]}: {WAY_OUT[ranks]}"
        )
    if INITIAL in found.needs and not initial:
        other = 'say to = "zero" in its settings' if name == "reset" else "take a criterion that needs none"
        raise RecipeError(
            f"initial is nothing, and criterion {name} needs the model before it was trained: name its .keras or .h5 "
            f"file in the step, or {other}"
        )
    if initial and INITIAL not in found.needs:
        raise RecipeError(f"initial is {Path(initial).name!r}, and criterion {name} has no use for it: leave it out")
    return found


def spelled(name: str) -> str:
    """A criterion's name as the name of a recipe spells it, where underscores part the steps."""
    return name.replace("_", "-")


def criterion_spelled(text: str) -> str:
    """The name of the criterion that a part of a recipe's name spells; the text itself where it spells none."""
    for names in (tuple(registry.CRITERIA), registry.names()):
        if found := [name for name in names if spelled(name) == text]:
            return found[0]
    return text
