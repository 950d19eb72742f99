import pytest

from edgerec.gate.quantity import (
    QuantityError,
    bytes_of,
    count_of,
    flag_of,
    nanoseconds_of,
    share_of,
    version_key,
    version_of,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("420 KiB", 430_080), ("0.4 MB", 400_000), ("1GiB", 1 << 30), ("12 B", 12), (7, 7), (0, 0), ("1.5 KiB", 1536)],
)
def test_sizes_are_read_with_their_unit(written: object, expected: int) -> None:
    assert bytes_of(written) == expected


@pytest.mark.parametrize(
    "written", ["420", "420 Kib", "KiB", "-1 KiB", -1, 1.5, True, None, "1 2 KiB", "", "2 ms", "1e3 B"]
)
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(QuantityError, match="expected a size"):
        bytes_of(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2 ms", 2_000_000), ("2.3 ms", 2_300_000), ("850us", 850_000), ("850 µs", 850_000), ("1.5 s", 1_500_000_000)],
)
def test_durations_are_read_with_their_unit(written: object, expected: int) -> None:
    assert nanoseconds_of(written) == expected


@pytest.mark.parametrize("written", [2, 2.0, "2", "2 m", "2 KiB", True, None])
def test_a_duration_without_a_unit_is_refused(written: object) -> None:
    with pytest.raises(QuantityError, match='"2 ms"'):
        nanoseconds_of(written)


@pytest.mark.parametrize(
    ("written", "expected"), [("98 %", 0.98), (0.98, 0.98), (1, 1.0), ("0.21", 0.21), ("100%", 1.0)]
)
def test_shares_are_read_as_fractions_or_per_cent(written: object, expected: float) -> None:
    assert share_of(written) == pytest.approx(expected)


@pytest.mark.parametrize("written", [98, 1.01, -0.1, "101 %", float("nan"), True, "98 ms", None])
def test_what_is_no_share_is_refused(written: object) -> None:
    with pytest.raises(QuantityError, match="share from 0 to 1"):
        share_of(written)


def test_versions_compare_by_their_numbers() -> None:
    assert version_of("2.14.0") == "2.14.0"
    assert version_key("2.3.0") < version_key("2.14.0")
    assert version_key("2.14") == version_key("2.14.0")
    assert version_key("") < version_key("1.5.0")


@pytest.mark.parametrize("written", ["2", "2.x", 2.14, "tflite-runtime==2.14.0", None])
def test_what_is_no_version_is_refused(written: object) -> None:
    with pytest.raises(QuantityError, match="expected a version"):
        version_of(written)


def test_flags_are_true_or_false_and_nothing_else() -> None:
    assert flag_of(True) is True
    for written in (0, "yes", None):
        with pytest.raises(QuantityError, match="true or false"):
            flag_of(written)


@pytest.mark.parametrize(
    ("written", "expected"), [(1_050_000, 1_050_000), ("1.05 M", 1_050_000), ("850 k", 850_000), ("12", 12)]
)
def test_counts_are_read_with_or_without_a_prefix(written: object, expected: int) -> None:
    assert count_of(written) == expected


@pytest.mark.parametrize("written", ["1 MB", -1, 1.5, True, "", "many"])
def test_what_is_no_count_is_refused(written: object) -> None:
    with pytest.raises(QuantityError, match="expected a number such as"):
        count_of(written)


@pytest.mark.parametrize("written", [f"{'9' * 400} KiB", "9000000000 GiB", f"{2**63} B"])
def test_a_size_that_no_disk_has_is_refused(written: str) -> None:
    with pytest.raises(QuantityError, match=r"expected a size such as .*, below 9223372036854775808"):
        bytes_of(written)
