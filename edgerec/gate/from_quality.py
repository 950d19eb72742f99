"""What the ranks in a report come to, and how much of float32's is left by the ranks in the bundle's proof."""

from dataclasses import replace

from device_tests.metrics import HALVES, METRICS, mean
from device_tests.report import Quality
from edgerec.gate.budget import CANDIDATES_KEPT, Amount, candidates_at_k, metric_at_k, metric_kept
from edgerec.gate.npy import int32_values
from edgerec.model_file import ModelFile

_BASELINE = "proof/baseline_ranks.npy"
_BASELINE_CANDIDATES = "proof/baseline_candidate_ranks.npy"


def quality_amount(name: str, file: ModelFile, quality: Quality) -> tuple[Amount | None, str]:
    """Give the amount that a quality holds for the limit of this name, a share, or None and why it holds none.

    Raises BundleError where float32's ranks in the bundle cannot be read.
    """
    if not quality.ranks:
        return None, "the bundle's eval set holds nothing out"
    if at_k := metric_at_k(name):
        return quality.metric(*at_k), ""
    if k := candidates_at_k(name):
        reason = _unproven(quality, k)
        return (None, reason) if reason else (min(quality.candidate_hit_rate(k, half) for half in HALVES), "")
    if name == CANDIDATES_KEPT:
        return _candidates_kept(file, quality)
    return _kept(metric_kept(name) or name, file, quality)


def _candidates_kept(file: ModelFile, quality: Quality) -> tuple[Amount | None, str]:
    """Give the least share of float32's hit rate among candidates that a half keeps, over the same candidates."""
    if reason := _unproven(quality, quality.k):
        return None, reason
    ranks, reason = _float32_ranks(file, _BASELINE_CANDIDATES, len(quality.candidate_ranks))
    if ranks is None:
        return None, reason
    float32 = replace(quality, candidate_ranks=ranks)
    shares = []
    for half in HALVES:
        baseline = float32.candidate_hit_rate(quality.k, half)
        if baseline <= 0:
            return None, f"float32's hit rate among candidates is 0 in the {half}, of which nothing can be kept"
        shares.append(quality.candidate_hit_rate(quality.k, half) / baseline)
    return min(shares), ""


def _unproven(quality: Quality, k: int) -> str:
    """Say why hit rates at k among candidates of both halves prove nothing, empty where they do."""
    if not quality.negatives:
        return "the bundle has no candidates to rank: make it with candidates = 99 under [data] in edgerec.toml"
    if k > quality.negatives:
        return f"every item is among the first {k} of its {1 + quality.negatives} candidates: take a smaller k"
    empty = [half for half in HALVES if not quality.segments[half]]
    return f"no item of the {empty[0]} is held out" if empty else ""


def _kept(metric: str, file: ModelFile, quality: Quality) -> tuple[Amount | None, str]:
    """Give the share of float32's metric that is left, both over the same held-out items."""
    ranks, reason = _float32_ranks(file, _BASELINE, len(quality.ranks))
    if ranks is None:
        return None, reason
    baseline = mean(METRICS[metric], quality.offsets, ranks, quality.k)
    if baseline <= 0:
        return None, f"float32's {metric} is 0, of which nothing can be kept"
    return quality.metric(metric, quality.k) / baseline, ""


def _float32_ranks(file: ModelFile, member: str, expected: int) -> tuple[tuple[int, ...] | None, str]:
    """Give float32's ranks of a bundle's held-out items, or None and why there are none that fit the report."""
    if file.bundle is None or member not in file.bundle.members:
        return None, f"there is no {member} to compare with float32"
    ranks = int32_values(file.bundle.members[member], f"{file.name} {member}")
    if len(ranks) != expected or any(rank < 1 for rank in ranks):
        return None, f"{member} does not fit the report: {len(ranks)} ranks, expected {expected}"
    return ranks, ""
