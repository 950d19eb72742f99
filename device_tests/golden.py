"""Golden outputs replayed: what the runtime says against the NumPy decode of the file and the float32 Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from device_tests.agreement import Agreement, agree
from device_tests.manifest import LEAST_OVERLAP
from device_tests.ranking import hide, overlap, spread, top_k
from device_tests.report import GoldenResult

if TYPE_CHECKING:
    from device_tests.evaluation import EvaluationSet, Golden
    from device_tests.manifest import Manifest
    from device_tests.model import Recommender
    from device_tests.ranking import Scores


def replay(
    recommender: Recommender, manifest: Manifest, evaluation: EvaluationSet, golden: Golden
) -> tuple[GoldenResult, Scores]:
    """Score the golden users in the runtime and say whether both proofs hold, and if not by how much they are missed.

    Every list and every difference is over the items that the user has not seen. A score that is NaN or infinite
    counts as a difference of the whole range, and golden outputs without any decoded scores prove nothing. An item of
    the float32 model's list that was dropped is one that the runtime's list lacks. Beside the
    result come the runtime's scores of the users whose decoded scores are there, float32 [D, items], nothing hidden.
    """
    steps = range(0, len(golden.users), recommender.batch)
    batches = [golden.users[start : start + recommender.batch] for start in steps]
    scores = np.concatenate([recommender.score_catalogue(evaluation.inputs, rows) for rows in batches])
    compared = scores[: len(golden.decoded_scores)].copy()
    wrong = int((~np.isfinite(scores)).sum())
    if wrong:
        reason = f"{wrong} of {scores.size} scores are NaN or infinite"
        return _result(manifest, golden, Agreement(1.0, 0.0, False, 0.0, manifest.tolerance), 0.0, reason), compared
    scores, decoded = (
        spread(each, evaluation.kept, len(evaluation.popularity)) for each in (scores, golden.decoded_scores)
    )
    hide(scores, evaluation.seen.take(golden.users))
    float_overlap = float(overlap(top_k(scores, manifest.k), golden.float_top).mean())
    found = _against_decode(scores, golden, manifest, seen_of(decoded, scores))
    reasons = [] if len(compared) else ["the bundle holds no scores of a NumPy decode to compare with"]
    reasons += _reasons(found, float_overlap, manifest)
    return _result(manifest, golden, found, float_overlap, "; ".join(reasons)), compared


def seen_of(decoded: Scores, scores: Scores) -> Scores:
    """Return the decoded scores with the items hidden that are hidden in the runtime's."""
    hidden: Scores = np.where(np.isneginf(scores[: len(decoded)]), np.float32(-np.inf), decoded)
    return hidden


def _against_decode(scores: Scores, golden: Golden, manifest: Manifest, decoded: Scores) -> Agreement:
    if not len(golden.decoded_scores):
        return Agreement(0.0, 1.0, True, 1.0, manifest.tolerance)
    return agree(decoded, scores[: len(decoded)], manifest.k, manifest.tolerance)


def _reasons(found: Agreement, float_overlap: float, manifest: Manifest) -> list[str]:
    k, reasons = manifest.k, []
    if found.largest_difference > manifest.tolerance:
        share, limit = 100 * found.largest_difference, 100 * manifest.tolerance
        reasons.append(
            f"a score is {share:.4g} % of the user's range away from the NumPy decode's, where {limit:.4g} % is allowed"
        )
    if not found.order_held:
        reasons.append(f"items of the top {k} whose decoded scores lie further apart stand in another order")
    if found.overlap < LEAST_OVERLAP:
        reasons.append(f"top-{k} overlap with the NumPy decode is {found.overlap:.4f}, below {LEAST_OVERLAP}")
    if float_overlap < manifest.float_overlap:
        reasons.append(
            f"top-{k} overlap with the float32 model is {float_overlap:.4f}, below {manifest.float_overlap:.4g}"
        )
    return reasons


def _result(manifest: Manifest, golden: Golden, found: Agreement, float_overlap: float, reason: str) -> GoldenResult:
    return GoldenResult(
        users=len(golden.users),
        decoded_users=len(golden.decoded_scores),
        largest_difference=found.largest_difference,
        tolerance=manifest.tolerance,
        decoded_overlap=found.overlap,
        order_held=found.order_held,
        float_overlap=float_overlap,
        float_overlap_floor=manifest.float_overlap,
        identical_lists=found.identical_lists,
        held=not reason,
        reason=reason,
    )
