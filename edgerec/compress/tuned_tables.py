"""The tables of a converted model tuned as they are coded, and found again in the file that is converted after it."""

from collections.abc import Mapping

from converters.tables.coded import Coded
from edgerec.compress import layers
from edgerec.compress.coding import known_tables
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Tuning
from edgerec.compress.tuning import Tuned, tune
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.progress import Progress


def tuned_tables(
    model: bytes,
    recommender: Recommender,
    coded: Mapping[int, Coded],
    setting: Tuning,
    data: Interactions,
    *,
    teacher: Recommender,
    seed: int,
    merge_repeats: bool,
    progress: Progress,
) -> Tuned:
    """The recommender tuned with the coded tables of its float32 .tflite, which go by their first tensor there.

    `recommender` and `teacher` are as they serve. Raises RecipeError for a table that is no layer's or of several.
    """
    by_layer = {}
    names = set(layers.with_kernels(recommender))
    for table in known_tables(model, recommender, (), data, seed=seed):
        if table.tensor not in coded:
            continue
        if len(table.names) != 1 or table.names[0] not in names:
            raise RecipeError(
                f"table {', '.join(table.names)} is that of {len(names.intersection(table.names))} layers, expected "
                "one: tune by a recipe whose [[table]] names other layers"
            )
        by_layer[table.names[0]] = coded[table.tensor]
    return tune(
        recommender,
        by_layer,
        setting,
        data,
        teacher=teacher,
        seed=seed,
        merge_repeats=merge_repeats,
        progress=progress,
    )


def in_file(model: bytes, tuned: Tuned, data: Interactions, *, seed: int) -> dict[int, Coded]:
    """The coded tables by their first tensor in the float32 .tflite of the tuned recommender."""
    tables = known_tables(model, tuned.recommender, (), data, seed=seed)
    return {table.tensor: tuned.coded[table.names[0]] for table in tables if table.names[0] in tuned.coded}
