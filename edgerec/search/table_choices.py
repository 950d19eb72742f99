"""What may be chosen of a model: how many columns are left and how each table is stored, in the order that pays."""

from collections.abc import Mapping, Sequence

from converters.spec import runtime_version
from edgerec.codecs.naming import decode
from edgerec.compress.errors import RecipeError
from edgerec.compress.recipe import Recipe, TableCoding, promised
from edgerec.compress.steps import Narrow
from edgerec.search.space import Choices, OneOf, Space

PLAIN = "float32"
"""The choice that leaves a table as it is."""
COLUMNS = "columns"
"""What choices call how many columns are left, beside the names of tables; without it all are."""
ALL_COLUMNS = "all"
NARROWED: Mapping[str, Narrow] = {"narrow25": Narrow(0.25, epochs=0, allow_no_gain=True)}
"""What is left of the columns, without training, by max_variance; for recipes without a step of their own."""
SENSITIVITY = ("rows8", "rows4", "pq8x16")
"""What each table is tried in alone."""
# From the file that loses least to the smallest: the order in which they are tried on all tables at once.
LADDER = (
    *("rows8", "top25-rows8-rows4", "rows4", "pq16x256", "pq8x256"),
    *("top10-rows8-pq8x64", "pq16x16", "top10-rows4-pq8x16"),
    *("aq8x64", "aq6x64", "aq4x64", "aq4x32"),
    *("pq8x64", "pq8x16", "top25-rows4-shared10"),
)
# One knob away from those of the ladder, or two: tried where they are near to what holds, or sampled.
NEAR = (
    *("aq8x32", "aq6x32", "aq5x32", "aq3x64", "aq3x32", "aq4x16", "aq2x64", "aq2x32"),
    *("pq16x64", "pq8x128", "pq8x32", "pq4x64", "top25-rows4-pq8x16", "top10-rows4-pq8x64", "top10-rows4-aq4x32"),
)
LITERT_LADDER = (*LADDER, "rows2", "top10-rows8-rows2", "top25-rows4-rows2")
_NARROWED_FIRST = ("rows4", "aq4x32")


def space_of(tables: Sequence[str], narrowed: Sequence[str], runtime: str) -> Space:
    """Every codec that `runtime` reads for each table, in all columns and in those that `narrowed` names."""
    columns = {COLUMNS: OneOf((ALL_COLUMNS, *narrowed))} if narrowed else {}
    return Space({**columns, **{table: OneOf((*_ladder(runtime), *NEAR)) for table in tables}})


def first_of(tables: Sequence[str], narrowed: Sequence[str], runtime: str) -> tuple[Choices, ...]:
    """What is tried before anything is sampled: every table by the same codec, from the one that loses least on.

    All columns come before fewer, of which a few codecs tell what they cost.
    """
    asked = [(ALL_COLUMNS, codec) for codec in _ladder(runtime)]
    asked += [(left, codec) for left in narrowed for codec in _NARROWED_FIRST]
    return tuple(
        {**({COLUMNS: columns} if narrowed else {}), **dict.fromkeys(tables, codec)} for columns, codec in asked
    )


def recipe_of(base: Recipe, choices: Choices, name: str) -> Recipe:
    """The recipe that choices make of another. Raises RecipeError for a name that spells no codec or no columns."""
    tables, steps = [], base.steps
    for chosen, choice in choices.items():
        if choice in {PLAIN, ALL_COLUMNS}:
            continue
        if chosen == COLUMNS:
            if choice not in NARROWED:
                raise RecipeError(f"{choice!r} names no columns, expected {', '.join((ALL_COLUMNS, *NARROWED))}")
            steps = (NARROWED[str(choice)], *steps)
            continue
        codec = decode(str(choice))
        if codec is None:
            raise RecipeError(f"{choice!r} spells no codec")
        tables.append(TableCoding(codec, (chosen,)))
    overlap = promised(steps, base.precision, tables)
    return Recipe(name, steps, base.precision, overlap, told(choices), tuple(tables), base.tuning)


def told(choices: Choices) -> str:
    """Choices in a line: `columns narrow25, scores as rows4, users as aq4x32`."""
    said = {name: f"{name} {choice}" if name == COLUMNS else f"{name} as {choice}" for name, choice in choices.items()}
    return ", ".join(line for name, line in said.items() if choices[name] != ALL_COLUMNS)


def _ladder(runtime: str) -> tuple[str, ...]:
    return LADDER if runtime_version(runtime) is not None else LITERT_LADDER
