import numpy as np
import pytest

from edgerec.data.columns import seconds, weights
from edgerec.data.errors import DataError


@pytest.mark.parametrize(
    "values",
    [
        [3, 5],
        ["3", "5"],
        [3.9, 5.2],
        ["3.9", "5"],
        np.array([3, 5], np.uint32),
        np.array([3.0, 5.0]),
        np.array([3_900, 5_000], "datetime64[ms]"),
        np.array(["3", "5"], object),
    ],
)
def test_seconds_take_numbers_text_and_dates(values: object) -> None:
    taken = seconds(values, "time")  # type: ignore[arg-type]
    assert taken.dtype == np.int64
    assert taken.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([3, -5], "-5 in row 2 is negative"),
        ([3.0, float("nan")], "nan in row 2 is missing"),
        (["3", "nan"], "nan in row 2 is missing"),
        (["3", "inf"], "inf in row 2 is missing or endless"),
        (["3", ""], "'' in row 2: expected seconds"),
        ([3, None], "None in row 2: expected seconds"),
        (["3", "2013-04-05"], "'2013-04-05' in row 2: expected seconds"),
        ([3, 10**30], "is too large"),
        (np.array([1, "NaT"], "datetime64[s]"), "NaT in row 2 is missing"),
    ],
)
def test_a_time_that_is_none_is_refused_with_its_row(values: list[object], words: str) -> None:
    with pytest.raises(DataError) as refusal:
        seconds(values, "time")
    assert words in str(refusal.value)


def test_weights_may_be_negative_and_never_missing() -> None:
    assert weights(["-1.5", "2"], "weight").tolist() == [-1.5, 2.0]
    with pytest.raises(DataError, match="'good' in row 2: expected a number"):
        weights(["1", "good"], "weight")
