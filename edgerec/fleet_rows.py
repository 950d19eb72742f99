"""What a fleet gave: one row a target, each beside the first that answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from device_tests.bundle import Bundle
from device_tests.errors import ModelError
from device_tests.report import DeviceReport
from edgerec.targets.emulator.same_answers import same_answers
from edgerec.targets.fleet.fleet import Member, Outcome
from edgerec.targets.job import Job, Ran
from edgerec.two_runtimes import InBoth, compared


@dataclass(frozen=True, eq=False)
class FleetRow:
    """One target, or several whose answers are the same: the report, or None and the sentence that says why.

    `beside` compares it with the first target that answered; it is None for that one, and where there is nothing to
    compare by, which is lists and scores of both. `incomparable` is why scores that are there cannot be compared.
    """

    labels: tuple[str, ...]
    report: DeviceReport | None
    why: str = ""
    beside: InBoth | None = None
    incomparable: str = ""

    @property
    def agrees(self) -> bool | None:
        """Say whether the target agrees with the first one, None where that was not asked."""
        if self.incomparable:
            return False
        return None if self.beside is None else self.beside.agree

    @property
    def golden_held(self) -> bool | None:
        """Say whether the golden outputs hold, None where they were not replayed."""
        return None if self.report is None or self.report.golden is None else self.report.golden.held


def comparable(job: Job, bundle: Bundle | None) -> Job:
    """Give the job that also brings back the lists and scores that runs of this bundle can be compared by."""
    everything = not job.only
    whole = bundle is not None and "proof/golden_decoded_scores.npy" in bundle.members
    golden, quality = (whole and (everything or phase in job.only) for phase in ("golden", "quality"))
    return replace(job, lists=quality, scores=golden)


def fleet_rows(members: Sequence[Member], outcomes: Sequence[Outcome], bundle: Bundle | None) -> tuple[FleetRow, ...]:
    """Give the rows of the outcomes that came, in the order of the members.

    Emulated targets that gave equal counts, golden results, quality, lists and scores are one row.
    """
    came = sorted(outcomes, key=lambda one: members.index(one.member))
    first = next((one.ran for one in came if one.ran is not None), None)
    rows: list[tuple[Ran | None, FleetRow]] = []
    for one in came:
        twin = next((place for place, (other, _) in enumerate(rows) if _same(other, one.ran)), None)
        if twin is None:
            rows.append((one.ran, row_of(one, first, bundle)))
        else:
            row = rows[twin][1]
            rows[twin] = one.ran, replace(row, labels=(*row.labels, one.member.label))
    return tuple(row for _, row in rows)


def row_of(outcome: Outcome, first: Ran | None, bundle: Bundle | None) -> FleetRow:
    """Give the row of an outcome, beside what ran `first` where both brought lists and scores of the bundle."""
    label, ran = (outcome.member.label,), outcome.ran
    if ran is None:
        return FleetRow(label, None, outcome.why)
    if first is None or first is ran or bundle is None or not (_told(first) and _told(ran)):
        return FleetRow(label, ran.report)
    try:
        return FleetRow(label, ran.report, beside=compared(first, ran, bundle.manifest))
    except ModelError as why:
        return FleetRow(label, ran.report, incomparable=str(why))


def _told(ran: Ran) -> bool:
    return ran.lists is not None and ran.scores is not None


def _same(one: Ran | None, other: Ran | None) -> bool:
    if one is None or other is None or (one.lists, one.scores) != (other.lists, other.scores):
        return False
    return len(same_answers({"one": one.report, "other": other.report})) == 1
