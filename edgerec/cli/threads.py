"""Numbers of threads as an option takes them: one, or several apart by commas."""

import click


def numbers_of_threads(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Give `1` or `1,2,4` as numbers that differ, in the order they are written in; None where nothing was written.

    Raises a usage error for what is none.
    """
    if value is None:
        return None
    words = value.split(",")
    if not all(word.isascii() and word.isdigit() and int(word) >= 1 for word in words):
        raise click.BadParameter(f"should read 1 or 1,2,4, not {value!r}")
    numbers = tuple(map(int, words))
    if len(set(numbers)) < len(numbers):
        raise click.BadParameter(f"names a number twice: {value!r}")
    return numbers
