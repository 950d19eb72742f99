"""What the baseline takes up: figures that became better, and worse ones only where that is said."""

from dataclasses import dataclass, replace
from pathlib import Path

from edgerec.gate.baseline import NOTHING, Accepted, Figure, StoredTensor, name_of
from edgerec.gate.budget import Budget, Limit
from edgerec.gate.evidence import Evidence
from edgerec.gate.limit_kind import kept_of_float32, limit_kind
from edgerec.gate.noise import beyond

TENSORS = "tensors"
_AMOUNTS = frozenset(("bytes", "ns", "count", "share"))


@dataclass(frozen=True)
class Moved:
    """A figure of the baseline that another one took the place of; `before` is None for a new one.

    Under the name TENSORS it is the bytes of all tensors, with which the list of them was taken up.
    """

    bundle: str
    name: str
    measurer: str
    before: float | None
    after: float


def accepted_of(evidence: Evidence, budget: Budget, baseline: Path) -> Accepted:
    """Give what a file comes to: a figure for each limit that has an amount and that something is known for.

    What is kept of float32's is left out: it is relative already. Sources are named from the folder of the baseline.
    """
    said = [(one.name, one.on) for part in (budget.limits, budget.growths) for one in part]
    wanted = dict.fromkeys(one for one in said if _comparable(one[0]))
    figures: dict[tuple[str, str], Figure] = {}
    for name, on in wanted:
        for one in evidence.of(Limit(name, 0.0, "", on=on)):
            reading = one.reading
            if isinstance(reading.amount, (int, float)):
                bounds = () if reading.interval is None else (reading.interval.low, reading.interval.high)
                source = name_of(Path(reading.source), baseline) if reading.source else ""
                figure = Figure(
                    name, one.measurer, reading.amount, bounds, reading.provenance, source, evidence.file.sha256
                )
                figures[figure.key] = figure
    tensors = (StoredTensor(one.name, one.dtype, tuple(one.shape), one.bytes) for one in evidence.inside.tensors)
    return Accepted(tuple(figures.values()), tuple(tensors))


def ratcheted(
    old: Accepted, new: Accepted, *, bundle: str = "", threshold: float = 0.0, allow_growth: bool = False
) -> tuple[Accepted, tuple[Moved, ...]]:
    """Give the old figures with the new ones in place of those that they are better than, and what moved.

    Better is beyond doubt and by more than `threshold`, a share: noise and what is no change move nothing. With
    `allow_growth` worse ones are taken up too. Figures of which nothing new is known stay.
    """
    figures = {one.key: one for one in old.figures}
    moved = []
    for one in new.figures:
        before = figures.get(one.key)
        if before is None or _takes(before, one, threshold, allow_growth=allow_growth):
            figures[one.key] = one
            moved.append(Moved(bundle, one.name, one.measurer, None if before is None else before.amount, one.amount))
    weighed = replace(old, figures=tuple(figures.values()))
    then, now = (float(sum(one.size_bytes for one in side.tensors)) for side in (old, new))
    if old == NOTHING or now < then * (1 - threshold) or (allow_growth and now > then * (1 + threshold)):
        weighed = replace(weighed, tensors=new.tensors)
        moved.append(Moved(bundle, TENSORS, "", None if old == NOTHING else then, now))
    return weighed, tuple(moved)


def _comparable(name: str) -> bool:
    return limit_kind(name).unit in _AMOUNTS and kept_of_float32(name) is None


def _takes(before: Figure, after: Figure, threshold: float, *, allow_growth: bool) -> bool:
    least = threshold * before.amount
    difference = beyond(after.around, before.around, float)
    if allow_growth and abs(difference.estimate) > least:
        return True
    if limit_kind(after.name).direction == "at most":
        return difference.high < -least
    return difference.low > least
