"""Warnings of commands."""

import click

from edgerec.report.console import visible


def warned(*doubts: str | None) -> list[str]:
    """Warn of what is in doubt on stderr, and give it."""
    found = [doubt for doubt in doubts if doubt is not None]
    for doubt in found:
        click.echo(f"warning: {visible(doubt)}", err=True)
    return found
