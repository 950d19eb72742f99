"""Recipes, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import fields

from edgerec.compress.recipe import Recipe, Step
from edgerec.report.console import BOLD, PLAIN, Style, table
from edgerec.report.quantities import share

JSON_VERSION = 1


def recipes_text(recipes: Sequence[Recipe]) -> str:
    """Give a list of recipes: name, the float32 model's lists that it promises to keep, what it does."""
    rows = [(recipe.name, share(recipe.float_overlap), recipe.summary) for recipe in recipes]
    return table(("recipe", "overlap", ""), rows, right=(1,))


def recipe_text(recipe: Recipe, runtimes: Sequence[str], style: Style = PLAIN) -> str:
    """Give one recipe: its steps with every setting, its conversion, what it promises, the runtimes to convert for."""
    steps = [_step(number, step) for number, step in enumerate(recipe.steps, 1)]
    return "\n".join(
        [
            f"{style.paint(recipe.name, BOLD)}  {recipe.summary}".rstrip(),
            *steps,
            f"  {len(steps) + 1}. convert: precision = {recipe.precision}",
            f"  promises a mean top-k overlap with the float32 model of at least {share(recipe.float_overlap)}",
            f"  converts for {', '.join(runtimes)}",
        ]
    )


def recipes_json(recipes: Sequence[Recipe], runtimes: Sequence[str]) -> dict[str, object]:
    """Give recipes as plain JSON values."""
    listed = [{**recipe.as_json(), "summary": recipe.summary} for recipe in recipes]
    return {"version": JSON_VERSION, "runtimes": list(runtimes), "recipes": listed}


def _step(number: int, step: Step) -> str:
    settings = (f"{one.name} = {getattr(step, one.name)!r}" for one in fields(step) if one.init)
    return f"  {number}. {step.do}: {', '.join(settings)}"
