"""One run: a bundle or a bare .tflite, the phases asked for, and the report they make."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np

from device_tests import board, bundle, golden, latency, memory, metering, quality, report, runtime, sampling
from device_tests.errors import BundleError, ModelError
from device_tests.evaluation import EvaluationSet, Golden
from device_tests.files import read_whole
from device_tests.model import Model, Recommender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from device_tests.counts import Counts
    from device_tests.manifest import Manifest
    from device_tests.model import Array
    from device_tests.ranking import Ids, Scores

PHASES = ("memory", "latency", "golden", "quality", "counts")
_NEEDS_BUNDLE = frozenset({"golden", "quality"})
_SEED = 0
_DISTINCT = 10_000


@dataclass(frozen=True)
class Settings:
    """What to run and how; `only` empty is every phase that the file and the provenance allow.

    `users` is how many evaluation users quality asks, all when None. `meter` is where the plugin of an emulator writes
    what it counts, None where there is none.
    """

    path: Path
    threads: int = 1
    calls: int = 500
    k: Optional[int] = None
    only: tuple[str, ...] = ()
    runtime: Optional[str] = None
    limits: Mapping[str, int] = field(default_factory=dict)
    provenance: str = "measured"
    users: Optional[int] = None
    meter: Optional[Path] = None


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured: a .tflite on disk and, when it came in a bundle, what the bundle says of it."""

    path: str
    model_sha256: str
    bundle_sha256: Optional[str] = None
    manifest: Optional[Manifest] = None
    evaluation: Optional[EvaluationSet] = None
    golden: Optional[Golden] = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """The report; when quality was measured, every evaluation user's list, int32 [users, k].

    `scores`, when golden outputs were replayed, are the runtime's of the users with decoded scores, float32 [D, items],
    items that the user has seen among them.
    """

    report: report.DeviceReport
    lists: Optional[Ids]
    scores: Optional[Scores]


def run(settings: Settings, announce: Callable[[str], None]) -> Outcome:
    """Run the phases in order, announcing each by name before it starts, and return what they said.

    Raises a HarnessError when the file, the runtime or the settings do not allow what is asked for.
    """
    engine = runtime.load(settings.runtime)
    with _opened(settings.path) as subject:
        phases = _phases(settings, subject)
        return _Run(settings, subject, engine, announce).outcome(phases)


class _Run:
    """The phases of one run, each of which fills one part of the report."""

    def __init__(
        self, settings: Settings, subject: Subject, engine: runtime.Runtime, announce: Callable[[str], None]
    ) -> None:
        self.settings, self.subject, self.engine, self.announce = settings, subject, engine, announce
        self.warnings: list[str] = []
        self._opened: Optional[Recommender] = None

    def outcome(self, phases: Sequence[str]) -> Outcome:
        """Run the phases and put the report together."""
        subject = self.subject
        # Before the machine's state is read, which differs from run to run and leaves other holes in the heap.
        counted = self._counts() if "counts" in phases else None
        machine = board.describe(self.engine, self.settings.threads)
        used = self._memory() if "memory" in phases else None
        taken = self._latency(machine) if "latency" in phases else None
        replayed, scores = self._golden() if "golden" in phases else (None, None)
        found, lists = self._quality(replayed) if "quality" in phases else (None, None)
        made = report.DeviceReport(
            version=report.VERSION,
            provenance=self.settings.provenance,
            bundle_sha256=subject.bundle_sha256,
            model_sha256=subject.model_sha256,
            board=machine,
            golden=replayed,
            quality=found,
            latency=taken,
            memory=used,
            warnings=tuple(self.warnings),
            counts=counted,
        )
        return Outcome(made, lists, scores)

    def _counts(self) -> Counts:
        self.announce("counts")
        if self.settings.meter is None:
            raise ModelError("counts need an emulator's plugin: name where it writes with --meter")
        model = self._open()  # what the runtime prepares once in a process is no part of any load
        values = self._draw(model, metering.CALLS + 1)
        manifest, evaluation, scores, k = self.subject.manifest, self.subject.evaluation, [], 1
        if manifest is not None and evaluation is not None:
            asked = evaluation.sample(metering.CALLS)
            recommender, k = Recommender(model, manifest), self.settings.k or manifest.k
            scores = [recommender.score_catalogue(asked.inputs, np.array([row])) for row in range(asked.users)]
        meter = metering.Meter.armed(self.settings.meter)
        return metering.measure(meter, self._open, values, scores, k=k, ids=self._ids())

    def _ids(self) -> str:
        return "eval set" if self.subject.evaluation else "uniform"

    def _memory(self) -> report.Memory:
        self.announce("memory")
        return memory.measure(self._open, lambda model: self._draw(model, self.settings.calls))

    def _latency(self, machine: report.Board) -> report.Latency:
        self.announce("latency")
        ids = self._ids()
        taken = latency.measure(self._open, lambda model: self._draw(model, self.settings.calls + 1), ids)
        self.warnings += [*board.warnings(machine), *latency.warnings(taken)]
        if ids == "uniform":
            self.warnings.append("ids were drawn uniformly, not as users draw them")
        return taken

    def _golden(self) -> tuple[report.GoldenResult, Scores]:
        self.announce("golden")
        subject = self.subject
        if subject.manifest is None or subject.evaluation is None or subject.golden is None:
            raise BundleError("the bundle has no golden outputs to replay")
        return golden.replay(self._recommender(subject.manifest), subject.manifest, subject.evaluation, subject.golden)

    def _quality(self, replayed: Optional[report.GoldenResult]) -> tuple[Optional[report.Quality], Optional[Ids]]:
        self.announce("quality")
        subject = self.subject
        if subject.manifest is None or subject.evaluation is None:
            raise BundleError("the bundle has no evaluation set to measure quality with")
        try:
            asked = subject.evaluation.sample(self.settings.users or subject.evaluation.users)
            found, lists = quality.measure(
                self._recommender(subject.manifest), asked, self.settings.k or subject.manifest.k
            )
        except ModelError as why:
            if replayed is None or replayed.held:
                raise
            self.warnings.append(f"quality was not measured: {why}")
            return None, None
        if asked.users < subject.evaluation.users:
            found = replace(found, sample_of=subject.evaluation.users)
            self.warnings.append(f"quality is of a sample: {asked.users} of {subject.evaluation.users} users")
        if found.dropped:
            self.warnings.append(
                f"{found.dropped} of {found.catalogue} items were dropped from the catalogue: {found.held_out_dropped} "
                f"of {len(found.ranks)} held-out items are theirs and count as misses, in the halves too"
            )
        return found, lists

    def _open(self) -> Model:
        manifest, threads = self.subject.manifest, self.settings.threads
        if manifest is None:
            return Model(self.subject.path, runtime=self.engine, threads=threads)
        return Model(
            self.subject.path,
            manifest.inputs,
            runtime=self.engine,
            threads=threads,
            signature=manifest.signature,
            output=manifest.output,
        )

    def _recommender(self, manifest: Manifest) -> Recommender:
        if self._opened is None:
            self._opened = Recommender(self._open(), manifest)
        return self._opened

    def _draw(self, model: Model, count: int) -> list[list[Array]]:
        """Return the values of `count` calls, of which the first _DISTINCT differ and then come again."""
        manifest, evaluation = self.subject.manifest, self.subject.evaluation
        different = min(count, _DISTINCT)
        if manifest is None:
            values = sampling.for_ports(model, self.settings.limits, different, _SEED)
        elif evaluation is None:
            values = [model.prepared(each) for each in sampling.uniform(manifest.inputs, different, _SEED)]
        else:
            values = [model.prepared(each) for each in sampling.of_users(evaluation, manifest, different, _SEED)]
        return list(itertools.islice(itertools.cycle(values), count))


