"""What of a converted model becomes coded tables, and by which codec."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from converters.spec import FLOAT32, ConversionSpec
from converters.tables.found import find_tables
from edgerec.codecs.floats import Float16
from edgerec.codecs.integers import Integers
from edgerec.codecs.low_rank import LowRank
from edgerec.codecs.tiered import Tier, Tiered
from edgerec.compress.coding import coded_tables, decoded_bytes, decoded_tables, file_with, refuse_codecs, table_bytes
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

pytestmark = pytest.mark.tensorflow

Of = Callable[[str], Recommender]
FOUR, EIGHT = TableCoding(Integers(4)), TableCoding(Integers(8), ("scores",))


@pytest.fixture(scope="module")
def plain(served: Of) -> Iterator[Callable[[str], bytes]]:
    """Give a trained model as a float32 .tflite."""
    made: dict[str, bytes] = {}
    with Converter() as converter:

        def of(kind: str) -> bytes:
            if kind not in made:
                made[kind] = converter.convert(served(kind), ConversionSpec(FLOAT32))
            return made[kind]

        yield of


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("mf", [(72, 16), (96, 16)]),
        ("neumf", [(72, 16), (96, 16), (72, 16), (96, 16)]),
        ("gru", [(97, 16), (96, 16)]),
        ("two_towers", [(72, 32), (96, 16)]),
    ],
)
def test_every_table_that_is_looked_up_or_scored_is_coded(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions, kind: str, shapes: list[tuple[int, int]]
) -> None:
    coded = coded_tables(plain(kind), served(kind), (FOUR,), interactions, seed=0)
    assert sorted((each.rows, each.columns) for each in coded.values()) == sorted(shapes)
    assert {each.bits for each in coded.values()} == {4}


def test_the_first_coding_that_names_a_layer_counts(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    coded = coded_tables(plain("gru"), served("gru"), (EIGHT, FOUR), interactions, seed=0)
    assert {(each.rows, each.bits) for each in coded.values()} == {(97, 4), (96, 8)}


def test_a_table_that_no_pattern_names_stays(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    assert len(coded_tables(plain("gru"), served("gru"), (EIGHT,), interactions, seed=0)) == 1


def test_a_pattern_that_names_no_table_is_refused_with_those_there_are(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    with pytest.raises(RecipeError, match="no table matches 'film'; the tables are of scores, items"):
        coded_tables(plain("gru"), served("gru"), (TableCoding(Integers(4), ("film",)),), interactions, seed=0)


def test_popularity_of_the_training_data_says_which_rows_get_more_bits(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    tiers = TableCoding(Tiered((Tier(0.25, Float16()), Tier(1.0, Integers(4)))), ("scores",))
    tables = {table.tensors[0]: table.values for table in find_tables(plain("gru"))}
    ((index, coded),) = coded_tables(plain("gru"), served("gru"), (tiers,), interactions, seed=0).items()
    exact = np.abs(coded.decode() - tables[index]).max(axis=1) < 1e-3
    assert interactions.popularity()[exact].min() >= interactions.popularity()[~exact].max()


def test_the_padding_row_is_like_one_that_nobody_took(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    tiers = TableCoding(Tiered((Tier(0.25, Float16()), Tier(1.0, Integers(4)))), ("items",))
    tables = {table.tensors[0]: table.values for table in find_tables(plain("gru"))}
    ((index, coded),) = coded_tables(plain("gru"), served("gru"), (tiers,), interactions, seed=0).items()
    assert np.abs(coded.decode()[96] - tables[index][96]).max() > 1e-3


def test_what_was_coded_comes_beside_the_file_that_stores_it(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    coded = coded_tables(plain("gru"), served("gru"), (FOUR,), interactions, seed=0)
    assert len(file_with(plain("gru"), coded, FLOAT32)) < len(plain("gru"))
    for decoded, each in zip(decoded_tables(decoded_bytes(coded)), coded.values(), strict=True):
        assert np.array_equal(decoded, each.decode())


def test_the_bytes_of_tables_are_told_before_they_are_coded(
    plain: Callable[[str], bytes], served: Of, interactions: Interactions
) -> None:
    codings = (TableCoding(Tiered((Tier(0.25, Float16()), Tier(1.0, Integers(4))))),)
    told = table_bytes(served("gru"), codings, interactions, seed=0)
    coded = coded_tables(plain("gru"), served("gru"), codings, interactions, seed=0)
    assert sorted(told.values()) == sorted(sum(array.nbytes for array in each.stored) for each in coded.values())
    assert set(told) == {"items", "scores"}


def test_what_a_runtime_cannot_read_is_refused_before_anything_is_trained() -> None:
    two_bits = Recipe("it", (), FLOAT32, 0.5, tables=(TableCoding(Integers(2)),))
    refuse_codecs(two_bits, "ai-edge-litert==2.3.0")
    with pytest.raises(RecipeError, match=r"codec int2 of it needs LiteRT.*convert for ai-edge-litert"):
        refuse_codecs(two_bits, "tflite-runtime==2.14.0")


def test_a_codec_that_needs_fine_tuning_is_refused_without() -> None:
    with pytest.raises(RecipeError, match="codec low_rank of it is worth nothing without fine-tuning"):
        refuse_codecs(Recipe("it", (), FLOAT32, 0.5, tables=(TableCoding(LowRank(4)),)), "tflite-runtime==2.14.0")


def test_tables_go_with_float32_and_dynamic_int8_only() -> None:
    with pytest.raises(RecipeError, match=r"precision is full_int8, expected float32 or dynamic_int8 beside \[\[table"):
        Recipe("it", (), "full_int8", 0.5, tables=(FOUR,))
