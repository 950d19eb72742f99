"""Bytes, times and shares as people read them."""

KIB = 1024


def size(count: float | None) -> str:
    """Give bytes as `512 B`, `420.0 KiB`, `1.3 MiB` or `2.0 GiB`; unknown when the system did not tell."""
    if count is None:
        return "unknown"
    if count < KIB:
        return f"{count:.0f} B"
    value = count / KIB
    for unit in ("KiB", "MiB"):
        if round(value, 1) < KIB:
            return f"{value:.1f} {unit}"
        value /= KIB
    return f"{value:.1f} GiB"


def duration(nanoseconds: float | None) -> str:
    """Give nanoseconds as `850 ns`, `4.5 us`, `2.1 ms` or `1.5 s`."""
    if nanoseconds is None:
        return "unknown"
    for unit, scale in (("ns", 1), ("us", 10**3), ("ms", 10**6)):
        value = nanoseconds / scale
        if round(value, 1) < 10**3:
            return f"{value:.0f} {unit}" if unit == "ns" else f"{value:.1f} {unit}"
    return f"{nanoseconds / 10**9:.1f} s"


def count(value: float) -> str:
    """Give a number as `1,027,539`."""
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """Give a share as `98.1 %`."""
    return "unknown" if value is None else f"{100 * value:.1f} %"


def shares_apart(one: float, other: float) -> tuple[str, str]:
    """Give two shares that differ with the fewest decimals, one or more, that show it: `94.99 %` and `95.00 %`."""
    for decimals in range(1, 16):
        written = f"{100 * one:.{decimals}f} %", f"{100 * other:.{decimals}f} %"
        if written[0] != written[1]:
            return written
    return f"{100 * one} %", f"{100 * other} %"


def amount(value: object, unit: str) -> str:
    """Give what a limit or a measurement says in its unit."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        written = {"bytes": size, "ns": duration, "share": share, "count": count}
        return written[unit](value) if unit in written else str(value)
    return str(value)
