"""A bundle in every runtime: where it loads, answers as promised and as in its own runtime, so which an app may use."""

from collections.abc import Sequence
from dataclasses import dataclass

from device_tests.bundle import Bundle
from edgerec.fleet_rows import FleetRow, row_of
from edgerec.gate.quantity import version_key
from edgerec.targets.environment import RuntimePin
from edgerec.targets.fleet.fleet import Member, Outcome


@dataclass(frozen=True, eq=False)
class Tried:
    """A runtime that a bundle was tried in, on the target of a name; `own` is the one that the bundle was made for.

    `loads` is None where the runtime could not be had, and then nothing is known of it; `row` compares it with the
    runtime that the bundle was made for.
    """

    target: str
    runtime: RuntimePin
    own: bool
    loads: bool | None
    row: FleetRow

    @property
    def usable(self) -> bool | None:
        """Say whether an app may use this runtime: it loads, golden outputs hold and it agrees; None is unknown."""
        if self.loads is None:
            return None
        if not self.loads or not self.row.golden_held:
            return False
        return True if self.own else self.row.agrees


def matrix(members: Sequence[Member], outcomes: Sequence[Outcome], bundle: Bundle) -> tuple[Tried, ...]:
    """Give what came of each member, by target and then runtime, beside the bundle's own runtime on the same target.

    Where that could not be had, a runtime can hold its golden outputs and its agreement is unknown.
    """

    def own(member: Member) -> bool:
        return str(member.job.runtime) == bundle.manifest.runtime

    first = {one.member.name: one.ran for one in outcomes if own(one.member)}
    return tuple(
        Tried(
            one.member.name,
            one.member.job.runtime,
            own(one.member),
            _loads(one),
            row_of(one, first.get(one.member.name), bundle),
        )
        for one in sorted(outcomes, key=lambda one: members.index(one.member))
    )


def by_age(runtimes: Sequence[RuntimePin]) -> tuple[RuntimePin, ...]:
    """Give runtimes from the oldest on: tflite-runtime came before LiteRT, and ended with 2.14.0."""
    return tuple(sorted(runtimes, key=lambda pin: (pin.name != "tflite-runtime", version_key(pin.version))))


def oldest(tried: Sequence[Tried]) -> RuntimePin | None:
    """Give the oldest runtime that an app may use, None where there is none."""
    return next(iter(by_age([one.runtime for one in tried if one.usable])), None)


def _loads(outcome: Outcome) -> bool | None:
    if outcome.ran is None and not outcome.began:
        return None
    return outcome.ran is not None
