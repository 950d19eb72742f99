"""What the harness is asked, wherever it runs, and what comes back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device_tests.report import DeviceReport
from edgerec.targets.environment import RuntimePin

REPORT, LISTS, SCORES = "report.json", "lists.npy", "scores.npy"
TIME_LIMIT_S = 900.0


@dataclass(frozen=True)
class Job:
    """A bundle, or a bare .tflite, and what a run of the harness is to say of it.

    `only` names the phases to run (all when empty), `users` how many evaluation users quality asks (all when None),
    `limits` are the ids that each input of a bare .tflite takes. With `lists` the top k of every user that quality asks
    comes back, with `scores` those of the golden users that have decoded ones.
    `ids` is where the inputs of timed calls come from, the bundle's eval set when None; of "trace", from the file
    `trace`, which the device is given beside the first. `sustained_s` are seconds of calls without a pause.
    `starts` and `more_threads` ask for more runs in fresh processes (edgerec.targets.repeated): load and first call so
    often in all, and warm calls with other numbers of threads.
    """

    file: Path
    runtime: RuntimePin
    threads: int = 1
    calls: int = 500
    only: tuple[str, ...] = ()
    k: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    lists: bool = False
    scores: bool = False
    provenance: str = "measured"
    users: int | None = None
    ids: str | None = None
    trace: Path | None = None
    weight_cache: bool = False
    sustained_s: int | None = None
    starts: int = 1
    more_threads: tuple[int, ...] = ()
    time_limit_s: float = TIME_LIMIT_S

    def arguments(self, file: str, folder: str, trace: str | None = None) -> tuple[str, ...]:
        """Give the harness's arguments on a device that has the file at `file`; what it writes goes to `folder`.

        `trace` is where it has the trace, for a job that has one. In the folder lie REPORT, and
        LISTS and SCORES where they were asked for.
        """
        return (
            *(file, "--report", f"{folder}/{REPORT}", "--provenance", self.provenance),
            *("--runtime", self.runtime.name, "--threads", str(self.threads), "--calls", str(self.calls)),
            *(("--only", ",".join(self.only)) if self.only else ()),
            *(("--ids", self.ids) if self.ids is not None else ()),
            *(("--trace", trace) if trace is not None else ()),
            *(("--weight-cache",) if self.weight_cache else ()),
            *(("--sustained", str(self.sustained_s)) if self.sustained_s is not None else ()),
            *(("--k", str(self.k)) if self.k is not None else ()),
            *(("--users", str(self.users)) if self.users is not None else ()),
            *(("--lists", f"{folder}/{LISTS}") if self.lists else ()),
            *(("--scores", f"{folder}/{SCORES}") if self.scores else ()),
            *(("--limits", *(f"{name}={ids}" for name, ids in self.limits.items())) if self.limits else ()),
        )


@dataclass(frozen=True, eq=False)
class Ran:
    """What a run gave: its report, and where the job asked for them the lists and scores as .npy bytes."""

    report: DeviceReport
    lists: bytes | None = None
    scores: bytes | None = None


def brought(made: DeviceReport, job: Job, read: Callable[[str], bytes]) -> Ran:
    """Give what a run of the job brought, its files by `read`; nothing lists users of quality that was not measured."""
    return Ran(
        made,
        read(LISTS) if job.lists and made.quality is not None else None,
        read(SCORES) if job.scores and made.golden is not None else None,
    )
