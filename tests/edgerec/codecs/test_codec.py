import numpy as np
import pytest

from converters import tflite_file
from converters.anatomy import anatomy
from converters.tables.coded import payload_bytes
from converters.tables.metric import second_moment
from converters.tables.scorer import scorer_file
from edgerec.codecs import registry
from edgerec.codecs.codec import Codec, encoded
from edgerec.codecs.column_groups import Group
from edgerec.codecs.errors import CodecError
from edgerec.codecs.naming import decode, told
from edgerec.codecs.tiered import Tier
from edgerec.criteria.statistics import Statistics, Taken

ROWS, COLUMNS = 300, 32
SPELLED = (
    *("rows8", "rows4", "rows2", "rows16", "native8", "native4", "native2", "block4", "pq8x16", "aq4x32", "saq4x16"),
    *("cols16x8and16x8", "cols8x8and16x4and4x2", "axes16-rows4", "axes24-top20-cols8x8and8x4-aq4x16"),
    *("shared25", "hashed25", "top5-rows8-top25-rows4-rows2", "top20-rows4-aq4x16", "top10-rows8-shared30"),
)


def table(seed: int = 1) -> np.ndarray:
    """Rows whose lengths fall with their number, as those of popular and unpopular items do."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(ROWS, COLUMNS)) * np.linspace(2, 0.2, ROWS)[:, None]).astype(np.float32)


def known(*, sorted_by_popularity: bool = True) -> Statistics:
    random = np.random.default_rng(2)
    popularity = np.sort(random.integers(1, 500, ROWS))[::-1].copy()
    if not sorted_by_popularity:
        random.shuffle(popularity)
    taken = Taken(random.integers(ROWS, size=4000), random.integers(200, size=4000))
    return Statistics(
        popularity=popularity, second_moment=second_moment(random.normal(size=(99, COLUMNS))), taken=taken
    )


def of(name: str) -> Codec:
    codec = decode(name)
    assert codec is not None, name
    return codec


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("name", SPELLED)
def test_predicted_bytes_are_those_in_the_file(name: str, in_order: bool) -> None:
    codec, statistics = of(name), known(sorted_by_popularity=in_order)
    coded = encoded(codec, table(), statistics, seed=0)
    found = anatomy(tflite_file.parse(scorer_file(coded)))
    scales = 12 * ROWS if name.startswith("native") else 0
    assert codec.stored_bytes(ROWS, COLUMNS, statistics) == payload_bytes(coded) + scales
    in_file = sum(each.bytes + (each.overhead_bytes if scales else 0) for each in found.tensors)
    assert 0 <= in_file - codec.stored_bytes(ROWS, COLUMNS, statistics) < 500  # shapes and axes of operators


@pytest.mark.parametrize("name", SPELLED)
def test_a_table_is_decoded_near_what_it_was_and_the_same_for_the_same_seed(name: str) -> None:
    statistics = known()
    once, again = (encoded(of(name), table(), statistics, seed=3).decode() for _ in range(2))
    assert np.array_equal(once, again)
    lost = ((once - table()) ** 2).sum() / (table() ** 2).sum()
    assert lost < {"rows8": 1e-3, "rows16": 1e-6, "native8": 1e-3, "axes16-rows4": 0.6}.get(name, 0.75)


def test_more_bits_lose_less() -> None:
    lost = [
        float(((encoded(of(f"rows{bits}"), table(), known(), seed=0).decode() - table()) ** 2).sum())
        for bits in (8, 4, 2)
    ]
    assert lost == sorted(lost)


@pytest.mark.parametrize("name", registry.CODECS)
def test_every_codec_says_its_name_what_it_needs_and_where_it_runs(name: str) -> None:
    settings = {
        "tiered": {"tiers": (Tier(0.05, of("rows8")), Tier(1.0, of("rows2")))},
        "low_rank": {"rank": 4},
        "columns": {"groups": (Group(8, 8), Group(8, 4))},
        "turned": {"axes": 4, "of": of("rows4")},
    }
    found = registry.codec(name, **settings.get(name, {}))
    assert found.name == name
    assert found.litert_only == (name in {"int2", "native8", "native4", "native2", "block4"} or name == "tiered")
    assert found.learned == (name in {"low_rank", "memcom", "quotient_remainder"})
    assert told(found).startswith(name)


def test_numbers_that_are_not_finite_are_refused_with_their_row() -> None:
    broken = table()
    broken[7, 3] = np.nan
    with pytest.raises(CodecError, match="row 7 of the table holds nan in column 3"):
        encoded(of("rows4"), broken, known(), seed=0)


def test_a_codec_without_what_it_needs_is_refused_by_name() -> None:
    with pytest.raises(CodecError, match="codec tiered needs popularity"):
        encoded(of("top5-rows8-rows4"), table(), Statistics(), seed=0)


def test_a_constant_table_is_stored_and_decoded_as_it_is() -> None:
    constant = np.full((ROWS, COLUMNS), 0.5, np.float32)
    for name in SPELLED:
        if not any(each in name for each in ("rows2", "native2", "4x2")):
            assert np.allclose(encoded(of(name), constant, known(), seed=0).decode(), 0.5, atol=0.1), name
