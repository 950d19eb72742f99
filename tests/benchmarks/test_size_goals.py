"""How rows of the table of sizes are compared."""

from dataclasses import dataclass

import pytest

from benchmarks.size_goals import rival


@dataclass(frozen=True)
class Line:
    """What is compared of a row."""

    ratio: float


@pytest.mark.parametrize(("ratio", "expected"), [(10.0, 8.0), (8.0, 8.0), (30.0, 25.0), (1.5, 2.0)])
def test_a_row_is_compared_with_the_smallest_model_from_scratch_that_is_no_smaller(
    ratio: float, expected: float
) -> None:
    line = [Line(2.0), Line(8.0), Line(25.0)]
    assert rival(Line(ratio), line).ratio == expected  # type: ignore[arg-type]
