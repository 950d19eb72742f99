"""Speed and the conditions that it was measured in, as text."""

from collections.abc import Sequence

from device_tests.measurement import Faults, Storage
from edgerec.report.console import table, visible
from edgerec.report.quantities import duration, size
from edgerec.report.timing_figures import ConditionsFigures, LatencyFigures, MinuteFigures, SustainedFigures

KHZ_PER_MHZ = 1000


def latency_text(latency: LatencyFigures, others: Sequence[LatencyFigures]) -> str:
    """Give one latency in full, and beneath it the same with other numbers of threads."""
    rows = [
        ("load", duration(latency.load_ns), _spread(latency.loads_ns, latency.load_faults)),
        ("first call", duration(latency.first_ns), _spread(latency.firsts_ns, latency.first_faults)),
        ("p50", duration(latency.p50_ns), f"invoke alone {duration(latency.invoke_p50_ns)}"),
        ("p95", duration(latency.p95_ns), ""),
        ("p99", duration(latency.p99_ns), _faults(latency.warm_faults, f" in {count(latency.calls, 'call')}")),
        ("harness adds", duration(latency.overhead_ns), f"to invoke alone {duration(latency.invoke_overhead_ns)}"),
    ]
    lines = [table(("", count(latency.calls, "warm call"), ""), rows, right=(1,), indent="  ")]
    lines.append(f"  one user a call, ids from: {visible(latency.ids)}")
    if others:
        header = ("threads", "load", "first call", "p50", "p95", "p99")
        by_threads = [
            (str(one.threads), *map(duration, (one.load_ns, one.first_ns, one.p50_ns, one.p95_ns, one.p99_ns)))
            for one in (latency, *others)
        ]
        lines.append(table(header, by_threads, right=(0, 1, 2, 3, 4, 5), indent="  "))
    return "\n".join(lines)


def sustained_text(sustained: SustainedFigures) -> str:
    """Give the first minute beside the last."""
    first, last = sustained.first, sustained.last
    rows = [
        ("calls", f"{first.calls:,}", f"{last.calls:,}"),
        ("p50", duration(first.p50_ns), duration(last.p50_ns)),
        ("p95", duration(first.p95_ns), duration(last.p95_ns)),
        ("hottest", _celsius(first.temperature_c), _celsius(last.temperature_c)),
    ]
    header = (f"of {count(sustained.seconds, 'second')}", _title("first", first), _title("last", last))
    return table(header, rows, right=(1, 2), indent="  ")


def storage_text(storage: Storage) -> str:
    """Give what lies on the disk of the device."""
    if storage.weight_cache_bytes is None:
        return f"  model {size(storage.model_bytes)}"
    whole = storage.model_bytes + storage.weight_cache_bytes
    return (
        f"  {size(whole)}: model {size(storage.model_bytes)}, weight cache {size(storage.weight_cache_bytes)}, "
        f"made once in {duration(storage.weight_cache_made_ns)}"
    )


def conditions_text(conditions: ConditionsFigures) -> str:
    """Give the machine before and after; what it does not tell is left out."""
    before, after = conditions.before, conditions.after
    heat, clock = conditions.temperature_c, conditions.frequency_khz
    rows = [
        ("governor", before.governor, after.governor, None),
        ("clock", _mhz(before.frequency_khz), _mhz(after.frequency_khz), None if clock is None else _mhz_range(clock)),
        (
            "temperature",
            _known(before.temperature_c),
            _known(after.temperature_c),
            None if heat is None else f"{heat[0]:.0f} to {heat[1]:.0f} degrees C",
        ),
        ("under-voltage", _yes(before.under_voltage), _yes(after.under_voltage), None),
        ("load average", _two(before.load), _two(after.load), None),
        ("free memory", size(before.available_bytes), size(after.available_bytes), None),
        ("screen", conditions.screen, None, None),
    ]
    told = [tuple(each or "" for each in row) for row in rows if row[1] not in (None, "unknown")]
    return table(("", "before", "after", "lowest to highest"), told, right=(1, 2), indent="  ") if told else ""


def count(number: int, noun: str) -> str:
    """Give a number of things, `1 call` or `1,000 calls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _spread(times_ns: Sequence[int], faults: Faults | None) -> str:
    told = _faults(faults, "")
    if len(times_ns) == 1:
        return told
    spread = f"{len(times_ns)} fresh processes: {duration(min(times_ns))} to {duration(max(times_ns))}"
    return f"{spread}; {told}" if told else spread


def _faults(faults: Faults | None, where: str) -> str:
    return "" if faults is None else f"page faults{where}: {faults.minor:,} minor, {faults.major:,} major"


def _title(name: str, minute: MinuteFigures) -> str:
    return f"{name} minute" if minute.seconds == 60 else f"{name} {minute.seconds} s"  # noqa: PLR2004 - seconds


def _celsius(degrees: float | None) -> str:
    return "unknown" if degrees is None else f"{degrees:.0f} degrees C"


def _known(degrees: float | None) -> str | None:
    return None if degrees is None else _celsius(degrees)


def _mhz(khz: int | None) -> str | None:
    return None if khz is None else f"{khz // KHZ_PER_MHZ} MHz"


def _mhz_range(khz: tuple[int, int]) -> str:
    return f"{khz[0] // KHZ_PER_MHZ} to {khz[1] // KHZ_PER_MHZ} MHz"


def _two(load: float | None) -> str | None:
    return None if load is None else f"{load:.2f}"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
