"""The tables of a converted model stored as a recipe says: each layer's by its codec, from what its data tells."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from converters.rewrite import LEAST_ELEMENTS, quantize_float_weights, strip_names
from converters.spec import DYNAMIC_INT8, runtime_version
from converters.tables.coded import Coded, Floats
from converters.tables.found import Table, find_tables
from converters.tables.replacement import replace_tables
from edgerec.codecs.codec import Codec
from edgerec.compress import layers
from edgerec.compress.coded_store import stored
from edgerec.compress.errors import RecipeError
from edgerec.compress.evidence import evidence
from edgerec.compress.masks import scores_catalogue, table_of
from edgerec.compress.moment_store import second_moments
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.criteria.statistics import Statistics
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender


def refuse_codecs(recipe: Recipe, runtime: str) -> None:
    """Raise RecipeError for a codec that `runtime` does not read, before anything is trained."""
    for coding in recipe.tables:
        if coding.codec.litert_only and runtime_version(runtime) is not None:
            raise RecipeError(
                f"codec {coding.codec.name} of {recipe.name} needs LiteRT, and {runtime} would misread or refuse it: "
                "convert for ai-edge-litert==2.3.0, or take int8, int4, product or additive"
            )
        if coding.codec.learned and recipe.tuning is None:
            raise RecipeError(
                f"codec {coding.codec.name} of {recipe.name} is worth nothing without fine-tuning, and the recipe has "
                "none: write [tune], or take int4, product or additive"
            )


def decoded_bytes(coded: Mapping[int, Coded]) -> bytes:
    """Tables decoded, for the proof of what arrived in a file; `decoded_tables` reads them."""
    decoded = io.BytesIO()
    np.savez(decoded, allow_pickle=False, **{f"table_{index}": each.decode() for index, each in coded.items()})
    return decoded.getvalue()


def decoded_tables(kept: bytes | None) -> tuple[Floats, ...]:
    """The tables that `decoded_bytes` wrote, float32 [rows, columns] each; none for None."""
    if kept is None:
        return ()
    with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
        return tuple(arrays[name] for name in arrays.files)


@dataclass(frozen=True, eq=False)
class KnownTable:
    """A table of a float32 .tflite and what data tells of it.

    `tensor` is its first one, `names` are the layers that have it (the tensor's own name where none does), `values`
    float32 [rows, columns].
    """

    tensor: int
    names: tuple[str, ...]
    values: Floats
    statistics: Statistics


def known_tables(
    model: bytes, recommender: Recommender, needs: Collection[str], data: Interactions, *, seed: int
) -> tuple[KnownTable, ...]:
    """The tables of a float32 .tflite with what of `needs`, fields of Statistics, training data tells of them.

    `recommender` is the one that the file was made of, as it serves. A padding row is taken for one that nobody took.
    """
    found = {table.tensors[0]: (_owners(recommender, table), table.values) for table in find_tables(model)}
    named = {name for owners, _ in found.values() for name in owners}.intersection(layers.with_kernels(recommender))
    known = evidence(recommender, set(needs) - {"second_moment"}, named, data, seed=seed)
    if "second_moment" in needs:
        for name, moment in second_moments(model, recommender, named, data, seed=seed).items():
            known[name] = replace(known[name], second_moment=moment)
    return tuple(
        KnownTable(tensor, owners, values, _statistics(recommender, owners, known))
        for tensor, (owners, values) in found.items()
    )


def coded_tables(
    model: bytes, recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> dict[int, Coded]:
    """The tables that `chosen_tables` gives, coded, by the index of their first tensor."""
    chosen = chosen_tables(model, recommender, codings, data, seed=seed)
    return {table.tensor: stored(codec, table.values, table.statistics, seed=seed) for table, codec in chosen}


def chosen_tables(
    model: bytes, recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> tuple[tuple[KnownTable, Codec], ...]:
    """The tables of a float32 .tflite that a recipe has a codec for, and that codec.

    A table takes the first coding that one of its layers' names matches, and stays as it is where none does, or where
    it has fewer than 1,024 numbers and no pattern names it. Raises RecipeError for a pattern that matches no table.
    """
    needs = {need for coding in codings for need in (*coding.codec.needs, *coding.codec.uses)}
    tables = known_tables(model, recommender, needs, data, seed=seed)
    _refuse_unmatched(codings, [name for table in tables for name in table.names])
    chosen = [(table, _coding(codings, table.names, table.values.size)) for table in tables]
    return tuple((table, coding.codec) for table, coding in chosen if coding is not None)


def file_with(model: bytes, coded: Mapping[int, Coded], precision: str) -> bytes:
    """A float32 .tflite with these tables, and the rest in a precision of BESIDE_TABLES.

    Names that only people read are gone but those of large constants.
    """
    made = replace_tables(model, coded)
    return strip_names(quantize_float_weights(made) if precision == DYNAMIC_INT8 else made)


def table_bytes(
    recommender: Recommender, codings: Sequence[TableCoding], data: Interactions, *, seed: int
) -> dict[str, int]:
    """What the tables that a recipe has a codec for will take in the file, by layer, of a recommender as it serves."""
    tables = _table_layers(recommender)
    known = evidence(recommender, {"popularity"}, tables, data, seed=seed) if codings else {}
    found = {}
    for name, kernel in layers.kernels(recommender, tables).items():
        coding = _coding(codings, (name,), kernel.size)
        if coding is not None:
            rows, columns = table_of(recommender, name, kernel).shape
            found[name] = coding.codec.stored_bytes(rows, columns, _statistics(recommender, (name,), known))
    return found


def refuse_unmatched(recommender: Recommender, codings: Sequence[TableCoding]) -> None:
    """Raise RecipeError for a pattern that no layer with a table has the name of, before anything is trained.

    `recommender` is as it serves.
    """
    _refuse_unmatched(codings, _table_layers(recommender))


def _table_layers(recommender: Recommender) -> list[str]:
    """The layers that look rows up or score the catalogue."""
    return [
        name
        for name in layers.with_kernels(recommender)
        if layers.is_table(recommender, name) or scores_catalogue(recommender, name)
    ]


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
