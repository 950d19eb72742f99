"""The tables of a converted model stored as a recipe says: each layer's by its codec, from what its data tells."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from converters.rewrite import LEAST_ELEMENTS, quantize_float_weights, strip_names
from converters.spec import DYNAMIC_INT8, runtime_version
from converters.tables.coded import Coded, Floats
from converters.tables.found import Table, find_tables
from converters.tables.replacement import replace_tables
from edgerec.codecs.codec import Codec, encoded
from edgerec.compress import layers
from edgerec.compress.evidence import evidence
from edgerec.compress.masks import scores_catalogue, table_of
from edgerec.compress.recipe import Recipe, RecipeError, TableCoding
from edgerec.criteria.statistics import Statistics
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender


@dataclass(frozen=True, eq=False)
class Chosen:
    """A table of a file: layers that have it, its values float32 [rows, columns], its codec, what is known of it."""

    layers: tuple[str, ...]
    values: Floats
    codec: Codec
    statistics: Statistics


def refuse_codecs(recipe: Recipe, runtime: str) -> None:
    """Raise RecipeError for a codec that `runtime` does not read, before anything is trained."""
    for coding in recipe.tables:
        if coding.codec.litert_only and runtime_version(runtime) is not None:
            raise RecipeError(
                f"codec {coding.codec.name} of {recipe.name} needs LiteRT, and {runtime} would misread or refuse it: "
                "convert for ai-edge-litert==2.3.0, or take int8, int4, product or additive"
            )
        if coding.codec.learned:
            raise RecipeError(
                f"codec {coding.codec.name} of {recipe.name} is worth nothing without fine-tuning, and the recipe has "
                "none: take int4, product or additive"
            )


def with_coded_tables(
    model: bytes, recommender: Recommender, recipe: Recipe, data: Interactions, *, seed: int
) -> tuple[bytes, bytes]:
    """A float32 .tflite with its tables, and the rest in the recipe's precision; and the tables decoded, for proof.

    Names that only people read are gone but those of large constants. For the arguments see `coded_tables`, for the
    second part `decoded_tables`.
    """
    coded = coded_tables(model, recommender, recipe.tables, data, seed=seed)
    decoded = io.BytesIO()
    np.savez(decoded, allow_pickle=False, **{f"table_{index}": each.decode() for index, each in coded.items()})
    return file_with(model, coded, recipe.precision), decoded.getvalue()


def file_with(model: bytes, coded: Mapping[int, Coded], precision: str) -> bytes:
    """A float32 .tflite with these tables in place of its own, by the index of a tensor, the rest in `precision`."""
    stored = replace_tables(model, coded)
    return strip_names(quantize_float_weights(stored) if precision == DYNAMIC_INT8 else stored)


def decoded_tables(stored: bytes | None) -> tuple[Floats, ...]:
    """The tables that `with_coded_tables` gave beside a model, float32 [rows, columns] each; none for None."""
    if stored is None:
        return ()
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        return tuple(arrays[name] for name in arrays.files)


def coded_tables(
    model: bytes, recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> dict[int, Coded]:
    """The tables that `chosen_tables` gives, coded."""
    chosen = chosen_tables(model, recommender, codings, data, seed=seed)
    return {index: encoded(each.codec, each.values, each.statistics, seed=seed) for index, each in chosen.items()}


def chosen_tables(
    model: bytes, recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> dict[int, Chosen]:
    """The tables of a float32 .tflite that a recipe has a codec for, by the index of their first tensor.

    `recommender` is the one that the file was made of, as it serves. A table belongs to the layers with its values;
    it takes the first coding that one of their names matches, and stays as it is where none does, or where it has
    fewer than 1,024 numbers and no pattern names it. Raises RecipeError for a pattern that matches no table.
    """
    tables = {table.tensors[0]: table for table in find_tables(model)}
    owners = {index: _owners(recommender, table) for index, table in tables.items()}
    _refuse_unmatched(codings, [name for names in owners.values() for name in names])
    found = {index: _coding(codings, owners[index], table.values.size) for index, table in tables.items()}
    chosen = {index: coding for index, coding in found.items() if coding is not None}
    needs = {need for coding in chosen.values() for need in (*coding.codec.needs, *coding.codec.uses)}
    names = {name for index in chosen for name in owners[index]}.intersection(layers.with_kernels(recommender))
    known = evidence(recommender, needs, names, data, seed=seed)
    return {
        index: Chosen(owners[index], tables[index].values, coding.codec, _statistics(recommender, owners[index], known))
        for index, coding in chosen.items()
    }


def table_bytes(
    recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> dict[str, int]:
    """What the tables that a recipe has a codec for will take in the file, by layer, of a recommender as it serves."""
    tables = [
        name
        for name in layers.with_kernels(recommender)
        if layers.is_table(recommender, name) or scores_catalogue(recommender, name)
    ]
    known = evidence(recommender, {"popularity"}, tables, data, seed=seed) if codings else {}
    found = {}
    for name, kernel in layers.kernels(recommender, tables).items():
        coding = _coding(codings, (name,), kernel.size)
        if coding is not None:
            rows, columns = table_of(recommender, name, kernel).shape
            found[name] = coding.codec.stored_bytes(rows, columns, _statistics(recommender, (name,), known))
    return found


def _coding(codings: Sequence[TableCoding], names: Sequence[str], numbers: int) -> TableCoding | None:
    """The first coding that fits a table of so many numbers under one of these names."""
    coding = next((each for each in codings if _matches(each, names)), None)
    return coding if coding is not None and (coding.layers or numbers >= LEAST_ELEMENTS) else None


def _owners(recommender: Recommender, table: Table) -> tuple[str, ...]:
    """The layers whose kernel is a table, items as rows; the tensor's own name where no layer has its values."""
    kernels = layers.kernels(recommender, layers.with_kernels(recommender))
    found = [name for name, each in kernels.items() if np.array_equal(table_of(recommender, name, each), table.values)]
    return tuple(found) or (table.name,)


def _matches(coding: TableCoding, names: Sequence[str]) -> bool:
    return not coding.layers or any(fnmatchcase(name, each) for name in names for each in coding.layers)


def _refuse_unmatched(codings: Sequence[TableCoding], names: Sequence[str]) -> None:
    for coding in codings:
        for pattern in coding.layers:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise RecipeError(
                    f"no table matches {pattern!r}; the tables are of {', '.join(names) or 'no layer: there are none'}"
                )


def _statistics(recommender: Recommender, names: Sequence[str], known: dict[str, Statistics]) -> Statistics:
    """What is known of a table, from all layers that have it; a padding row is taken for one that nobody took."""
    found = Statistics()
    for name in names:
        for field, value in vars(known.get(name, Statistics())).items():
            if value is not None and getattr(found, field) is None:
                found = replace(found, **{field: value})
    if found.popularity is not None:
        popularity = found.popularity.copy()
        for entry in recommender.roles.inputs:
            if entry.padding_id is not None and entry.ids == len(popularity):
                popularity[entry.padding_id] = 0
        found = replace(found, popularity=popularity)
    return found
