"""Recipes, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import fields

from device_tests.record import to_json
from edgerec.codecs.naming import told
from edgerec.compress.loop import Loop
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Step, Tuning
from edgerec.measured import Measurements
from edgerec.report.console import BOLD, PLAIN, Style, table, visible
from edgerec.report.quantities import share, size

JSON_VERSION = 3
GAVE = ("on disk", "download", "ratio", "recall", "of float32's", "loads in")
RIGHT = (1, 2, 3, 4, 5)
NOT_MEASURED = "What each gave is not part of this installation: benchmarks/recipes.py measures it."


def recipes_text(recipes: Sequence[Recipe], measured: Measurements | None, style: Style = PLAIN) -> str:
    """Give a list of recipes: what each does and promises to keep of float32's lists; then what each gave, by model."""
    rows = [(recipe.name, share(recipe.float_overlap), recipe.summary) for recipe in recipes]
    parts = [table(("recipe", "overlap", ""), rows, right=(1,))]
    if measured is None:
        return "\n\n".join((*parts, NOT_MEASURED))
    for model, outcomes in measured.models.items():
        gave = [(recipe.name, *_gave(measured, model, recipe.name)) for recipe in recipes if recipe.name in outcomes]
        parts.append(f"{style.paint(visible(model), BOLD)}\n{table(('recipe', *GAVE), gave, right=RIGHT)}")
    return "\n\n".join((*parts, _provenance(measured)))


def recipe_text(recipe: Recipe, measured: Measurements | None, style: Style = PLAIN) -> str:
    """Give one recipe: its steps with every setting, its conversion, what it promises, the runtimes that loaded it.

    A built-in one is followed by what it gave on each model.
    """
    steps = [] if recipe.drop is None else [f"  1. drop all items but {recipe.drop.told}"]
    steps += [_step(number, step) for number, step in enumerate(recipe.steps, len(steps) + 1)]
    for number, each in enumerate(recipe.tables, len(steps) + 1):
        steps.append(f"  {number}. tables {' '.join(each.layers) or 'of every layer'}: {told(each.codec)}")
    if recipe.tuning is not None:
        steps.append(f"  {len(steps) + 1}. tune: {_settings(recipe.tuning)}")
    return "\n".join(
        [
            f"{style.paint(recipe.name, BOLD)}  {recipe.summary}".rstrip(),
            *steps,
            f"  {len(steps) + 1}. convert: precision = {recipe.precision}",
            *(() if recipe.loop is None else (f"  loop: {_settings(recipe.loop)}",)),
            f"  promises a mean top-k overlap with the float32 model of at least {share(recipe.float_overlap)}",
            f"  loads in: {_loads(measured, recipe)}",
            "",
            _measured(recipe, measured),
        ]
    )


def recipes_json(recipes: Sequence[Recipe], measured: Measurements | None) -> dict[str, object]:
    """Give recipes as plain JSON values; `measured` is by model, and empty where nothing was, `loads` then null."""
    listed = [
        {
            **recipe.as_json(),
            "summary": recipe.summary,
            "loads": None if measured is None else to_json(measured.loads(recipe.name)),
            "measured": {} if measured is None else to_json(measured.of(recipe.name)),
        }
        for recipe in recipes
    ]
    provenance = None if measured is None else dict(measured.provenance)
    return {"version": JSON_VERSION, "provenance": provenance, "recipes": listed}


def _loads(measured: Measurements | None, recipe: Recipe) -> str:
    loads = None if measured is None else measured.loads(recipe.name)
    return "not measured" if loads is None else ", ".join(loads) or "no runtime that it was tried in"


def _measured(recipe: Recipe, measured: Measurements | None) -> str:
    if measured is None:
        return NOT_MEASURED
    models = measured.of(recipe.name)
    if not models:
        return f"{recipe.name} was not measured: it is no recipe of the built-in table"
    rows = [(model, *_gave(measured, model, recipe.name)) for model in models]
    return f"{table(('model', *GAVE), rows, right=RIGHT)}\n{_provenance(measured)}"


def _gave(measured: Measurements, model: str, recipe: str) -> tuple[str, ...]:
    outcome, ratio = measured.models[model][recipe], measured.ratio(model, recipe)
    return (
        size(outcome.app_bytes),
        size(outcome.download_bytes),
        "" if ratio is None else f"{ratio:.1f}x",
        f"{outcome.recall:.3f}",
        share(outcome.kept),
        ", ".join(outcome.loads) or "no runtime",
    )


def _provenance(measured: Measurements) -> str:
    told = ", ".join(f"{key} {value}" for key, value in measured.provenance.items())
    return visible(f"measured: {told}" if told else "measured, it is not said how")


def _step(number: int, step: Step) -> str:
    return f"  {number}. {step.do}: {_settings(step)}"


def _settings(said: Step | Tuning | Loop) -> str:
    settings = ((one.name, getattr(said, one.name)) for one in fields(said) if one.init)
    told = (f"{name} = {_value(name, value)}" for name, value in settings if value not in ("", ()) or name == "layers")
    return ", ".join(told)


def _value(name: str, value: object) -> str:
    if name == "settings" and isinstance(value, tuple):
        return f"{{ {', '.join(f'{key} = {each!r}' for key, each in value)} }}"
    return repr(value)
