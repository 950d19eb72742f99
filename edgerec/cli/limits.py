"""Limits on the command line."""

from collections.abc import Iterable

import click

from edgerec.gate.budget import Budget, budget_of_flags


def flag_budget(limits: Iterable[str]) -> Budget:
    """The budget that `--limit NAME=VALUE` flags say; raises BadParameter and BudgetError."""
    return budget_of_flags(_pair(text) for text in limits)


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f'{text!r}, expected NAME=VALUE such as p50="2 ms"', param_hint="--limit")
    plain: dict[str, object] = {"true": True, "false": False}
    value = value.strip()
    return name.strip(), int(value) if value.isdecimal() else plain.get(value, value)
