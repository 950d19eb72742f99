"""The unit that an axis is in: one that leaves numbers between 1 and a few thousand."""

KIB = 1024


def byte_unit(most: float) -> tuple[int, str]:
    """Give how many bytes the unit of an axis is, and its name."""
    power = next((power for power in (3, 2, 1) if most >= KIB**power), 0)
    return KIB**power, ("B", "KiB", "MiB", "GiB")[power]


def time_unit(most_ns: float) -> tuple[int, str]:
    """Give how many nanoseconds the unit of an axis is, and its name."""
    power = next((power for power in (3, 2, 1) if most_ns >= 1000**power), 0)
    return 1000**power, ("ns", "us", "ms", "s")[power]
