import numpy as np
import pytest

from edgerec.codecs.codec import encoded
from edgerec.codecs.column_groups import ColumnGroups, Group
from edgerec.codecs.errors import CodecError
from edgerec.codecs.naming import decode
from edgerec.criteria.statistics import Statistics

ROWS = 60


def table() -> np.ndarray:
    """Columns that go from strong to weak."""
    return (np.random.default_rng(1).normal(size=(ROWS, 16)) * np.geomspace(1, 0.02, 16)).astype(np.float32)


def test_columns_in_no_group_are_zero_and_the_others_err_by_half_a_step_of_their_row() -> None:
    codec = ColumnGroups((Group(4, 8), Group(8, 4)), step=0.02, exponent=0.0)
    decoded = codec.encode(table(), Statistics(), seed=0).decode()
    assert not decoded[:, 12:].any()
    step = 0.02 * np.exp(np.log(np.linalg.norm(table()[:, :12], axis=1)).mean())
    assert np.abs(decoded - table())[:, :4].max() <= step * 2**0.25 / 2 + 1e-3


def test_what_does_not_fit_the_bits_of_its_group_is_clipped() -> None:
    coarse, fine = (
        ColumnGroups((Group(8, 8), Group(8, bits)), step=0.01).encode(table(), Statistics(), seed=0).decode()
        for bits in (4, 8)
    )
    assert np.allclose(fine, table(), atol=0.02)
    assert np.array_equal(coarse[:, :8], fine[:, :8])
    assert np.abs(coarse[:, 8:]).max() < np.abs(fine[:, 8:]).max()


def test_more_columns_than_the_table_has_are_refused() -> None:
    with pytest.raises(CodecError, match="columns is 24 in all groups, expected no more than the 16 of the table"):
        ColumnGroups((Group(24, 8),)).encode(table(), Statistics(), seed=0)


@pytest.mark.parametrize(("step", "groups", "message"), [(0, (Group(8, 8),), "step is 0"), (1, (), "groups is empty")])
def test_settings_that_store_nothing_are_refused(step: float, groups: tuple[Group, ...], message: str) -> None:
    with pytest.raises(CodecError, match=message):
        ColumnGroups(groups, step=step)


def test_in_the_axes_of_the_scores_as_many_bytes_err_less() -> None:
    random = np.random.default_rng(3)
    strong = random.normal(size=(ROWS, 16)) * np.geomspace(1, 1e-3, 16)
    mixed = (strong @ np.linalg.qr(random.normal(size=(16, 16)))[0]).astype(np.float32)
    vectors = random.normal(size=(500, 16))
    known, lost = Statistics(second_moment=vectors.T @ vectors / len(vectors)), {}
    for name in ("rows4", "cols8x8", "axes8-cols8x8"):  # 10 bytes a row each
        codec = decode(name)
        assert codec is not None
        error = (encoded(codec, mixed, known, seed=0).decode() - mixed) @ vectors.T
        lost[name] = float((error**2).mean())
    assert lost["axes8-cols8x8"] < 0.5 * lost["rows4"] < lost["cols8x8"]
