import pytest

from edgerec.codecs.codec import Codec
from edgerec.codecs.errors import CodecError
from edgerec.codecs.naming import told
from edgerec.codecs.parsing import parse_codec
from edgerec.strict_toml import TomlError, parse_toml


def parsed(text: str) -> Codec:
    table = parse_toml(text, "r.toml")
    codec = parse_codec(table)
    table.refuse_unknown()
    return codec


def test_settings_stand_beside_the_name() -> None:
    assert told(parsed('codec = "int4"\nstep = 0.12\nfeedback = false')) == (
        "int4 step = 0.12, exponent = 0.5, feedback = False"
    )


def test_codecs_stand_inside_others() -> None:
    text = """
    codec = "tiered"
    [[tier]]
    top = 0.05
    codec = "int8"
    [[tier]]
    codec = "shared"
    own = 0.5
    [tier.of]
    codec = "int4"
    """
    found = told(parsed(text))
    assert found.startswith("tiered tiers = top 5% int8")
    assert "top 100% shared own = 0.5, common = 0.05, by = cluster" in found
    assert "of = (int4" in found


def test_columns_stand_in_groups() -> None:
    text = """
    codec = "turned"
    axes = 32
    [of]
    codec = "columns"
    step = 0.05
    [[of.group]]
    columns = 16
    bits = 8
    [[of.group]]
    columns = 8
    bits = 4
    """
    inner = "columns groups = 16 x int8; 8 x int4, step = 0.05, exponent = 0.2"
    assert told(parsed(text)) == f"turned axes = 32, of = ({inner})"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('codec = "int5"', CodecError, "r.toml:1: no codec 'int5' .*; there are int8, int4"),
        ('codec = "int4"\nsteps = 1', TomlError, "r.toml:2: steps is not known"),
        ('codec = "int4"\nstep = "a"', TomlError, "r.toml:2: step is 'a', expected a number"),
        ('codec = "shared"\nown = 1.5', CodecError, "r.toml:2: own is 1.5, expected a share"),
        ('codec = "shared"\nby = "cat"', CodecError, "r.toml:2: by is 'cat', expected cluster, hash, twins"),
        ('codec = "additive"\ncentroids = 300', CodecError, "r.toml:2: centroids is 300, expected 2 to 256"),
        ('codec = "low_rank"', TomlError, "rank is nothing, expected a value"),
        ('codec = "tiered"\n[[tier]]\ntop = 0.5\ncodec = "int8"', CodecError, "r.toml.*tiers go down to 0.5, expected"),
        ('codec = "columns"', TomlError, "groups is nothing, expected a value"),
        ('codec = "columns"\n[[group]]\ncolumns = 8', TomlError, "bits is nothing, expected an integer"),
        ('codec = "columns"\n[[group]]\ncolumns = 8\nbits = 5', CodecError, "r.toml.*bits is 5, expected 8, 4, 2"),
        (
            'codec = "columns"\n[[group]]\ncolumns = 3\nbits = 4',
            CodecError,
            "columns is 3 .*, expected a multiple of 2",
        ),
        ('codec = "turned"\naxes = 0\n[of]\ncodec = "int4"', CodecError, "r.toml:2: axes is 0, expected 1 or more"),
        ('codec = "turned"\naxes = 8', TomlError, "of is nothing, expected a value"),
        ("step = 1", TomlError, "codec is missing"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parsed(text)
