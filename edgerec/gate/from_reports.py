"""What devices measured: the evidence of the reports that are of this very file."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from device_tests.report import DeviceReport, GoldenResult
from edgerec.gate.budget import Limit
from edgerec.gate.from_file import Reading
from edgerec.gate.from_quality import kept_of, quality_amount
from edgerec.gate.limit_kind import OF_MACHINE, Amount
from edgerec.gate.machines import by_measurer, measurer_of
from edgerec.gate.noise import percentile_interval
from edgerec.model_file import ModelFile
from edgerec.statistics import Interval

_PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}
_FEWEST_CALLS = {"p50": 1, "p95": 20, "p99": 100}  # with fewer the percentile is the slowest call and nothing else


@dataclass(frozen=True)
class Expected:
    """Where a figure has to be measured to prove a limit; None takes any."""

    runtime: str | None = None
    threads: int | None = None

    def met_by(self, report: DeviceReport) -> bool:
        """Say whether a report was measured so."""
        board = report.board
        runtime = f"{board.runtime}=={board.runtime_version}"
        return self.runtime in {None, runtime} and self.threads in {None, board.threads}

    def __str__(self) -> str:
        runtime = self.runtime or "any runtime"
        return runtime if self.threads is None else f"{runtime}, {self.threads} thread{'s'[: self.threads != 1]}"


ANYWHERE = Expected()


def reports_of(file: ModelFile, reports: Mapping[str, DeviceReport]) -> dict[str, DeviceReport]:
    """Give the reports whose digest is this bundle's, or for a bare .tflite this model's; the others prove nothing."""
    if file.bundle is None:
        return {name: one for name, one in reports.items() if one.model_sha256 == file.model_sha256}
    return {name: one for name, one in reports.items() if one.bundle_sha256 == file.sha256}


@dataclass(frozen=True)
class Measured:
    """What the file or reports hold for a limit, and whether any was made as the target asks.

    `measurer` says of which machine and runtime it is, empty for what is the same on all. `apart` is whether the limit
    is judged on several of them, or asked of some only.
    """

    reading: Reading
    as_asked: bool
    measurer: str = ""
    apart: bool = False


def measured_amounts(
    limit: Limit, file: ModelFile, reports: Mapping[str, DeviceReport], expected: Expected
) -> tuple[Measured, ...]:
    """Give the worst amount that this file's reports hold for a limit, of what a machine costs one for every machine.

    Golden outputs and quality are of the file: the worst of all reports counts. Latency and memory of different
    machines or runtimes are no figures of one thing, and each of them has to hold. They prove the limit only when one
    of the reports was made as expected. A reading without an amount says why.
    """
    asked = {name: one for name, one in reports.items() if fnmatchcase(str(measurer_of(one)), limit.on or "*")}
    readings = {name: _amount(limit, file, name, report) for name, report in asked.items()}
    known = {name: reading for name, reading in readings.items() if reading.amount is not None}
    if not known:
        on = f" on {limit.on}" if limit.on else ""
        none = f"no report of this {'model' if file.bundle is None else 'bundle'}{on}"
        return (Measured(next(iter(readings.values()), Reading(None, reason=none)), as_asked=False),)
    as_asked = any(expected.met_by(reports[name]) for name in known)
    if limit.kind.evidence not in OF_MACHINE:
        return (Measured(_worst(limit, known.values()), as_asked),)
    groups = by_measurer({name: reports[name] for name in known})
    apart = len(groups) > 1 or bool(limit.on)
    return tuple(
        Measured(_worst(limit, [known[name] for name in group]), as_asked, str(measurer), apart)
        for measurer, group in groups.items()
    )


def _worst(limit: Limit, readings: Collection[Reading]) -> Reading:
    return (max if limit.kind.direction == "at most" else min)(readings, key=_figure)


def _figure(reading: Reading) -> float:
    if reading.kept is not None and reading.kept.figure is not None:
        return reading.kept.figure
    return float(reading.amount) if isinstance(reading.amount, (int, float)) else 0.0


def _amount(limit: Limit, file: ModelFile, name: str, report: DeviceReport) -> Reading:
    """Give what one report holds for a limit."""
    evidence = limit.kind.evidence
    if evidence in {"latency", "memory"} and report.provenance != "measured":
        return Reading(None, report.provenance, name, f"{name} is {report.provenance}: no evidence of {evidence}")
    if evidence == "quality" and report.quality is not None and report.quality.sample_of is not None:
        asked = f"{report.quality.users} of {report.quality.sample_of} users"
        return Reading(None, report.provenance, name, f"{name} is of {asked}: no evidence of quality")
    if getattr(report, evidence) is None:
        return Reading(None, report.provenance, name, f"{name} has no {evidence} phase")
    kept = None if report.quality is None else kept_of(limit, file, report.quality)
    if kept is not None:
        return Reading(kept.estimate, report.provenance, name, kept.reason, kept, kept.interval)
    amount, reason = _BY_EVIDENCE[evidence](limit.name, file, report)
    interval = None if amount is None or evidence != "latency" else _latency_interval(limit.name, report)
    return Reading(amount, report.provenance, name, reason, interval=interval)


def _golden(name: str, file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    golden = report.golden
    if golden is None:
        return None, "golden was not replayed"
    if (golden.held or name != "golden") and (looser := _looser(golden, file)):
        return None, looser
    if name == "golden":
        return golden.held, golden.reason
    return golden.float_overlap, ""


def _looser(golden: GoldenResult, file: ModelFile) -> str:
    """Say where a report held golden outputs to less than the bundle's own manifest states, empty where it did not."""
    if file.bundle is None:
        return ""
    manifest = file.bundle.manifest
    if golden.tolerance > manifest.tolerance:
        return f"the report allows a tolerance of {golden.tolerance:g} where the bundle states {manifest.tolerance:g}"
    if golden.float_overlap_floor < manifest.float_overlap:
        return (
            f"the report asks for a float overlap of {golden.float_overlap_floor:g} where the bundle promises "
            f"{manifest.float_overlap:g}"
        )
    return ""


