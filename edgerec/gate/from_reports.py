"""What devices measured: the evidence of the reports that are of this very file."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.metrics import METRICS, mean
from device_tests.report import DeviceReport, Quality
from edgerec.gate.budget import Amount, Limit, metric_at_k, metric_kept
from edgerec.gate.from_file import Reading
from edgerec.gate.npy import int32_values
from edgerec.model_file import ModelFile

_BASELINE = "proof/baseline_ranks.npy"
_PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}
_FEWEST_CALLS = {"p50": 1, "p95": 20, "p99": 100}  # with fewer the percentile is the slowest call and nothing else


@dataclass(frozen=True)
class Conditions:
    """Where a figure has to be measured to prove a limit; None takes any."""

    runtime: str | None = None
    threads: int | None = None

    def hold_for(self, report: DeviceReport) -> bool:
        """Say whether a report was measured under these conditions."""
        board = report.board
        runtime = f"{board.runtime}=={board.runtime_version}"
        return self.runtime in {None, runtime} and self.threads in {None, board.threads}

    def __str__(self) -> str:
        runtime = self.runtime or "any runtime"
        return runtime if self.threads is None else f"{runtime}, {self.threads} thread{'s'[: self.threads != 1]}"


ANYWHERE = Conditions()


def reports_of(file: ModelFile, reports: Mapping[str, DeviceReport]) -> dict[str, DeviceReport]:
    """Give the reports whose digest is this bundle's, or for a bare .tflite this model's; the others prove nothing."""
    if file.bundle is None:
        return {name: one for name, one in reports.items() if one.model_sha256 == file.model_sha256}
    return {name: one for name, one in reports.items() if one.bundle_sha256 == file.sha256}


def measured_amount(
    limit: Limit, file: ModelFile, reports: Mapping[str, DeviceReport], conditions: Conditions
) -> tuple[Reading, bool]:
    """Give the worst amount that this file's reports hold for a limit, and whether it is measured as the target asks.

    The worst of all reports counts; it proves the limit only when one of them was made under the conditions. A reading
    without an amount says why.
    """
    readings = {name: _amount(limit, file, name, report) for name, report in reports.items()}
    known = {name: reading for name, reading in readings.items() if reading.amount is not None}
    if not known:
        kind = "model" if file.bundle is None else "bundle"
        reasons = (reading.reason for reading in readings.values())
        return Reading(None, reason=next(reasons, f"no report of this {kind}")), False
    worst = (max if limit.kind.direction == "at most" else min)(known.values(), key=_figure)
    return worst, any(conditions.hold_for(reports[name]) for name in known)


def _figure(reading: Reading) -> float:
    return float(reading.amount) if isinstance(reading.amount, (int, float)) else 0.0


def _amount(limit: Limit, file: ModelFile, name: str, report: DeviceReport) -> Reading:
    """Give what one report holds for a limit."""
    evidence = limit.kind.evidence
    if evidence in {"latency", "memory"} and report.provenance != "measured":
        return Reading(None, report.provenance, name, f"{name} is {report.provenance}: no evidence of {evidence}")
    if getattr(report, evidence) is None:
        return Reading(None, report.provenance, name, f"{name} has no {evidence} phase")
    amount, reason = _BY_EVIDENCE[evidence](limit.name, file, report)
    return Reading(amount, report.provenance, name, reason)


def _golden(name: str, _file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    golden = report.golden
    if golden is None:
        return None, "golden was not replayed"
    if name == "golden":
        return golden.held, golden.reason
    return golden.float_overlap, ""


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


def _quality(name: str, file: ModelFile, report: DeviceReport) -> tuple[Amount | None, str]:
    quality = report.quality
    if quality is None or not quality.ranks:
        return None, "the bundle's eval set holds nothing out"
    if at_k := metric_at_k(name):
        return quality.metric(*at_k), ""
    return _kept(metric_kept(name) or name, file, quality)


def _kept(metric: str, file: ModelFile, quality: Quality) -> tuple[Amount | None, str]:
    """Give the share of float32's metric that is left, both over the same held-out items."""
    if file.bundle is None or _BASELINE not in file.bundle.members:
        return None, f"there is no {_BASELINE} to compare with float32"
    ranks = int32_values(file.bundle.members[_BASELINE], f"{file.name} {_BASELINE}")
    if len(ranks) != len(quality.ranks) or any(rank < 1 for rank in ranks):
        return None, f"{_BASELINE} does not fit the report: {len(ranks)} ranks, expected {len(quality.ranks)}"
    baseline = mean(METRICS[metric], quality.offsets, ranks, quality.k)
    if baseline <= 0:
        return None, f"float32's {metric} is 0, of which nothing can be kept"
    return quality.metric(metric, quality.k) / baseline, ""


_BY_EVIDENCE = {"golden": _golden, "latency": _latency, "memory": _memory, "quality": _quality}