@contextmanager
def _opened(path: Path) -> Iterator[Subject]:
    """Give what is in a file, told by its first bytes; a bundle's model lies in a temporary file meanwhile."""
    data = read_whole(path, BundleError)
    if data[4:8] == b"TFL3":
        digest = hashlib.sha256(data).hexdigest()
        del data
        yield Subject(str(path), digest)
    elif data[:2] == b"PK":
        with tempfile.TemporaryDirectory(prefix="edgerec-") as folder:
            subject = _extracted(bundle.decode(data, path.name), Path(folder) / "model.tflite")
            del data  # or it would count as the model's memory
            yield subject
    else:
        raise BundleError(f"{path.name} is neither a bundle nor a .tflite file: it starts with {data[:8]!r}")


def _extracted(opened: bundle.Bundle, path: Path) -> Subject:
    """Write the model to `path` and return everything else, so that the bundle's own bytes can go."""
    manifest = opened.manifest
    evaluation = EvaluationSet.from_members(opened.members, manifest)
    replayed = Golden.from_members(opened.members, manifest, evaluation.users) if evaluation else None
    try:
        path.write_bytes(opened.model)
    except OSError as why:
        raise BundleError(f"cannot put the model into {path.parent}: {why.strerror or why}") from None
    return Subject(str(path), manifest.digests[bundle.MODEL], opened.sha256, manifest, evaluation, replayed)


def _phases(settings: Settings, subject: Subject) -> tuple[str, ...]:
    """Return the phases to run; raises when one is asked for by name that cannot be."""
    _refuse(settings, subject)
    possible = set(PHASES)
    if settings.meter is None:
        possible.discard("counts")
    if settings.provenance == "emulated":
        possible -= {"latency", "memory"}
    if subject.golden is None:
        possible.discard("golden")
    if subject.evaluation is None:
        possible.discard("quality")
    return tuple(phase for phase in PHASES if phase in (settings.only or possible))


def _refuse(settings: Settings, subject: Subject) -> None:
    manifest, only = subject.manifest, set(settings.only)
    for phase in settings.only:
        if phase not in PHASES:
            raise ModelError(f"no phase is called {phase!r}: there are {', '.join(PHASES)}")
    if manifest is None and only & _NEEDS_BUNDLE:
        asked = " and ".join(sorted(only & _NEEDS_BUNDLE))
        raise ModelError(f"{asked} cannot be told from a bare .tflite: make a bundle of it with edgerec pack")
    if manifest is not None and settings.limits:
        raise ModelError("limits are for a bare .tflite: a bundle says itself how many ids its inputs take")
    if settings.provenance == "emulated" and "latency" in only:
        raise ModelError("latency under an emulator means nothing and is not measured")
    if settings.meter is not None and settings.threads != 1:
        raise ModelError(f"counts are exact with 1 thread, not with {settings.threads}")
    if settings.k is not None and manifest is not None and not 1 <= settings.k <= manifest.items:
        raise ModelError(f"k should be 1 to {manifest.items} (the items), not {settings.k}")
