import pytest

from edgerec.codecs.naming import decode, told
from edgerec.codecs.tiered import Tiered
from edgerec.codecs.turned import Turned


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rows4", "int4 step = 0.0, exponent = 0.5, feedback = True"),
        ("rows16", "float16"),
        ("cols16x8and8x4", "columns groups = 16 x int8; 8 x int4, step = 0.04, exponent = 0.2"),
        ("axes32-cols16x8", "turned axes = 32, of = (columns groups = 16 x int8, step = 0.04, exponent = 0.2)"),
        ("native8", "native8"),
        ("pq16x256", "product codes = 16, centroids = 256, gain = 0.5, balance = 0.0"),
        ("twins30", "shared own = 0.3, common = 0.05, by = twins, criterion = popularity, of = (float16)"),
    ],
)
def test_a_name_decodes(name: str, expected: str) -> None:
    codec = decode(name)
    assert codec is not None
    assert told(codec) == expected


def test_tiers_go_from_the_most_popular_rows_to_the_rest() -> None:
    codec = decode("top5-rows8-top25-rows4-aq6x64")
    assert isinstance(codec, Tiered)
    assert [(tier.top, tier.of.name) for tier in codec.tiers] == [(0.05, "int8"), (0.25, "int4"), (1.0, "additive")]


def test_tiers_may_lie_in_axes() -> None:
    codec = decode("axes32-top5-cols16x8-aq6x64")
    assert isinstance(codec, Turned)
    assert isinstance(codec.of, Tiered)
    assert [(tier.top, tier.of.name) for tier in codec.of.tiers] == [(0.05, "columns"), (1.0, "additive")]


@pytest.mark.parametrize(
    "name",
    [
        "rows3",
        "rows",
        "top5-rows8",
        "rows8-rows4",
        "top5-rows8-top25",
        "prune50",
        "",
        "top5",
        "cols",
        "cols8x3",
        "axes32",
        "axes32-prune50",
        "rows4-axes32",
    ],
)
def test_what_spells_nothing_is_none(name: str) -> None:
    assert decode(name) is None
