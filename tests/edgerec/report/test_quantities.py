import pytest

from edgerec.report.quantities import amount, duration, share, shares_apart, size


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (430_080, "420.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (1_407_848, "1.3 MiB"),
        (25 * 1024**3, "25.0 GiB"),
        (None, "unknown"),
    ],
)
def test_sizes(count: int | None, expected: str) -> None:
    assert size(count) == expected


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [(50, "50 ns"), (999, "999 ns"), (4500, "4.5 us"), (999_960, "1.0 ms"), (2_100_000, "2.1 ms"), (1.5e9, "1.5 s")],
)
def test_durations(nanoseconds: float, expected: str) -> None:
    assert duration(nanoseconds) == expected


def test_shares_and_amounts_in_their_unit() -> None:
    assert share(0.9812) == "98.1 %"
    assert share(None) == "unknown"
    assert amount(430_080, "bytes") == "420.0 KiB"
    assert amount(2_000_000, "ns") == "2.0 ms"
    assert amount(0.98, "share") == "98.0 %"
    assert amount("2.14.0", "version") == "2.14.0"
    assert amount(True, "flag") == "yes"
    assert amount(None, "bytes") == "-"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (0.949901768172888, 0.95, ("94.99 %", "95.00 %")),
        (0.5, 0.25, ("50.0 %", "25.0 %")),
        (1.0, 1.0, ("100.0 %", "100.0 %")),
    ],
)
def test_shares_that_differ_are_shown_with_as_many_decimals_as_it_takes(
    one: float, other: float, expected: tuple[str, str]
) -> None:
    assert shares_apart(one, other) == expected
