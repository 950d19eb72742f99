"""Quantities as people write them: sizes, durations, shares and versions."""

import math
import re

from edgerec.errors import EdgerecError

BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9}

COUNTS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}

_MOST = 1 << 63
"""Where amounts end: what is more than 8 EiB or 292 years limits nothing."""

_AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ%]*)\s*")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){1,3}")


class QuantityError(EdgerecError):
    """A quantity that cannot be understood."""


def bytes_of(value: object) -> int:
    """Give the bytes of `"420 KiB"`, `"0.4 MB"` or a whole number of bytes, rounded to whole ones."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return _whole(value, BYTES, 'a size such as "420 KiB", "0.4 MB" or a whole number of bytes')


def nanoseconds_of(value: object) -> int:
    """Give the nanoseconds of `"2 ms"`, `"850 us"` or `"1.5 s"`; a bare number has no unit and is refused."""
    return _whole(value, NANOSECONDS, 'a duration with its unit such as "2 ms" or "850 us"')


def count_of(value: object) -> int:
    """Give the number of `1050000`, `"1.05 M"` or `"850 k"`, rounded to a whole one."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return _whole(value, COUNTS, 'a number such as 1050000 or "1.05 M"')


def share_of(value: object) -> float:
    """Give the share of `0.98` or `"98 %"`, from 0 to 1."""
    expected = 'a share from 0 to 1 such as 0.98 or "98 %"'
    if isinstance(value, str) and (match := _AMOUNT.fullmatch(value)) and match[2] in {"", "%"}:
        share = float(match[1]) / (100 if match[2] else 1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value)
    else:
        raise QuantityError(f"{value!r}, expected {expected}")
    if not (math.isfinite(share) and 0 <= share <= 1):
        raise QuantityError(f"{value!r}, expected {expected}")
    return share


def version_of(value: object) -> str:
    """Give a version such as `"2.14.0"` as it is written."""
    if isinstance(value, str) and _VERSION.fullmatch(value):
        return value
    raise QuantityError(f'{value!r}, expected a version such as "2.14.0"')


def flag_of(value: object) -> bool:
    """Give true or false."""
    if isinstance(value, bool):
        return value
    raise QuantityError(f"{value!r}, expected true or false")


def version_key(version: str) -> tuple[int, ...]:
    """Give what versions are compared by: the numbers, without the zeros at the end; "" comes before every version."""
    numbers = [int(part) for part in version.split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _whole(value: object, units: dict[str, int], expected: str) -> int:
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in units:
        raise QuantityError(f"{value!r}, expected {expected}")
    amount = float(match[1]) * units[match[2]]
    if amount >= _MOST:
        raise QuantityError(f"{value!r}, expected {expected}, below {_MOST}")
    return round(amount)
