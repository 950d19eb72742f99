"""What the ranks in a report come to, and how much of float32's is left by the ranks in the bundle's proof."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from device_tests.metrics import HALVES
from device_tests.report import Quality
from edgerec import floors
from edgerec.floors import CANDIDATES, COVERAGE, Floor, Floors, Kept, nothing_in
from edgerec.gate.budget import Budget, Limit
from edgerec.gate.limit_kind import Amount, candidates_at_k, kept_of_float32, metric_at_k
from edgerec.gate.npy import int32_values
from edgerec.model_file import ModelFile

NOTHING_HELD_OUT = "the bundle's eval set holds nothing out"


@dataclass(frozen=True)
class _Proof:
    """Where a bundle keeps what float32 gave, and the field of a quality that it is."""

    member: str
    field: str


_RANKS = _Proof("proof/baseline_ranks.npy", "ranks")
_OTHER: Mapping[str, _Proof] = {
    CANDIDATES: _Proof("proof/baseline_candidate_ranks.npy", "candidate_ranks"),
    COVERAGE: _Proof("proof/baseline_recommended_items.npy", "recommended_items"),
}


def quality_amount(name: str, quality: Quality) -> tuple[Amount | None, str]:
    """Give the amount that a quality holds for the limit of this name, a share, or None and why it holds none."""
    if not quality.ranks:
        return None, NOTHING_HELD_OUT
    if at_k := metric_at_k(name):
        if at_k.segment and not quality.segments.get(at_k.segment):
            return None, nothing_in(at_k.segment)
        return quality.metric(at_k.metric, at_k.k, at_k.segment or None), ""
    k = candidates_at_k(name) or quality.k
    reason = next(filter(None, (floors.no_candidates(quality, k, half) for half in HALVES)), "")
    return (None, reason) if reason else (min(quality.candidate_hit_rate(k, half) for half in HALVES), "")


def floor_of(limit: Limit, k: int) -> Floor | None:
    """Give the floor that a limit on what is kept of float32's is, for lists of the bundle's k; None for another."""
    asked = kept_of_float32(limit.name)
    if asked is None:
        return None
    return Floor(asked.quantity, asked.k or k, float(limit.amount), limit.half or asked.segment)


def floors_of(budget: Budget, k: int) -> Floors:
    """Give the floors of a budget, for lists of the bundle's k where a limit names none."""
    made = tuple(floor for limit in budget.in_force if (floor := floor_of(limit, k)))
    return Floors(made, strict=budget.strict is not None and budget.strict.on)


def kept_of(limit: Limit, file: ModelFile, quality: Quality) -> Kept | None:
    """Give what is kept of float32's for a limit on that, None for any other limit.

    Raises BundleError where what float32 gave cannot be read in the bundle.
    """
    floor = floor_of(limit, quality.k)
    if floor is None:
        return None
    if reason := floors.obstacle(floor, quality) if quality.ranks else NOTHING_HELD_OUT:
        return Kept(floor, "unproven", reason=reason)
    float32, reason = _float32(_OTHER.get(floor.quantity, _RANKS), file, quality)
    if float32 is None:
        return Kept(floor, "unproven", reason=reason)
    return floors.kept(floor, float32, quality, strict=limit.strict)


def _float32(proof: _Proof, file: ModelFile, quality: Quality) -> tuple[Quality | None, str]:
    """Give float32's quality as far as one member of the bundle tells it, or None and why that does not fit."""
    if file.bundle is None or proof.member not in file.bundle.members:
        return None, f"there is no {proof.member} to compare with float32: make the bundle again"
    values = int32_values(file.bundle.members[proof.member], f"{file.name} {proof.member}")
    if proof.field == "recommended_items":
        counts = (0, *values, quality.catalogue)
        if any(first > second for first, second in pairwise(counts)):
            return None, f"{proof.member} does not fit the report: it should rise to at most {quality.catalogue} items"
        return replace(quality, recommended_items=values), ""
    expected = len(quality.ranks)
    if len(values) != expected or any(rank < 1 for rank in values):
        return None, f"{proof.member} does not fit the report: {len(values)} ranks, expected {expected}"
    if proof.field == "ranks":
        return replace(quality, ranks=values), ""
    return replace(quality, candidate_ranks=values), ""
