"""What a run of the harness is asked, and whether it can be asked of what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from device_tests.subject import Subject

PHASES = ("memory", "latency", "golden", "quality", "counts")
IDS = ("eval", "uniform", "zipf", "trace")
_NEEDS_BUNDLE = frozenset({"golden", "quality"})


@dataclass(frozen=True)
class Settings:
    """What to run and how; `only` empty is every phase that the file and the provenance allow.

    `ids` is one of IDS, None the eval set's where there is one, else uniform; `trace` is the file for those of a trace.
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
    ids: Optional[str] = None
    trace: Optional[Path] = None
    weight_cache: bool = False
    sustained_s: Optional[float] = None
    users: Optional[int] = None
    meter: Optional[Path] = None


def phases_of(settings: Settings, subject: Subject) -> tuple[str, ...]:
    """Return the phases to run; raises when one is asked for by name that cannot be."""
    _refuse(settings, subject)
    possible = set(PHASES)
    if settings.meter is None:
        possible.discard("counts")
    if settings.provenance == "emulated":
        possible.discard("latency")
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
    if settings.provenance == "emulated" and ("latency" in only or settings.sustained_s is not None):
        raise ModelError("latency under an emulator means nothing and is not measured")
    if settings.meter is not None and settings.threads != 1:
        raise ModelError(f"counts are exact with 1 thread, not with {settings.threads}")
    _refuse_ids(settings, subject)
    if settings.k is not None and manifest is not None and not 1 <= settings.k <= manifest.items:
        raise ModelError(f"k should be 1 to {manifest.items} (the items), not {settings.k}")


def _refuse_ids(settings: Settings, subject: Subject) -> None:
    if settings.ids not in (None, *IDS):
        raise ModelError(f"ids come from {', '.join(IDS)}, not {settings.ids!r}")
    if (settings.ids == "trace") != (settings.trace is not None):
        raise ModelError("a trace needs both --ids trace and --trace FILE")
    if settings.ids == "eval" and subject.evaluation is None:
        raise ModelError("there is no eval set to draw ids from: take --ids uniform, zipf or trace")
    if settings.ids in ("zipf", "trace") and subject.manifest is None:
        raise ModelError(
            f"ids of a {settings.ids} need a bundle, which says what its inputs take: make one with edgerec pack"
        )
