"""One run: a bundle or a bare .tflite, the phases asked for, and the report they make."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np

from device_tests import (
    board,
    compiled,
    golden,
    latency,
    memory,
    metering,
    quality,
    report,
    runtime,
    sampling,
    sustained,
    traces,
)
from device_tests.conditions import Conditions, warnings
from device_tests.errors import BundleError, ModelError
from device_tests.measurement import Latency, Memory, Storage, Sustained
from device_tests.model import Model, Recommender
from device_tests.settings import Settings, phases_of
from device_tests.subject import Subject, opened
from device_tests.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_tests.counts import Counts
    from device_tests.manifest import Manifest
    from device_tests.model import Array
    from device_tests.ranking import Ids, Scores

_NAMED = {"eval": "eval set"}
_SEED = 0
_DISTINCT = 10_000


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
    watch = Watch()
    if settings.meter is None:  # what a machine says of itself leaves other holes in the heap each time
        watch.look("before")  # before the runtime is imported, which is work itself
    engine = runtime.load(settings.runtime)
    with opened(settings.path, weight_cache=settings.weight_cache) as subject:
        phases = phases_of(settings, subject)
        return _Run(settings, subject, engine, watch, announce).outcome(phases)


class _Run:
    """The phases of one run, each of which fills one part of the report."""

    def __init__(
        self,
        settings: Settings,
        subject: Subject,
        engine: runtime.Runtime,
        watch: Watch,
        announce: Callable[[str], None],
    ) -> None:
        self.settings, self.subject, self.engine, self.watch = settings, subject, engine, watch
        self.announce = announce
        self.warnings: list[str] = []
        self._ready: Optional[Recommender] = None
        self._rows: Optional[traces.Rows] = None if settings.trace is None else traces.read_rows(settings.trace)

    def outcome(self, phases: Sequence[str]) -> Outcome:
        """Run the phases and put the report together."""
        subject = self.subject
        counted = self._counts() if "counts" in phases else None
        machine = board.describe(self.engine, self.settings.threads)
        stored = self._stored()
        used = self._memory() if "memory" in phases else None
        taken = self._latency() if "latency" in phases else None
        replayed, scores = self._golden() if "golden" in phases else (None, None)
        found, lists = self._quality(replayed) if "quality" in phases else (None, None)
        held = None if self.settings.sustained_s is None else self._sustained(self.settings.sustained_s)
        conditions = self._conditions()
        if conditions is not None and (taken is not None or held is not None):
            self.warnings = [*warnings(conditions, machine.cores, machine.memory_bytes), *self.warnings]
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
            sustained=held,
            storage=stored,
            conditions=conditions,
        )
        return Outcome(made, lists, scores)

    def _conditions(self) -> Optional[Conditions]:
        """Look for the last time; what is counted tells no time, and nobody looked."""
        if self.settings.meter is not None:
            return None
        self.watch.look("after")
        return self.watch.conditions()

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
        return metering.measure(meter, self._open, values, scores, k=k, ids=_NAMED.get(self._ids, self._ids))

    def _stored(self) -> Storage:
        """Write the weight cache, where it was asked for, in a child: this process is to find it there."""
        subject = self.subject
        size = Path(subject.path).stat().st_size
        if subject.weight_cache is None:
            return Storage(size)
        cache = Path(subject.weight_cache)
        self.announce("weight cache")
        start = time.perf_counter_ns()
        compiled.in_child(lambda: self._open(cached=True))
        made_ns = time.perf_counter_ns() - start
        if not cache.exists():
            raise ModelError("the runtime made no weight cache: the model has no weights that it packs")
        return Storage(size, cache.stat().st_size, made_ns)

    def _memory(self) -> Memory:
        self.announce("memory")
        self.watch.look("memory")
        return memory.measure(self._open_cached, lambda model: self._draw(model, self.settings.calls))

    def _latency(self) -> Latency:
        self.announce("latency")
        taken = latency.measure(
            self._open_cached,
            lambda model: self._draw(model, self.settings.calls + 1),
            ids=_NAMED.get(self._ids, self._ids),
            threads=self.settings.threads,
            look=lambda: self.watch.look("latency"),
        )
        self.warnings += latency.warnings(taken)
        if self._ids == "uniform":
            self.warnings.append("ids were drawn uniformly, not as users draw them")
        return taken

    def _sustained(self, seconds: float) -> Sustained:
        self.announce("sustained")
        model = self._open_cached()
        values = self._draw(model, _DISTINCT)
        held = sustained.measure(model, values, seconds, lambda: self.watch.look("sustained"))
        self.warnings += sustained.warnings(held)
        return held

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

    def _open_cached(self) -> Model:
        return self._open(cached=True)

    def _open(self, *, cached: bool = False) -> Model:
        manifest, threads = self.subject.manifest, self.settings.threads
        cache = self.subject.weight_cache if cached else None
        if manifest is None:
            return Model(self.subject.path, runtime=self.engine, threads=threads, weight_cache=cache)
        return Model(
            self.subject.path,
            manifest.inputs,
            runtime=self.engine,
            threads=threads,
            signature=manifest.signature,
            output=manifest.output,
            weight_cache=cache,
        )

    def _recommender(self, manifest: Manifest) -> Recommender:
        if self._ready is None:
            self._ready = Recommender(self._open(), manifest)
        return self._ready

    @property
    def _ids(self) -> str:
        return self.settings.ids or ("eval" if self.subject.evaluation else "uniform")

    def _draw(self, model: Model, count: int) -> list[list[Array]]:
        """Return the values of `count` calls, of which the first _DISTINCT differ and then come again."""
        values = self._drawn(model, min(count, _DISTINCT))
        return list(itertools.islice(itertools.cycle(values), count))

    def _drawn(self, model: Model, count: int) -> list[list[Array]]:
        manifest, evaluation = self.subject.manifest, self.subject.evaluation
        if manifest is None:
            return sampling.for_ports(model, self.settings.limits, count, _SEED)
        if self._rows is not None:
            return traces.calls_of(self._rows[:count], model)
        if self._ids == "eval" and evaluation is not None:
            drawn = sampling.of_users(evaluation, manifest, count, _SEED)
        else:
            draw = sampling.zipf if self._ids == "zipf" else sampling.uniform
            drawn = draw(manifest.inputs, count, _SEED)
        return [model.prepared(each) for each in drawn]
