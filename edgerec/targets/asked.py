"""Who is asked what: targets by a name of edgerec.toml or an address, each with the runtime that holds there."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgerec.suggestion import did_you_mean
from edgerec.targets import environment
from edgerec.targets.environment import RuntimePin
from edgerec.targets.fleet.fleet import Member
from edgerec.targets.job import Job
from edgerec.targets.naming import SCHEMES, target_of
from edgerec.targets.setting import TargetSetting
from edgerec.targets.target import Target, UnreachableError

_OTHER = re.compile(r"[^A-Za-z0-9._@-]+")


def target_named(name: str, settings: TargetSetting, *, wheels: Path | None = None) -> Target:
    """Give the target of a name in edgerec.toml, or of an address such as `local` or `qemu:cortex-a72`.

    Raises UnreachableError for what is neither, and for a name of edgerec.toml that is an address of its own already.
    """
    schemes = SCHEMES.names()
    for taken in settings.named.keys() & set(schemes):
        raise UnreachableError(
            f"edgerec.toml names a target {taken}, and {taken} is one already: give it another name."
        )
    if name not in settings.named and name.partition(":")[0] not in schemes:
        known = (*settings.named, *schemes)
        raise UnreachableError(
            f"There is no target {name!r}{did_you_mean(name, known)}: edgerec.toml names "
            f"{', '.join(settings.named) or 'none'}, and an address begins with {', '.join(schemes)}."
        )
    return target_of(settings.of(name).address, wheels=wheels)


def asked(
    names: Sequence[str], job: Job, settings: TargetSetting, flags: TargetSetting, *, wheels: Path | None = None
) -> tuple[Member, ...]:
    """Give who is asked what: the job on every named target, with the runtime, threads and calls that hold there.

    What `flags` say wins over edgerec.toml's `settings`, and those over the job. Raises UnreachableError for an unknown
    target and for one that is named twice, RuntimeUnknownError for a runtime.
    """
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UnreachableError(f"The target {name} is given twice; it has one row and one report.")
    return tuple(_member(name, job, settings, flags, wheels) for name in names)


def in_every_runtime(members: Sequence[Member], runtimes: Sequence[RuntimePin]) -> tuple[Member, ...]:
    """Give every member in each of the runtimes in turn."""
    return tuple(
        replace(one, job=replace(one.job, runtime=pin), by_runtime=True) for one in members for pin in runtimes
    )


def report_names(labels: Sequence[str]) -> dict[str, str]:
    """Give the file that holds each one's report, by label: `qemu-cortex-a72.report.json` for `qemu:cortex-a72`.

    Raises UnreachableError where two would have the same.
    """
    names: dict[str, str] = {}
    for label in labels:
        name = f"{_OTHER.sub('-', label).strip('-')}.report.json"
        for other in (one for one, given in names.items() if given == name):
            raise UnreachableError(
                f"The reports of {other} and {label} would both be {name}: name one of them in edgerec.toml, "
                f'[target.NAME] with address = "{label}".'
            )
        names[label] = name
    return names


def _member(name: str, job: Job, settings: TargetSetting, flags: TargetSetting, wheels: Path | None) -> Member:
    own = settings.of(name)
    runtime = flags.runtime or own.runtime
    asked_job = replace(
        job,
        runtime=job.runtime if runtime is None else environment.parse(runtime),
        threads=flags.threads or own.threads or job.threads,
        calls=flags.calls or own.calls or job.calls,
    )
    return Member(name, target_named(name, settings, wheels=wheels), asked_job)