def _latency(name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    latency = report.latency
    if latency is None or not latency.warm_ns:
        return None, "no warm call was measured"
    if name in _PERCENTILES:
        calls, fewest = len(latency.warm_ns), _FEWEST_CALLS[name]
        if calls < fewest:
            return None, f"{name} of {calls} warm calls says nothing: measure with --calls {fewest} or more"
        return latency.p(_PERCENTILES[name]), ""
    return (latency.load_ns if name == "load" else latency.first_ns), ""


def _latency_interval(name: str, report: DeviceReport) -> Interval | None:
    if report.latency is None:
        return None
    if name in _PERCENTILES:
        return percentile_interval(report.latency.warm_ns, _PERCENTILES[name])
    starts = report.latency.starts
    return percentile_interval([one.load_ns if name == "load" else one.first_ns for one in starts], 50)


def _memory(name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    memory = report.memory
    figures = (
        ()
        if memory is None
        else {
            "private_bytes": (memory.private_load, memory.private_run),
            "mapped_bytes": (memory.mapped_load, memory.mapped_run),
            "peak_bytes": (memory.peak,),
        }[name]
    )
    if not figures or None in figures:
        return None, f"the system of {report.board.machine} does not tell {name.removesuffix('_bytes')} memory"
    return max(figure for figure in figures if figure is not None), ""


def _counts(name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    counts = report.counts
    if counts is None:
        return None, "nothing was counted"
    if name == "top_k_instructions":
        most = max((one.instructions for one in counts.top_k), default=None)
        return most, "" if counts.top_k else "no top k was counted"
    return {
        "instructions": max(one.instructions for one in counts.invoke),
        "load_instructions": counts.load.instructions,
        "first_instructions": counts.first.instructions,
        "read_bytes": max(one.read_bytes for one in counts.invoke),
        "written_bytes": max(one.written_bytes for one in counts.invoke),
    }[name], ""


def _quality(name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    if report.quality is None:
        return None, "quality was not measured"
    return quality_amount(name, report.quality)


def _storage(_name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    storage = report.storage
    if storage is None:
        return None, "what lies on the disk was not told"
    return storage.model_bytes + (storage.weight_cache_bytes or 0), ""


_BY_EVIDENCE = {
    "golden": _golden,
    "latency": _latency,
    "memory": _memory,
    "quality": _quality,
    "storage": _storage,
    "counts": _counts,
}
