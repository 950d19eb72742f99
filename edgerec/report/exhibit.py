"""What is known of one bundle or .tflite: what its file says of itself, and what its reports say was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from device_tests import report as report_format
from device_tests.report import DeviceReport
from edgerec.errors import EdgerecError
from edgerec.gate.check import bench_line, reports_beside
from edgerec.gate.from_reports import ANYWHERE, reports_of
from edgerec.half_rates import float32_ranks
from edgerec.inspection import Inspection, inspect
from edgerec.model_file import ModelFile, read_model_file
from edgerec.report.device_figures import DeviceFigures, figures_of
from edgerec.statistics import Interval, SampleError, paired_bootstrap

SEED = 0


class ExhibitError(EdgerecError):
    """Files of which nothing can be shown."""


@dataclass(frozen=True)
class Measurement:
    """One report of the file: `source` is where it was read, `figures` what follows from its raw values.

    `segments` are recall@k by segment, each with its 95 % interval over users.
    """

    source: str
    report: DeviceReport
    figures: DeviceFigures
    segments: Mapping[str, Interval]


@dataclass(frozen=True)
class Exhibit:
    """One file, the reports whose digest is its own, and the command that would measure it."""

    inspection: Inspection
    model_sha256: str
    measurements: tuple[Measurement, ...]
    bench: str

    @property
    def recipe(self) -> str:
        """Give what it was compressed by, empty for a bare .tflite."""
        return "" if self.inspection.manifest is None else self.inspection.manifest.recipe

    @property
    def quality(self) -> Measurement | None:
        """Give the first report that holds quality over all users, None without one."""
        return next((one for one in self.measurements if _whole_quality(one)), None)

    @property
    def recall(self) -> Interval | None:
        """Give recall@k over all users with its 95 % interval, None where it was not measured."""
        quality = None if self.quality is None else self.quality.figures.quality
        return None if quality is None else quality.metrics["recall"]

    @property
    def timed(self) -> tuple[Measurement, ...]:
        """Give the reports of real machines that hold warm calls."""
        return tuple(
            one
            for one in self.measurements
            if one.report.provenance == "measured" and one.report.latency is not None and one.report.latency.warm_ns
        )

    @property
    def counted(self) -> tuple[Measurement, ...]:
        """Give the reports of emulators that hold counts."""
        return tuple(one for one in self.measurements if one.report.counts is not None)

    @property
    def weighed(self) -> tuple[Measurement, ...]:
        """Give the reports of real machines that hold memory."""
        return tuple(
            one for one in self.measurements if one.report.provenance == "measured" and one.report.memory is not None
        )


@dataclass(frozen=True)
class Exhibition:
    """Files side by side in the order that they were given, the one to compare with, and reports of none of them.

    `baseline` is an index into `exhibits`, None where there is nothing to compare with.
    """

    exhibits: tuple[Exhibit, ...]
    baseline: int | None
    strangers: tuple[str, ...]


def read_exhibition(files: Sequence[Path], reports: Sequence[Path] = (), *, baseline: Path | None = None) -> Exhibition:
    """Read files and what was measured of them: the reports named, or those that lie beside each file.

    A file that is the baseline's to the byte stands for it; otherwise the baseline comes first. Raises ExhibitError
    when there is no file, and what reading a file or a report raises.
    """
    if not files:
        raise ExhibitError("nothing to report on: name a bundle or .tflite, or write it in edgerec.toml")
    every = [read_model_file(path) for path in dict.fromkeys(files)]
    place = None
    if baseline is not None:
        other = read_model_file(baseline)
        if all(one.sha256 != other.sha256 for one in every):
            every = [other, *every]
        place = [one.sha256 for one in every].index(other.sha256)
    named = {str(path): report_format.read(path) for path in dict.fromkeys(reports)}
    beside = {path: report_format.read(path) for file in every for path in _beside(file) if path not in named}
    exhibits = tuple(_exhibit(file, {**named, **_only(beside, _beside(file))}) for file in every)
    used = {one.source for exhibit in exhibits for one in exhibit.measurements}
    return Exhibition(exhibits, place, tuple(path for path in (*named, *beside) if path not in used))


def _only(reports: Mapping[str, DeviceReport], paths: Sequence[str]) -> dict[str, DeviceReport]:
    return {path: reports[path] for path in paths if path in reports}


def _beside(file: ModelFile) -> tuple[str, ...]:
    return tuple(path for path in reports_beside(file.name) if Path(path).is_file())


def _exhibit(file: ModelFile, reports: Mapping[str, DeviceReport]) -> Exhibit:
    float32 = float32_ranks(file.bundle)
    own = reports_of(file, reports)
    return Exhibit(
        inspection=inspect(file),
        model_sha256=file.model_sha256,
        measurements=tuple(
            Measurement(source, one, figures_of(one, float32), _segments(one)) for source, one in own.items()
        ),
        bench=bench_line(file, ANYWHERE),
    )


def _segments(report: DeviceReport) -> dict[str, Interval]:
    quality = report.quality
    if quality is None:
        return {}
    found = {}
    for name in quality.segments:
        try:
            found[name] = paired_bootstrap(quality.per_user("recall", quality.k, name), seed=SEED)
        except SampleError:  # nobody has a held-out item there
            continue
    return found


def _whole_quality(one: Measurement) -> bool:
    quality = one.report.quality
    return one.figures.quality is not None and quality is not None and quality.sample_of is None
