"""How far apart two bundles recommend, run in one runtime over the evaluation set that both carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device_tests.bundle import KEPT, Bundle
from device_tests.evaluation import from_npy
from device_tests.ranking import Ids, overlap
from device_tests.report import Quality
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.statistics import Interval, paired_bootstrap
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import LISTS, Job

PERSISTENCE = 0.9
"""Of rank-biased overlap: how likely a reader of a list goes on to its next place."""

SEED = 0
_ASKED = ("proof/eval_seen_", "proof/eval_relevant_", "proof/eval_popularity")
_INPUTS = "proof/eval_input_"


class ComparisonError(EdgerecError):
    """Two bundles whose lists cannot be compared."""


@dataclass(frozen=True)
class RankingsApart:
    """Two bundles' lists of k over the same users, in one runtime.

    `overlap` is the mean share of a list in common, whatever the order; `rank_biased_overlap` weighs the first places
    more. `recall_old`, `recall_new` are recall@k over the users that have a held-out item, and `recall_change` the new
    one's less the old one's, with its 95 % interval of a bootstrap over users in pairs.
    """

    runtime: str
    users: int
    k: int
    overlap: float
    rank_biased_overlap: float
    persistence: float
    recall_old: float
    recall_new: float
    recall_change: Interval


def rankings_apart(
    paths: tuple[Path, Path],
    bundles: tuple[Bundle, Bundle],
    runtime: RuntimePin,
    *,
    users: int | None = None,
    progress: Progress = silent,
) -> RankingsApart:
    """Ask two bundles, read from their paths, for the lists of the users that both carry, all or this many of them.

    Lists are as long as the shorter k of the two. Raises ComparisonError where the users, what they saw, what was held
    out or the catalogue are not the same, RunError where a runtime gives no report.
    """
    refuse_other_users(*bundles)
    k = min(one.manifest.k for one in bundles)
    ran = [
        local.run(Job(path, runtime, only=("quality",), k=k, lists=True, users=users), progress=progress)
        for path in paths
    ]
    old, new = (_quality(one.report.quality, path) for one, path in zip(ran, paths, strict=True))
    first, second = (from_npy(one.lists or b"", LISTS, "<i4", (None, None)).view(np.int32) for one in ran)
    per_user = [one.per_user("recall", k) for one in (old, new)]
    change = paired_bootstrap((after - before for before, after in zip(*per_user, strict=True)), seed=SEED)
    return RankingsApart(
        runtime=str(runtime),
        users=len(first),
        k=k,
        overlap=float(overlap(first, second).mean()),
        rank_biased_overlap=float(rank_biased_overlap(first, second).mean()),
        persistence=PERSISTENCE,
        recall_old=old.metric("recall", k),
        recall_new=new.metric("recall", k),
        recall_change=change,
    )


def refuse_other_users(old: Bundle, new: Bundle) -> None:
    """Raise ComparisonError where two bundles have no evaluation set, or not the same one."""
    # A bundle that dropped items has numbered those of its inputs anew; what users saw is of the whole catalogue.
    same_items = old.members.get(KEPT) == new.members.get(KEPT)
    asked = [_starting(bundle, (*_ASKED, _INPUTS) if same_items else _ASKED) for bundle in (old, new)]
    for bundle, found in zip((old, new), asked, strict=True):
        if not found:
            raise ComparisonError(f"{bundle.manifest.name} has no evaluation set; pack it with [data] in edgerec.toml.")
    if asked[0] != asked[1]:
        raise ComparisonError("The two bundles have other evaluation sets: make both from the same data and split.")
    if {*old.item_ids, *old.dropped_ids} != {*new.item_ids, *new.dropped_ids}:
        raise ComparisonError("The two bundles have other catalogues: make both from the same data and split.")


def rank_biased_overlap(old: Ids, new: Ids, persistence: float = PERSISTENCE) -> npt.NDArray[np.float64]:
    """Return the extrapolated rank-biased overlap of lists [users, k] without repeats, float64 [users] in [0, 1].

    It is (X_k / k) p^k + (1 - p) / p times the sum over d of (X_d / d) p^d, with X_d the items that the first d places
    have in common. Source: W. Webber, A. Moffat, J. Zobel, A similarity measure for indefinite rankings, ACM
    Transactions on Information Systems 28(4), 2010, equation 23, of lists of one length.
    """
    depth = old.shape[1]
    common = np.zeros(old.shape, np.float64)
    for at in range(depth):
        met_in_old = (old[:, : at + 1] == new[:, at, None]).any(axis=1)
        met_in_new = (new[:, :at] == old[:, at, None]).any(axis=1)
        common[:, at] = met_in_old.astype(np.float64) + met_in_new
    place = np.arange(depth)
    agreement = common.cumsum(axis=1) / (place + 1)
    weights = persistence ** (place + 1)
    biased: npt.NDArray[np.float64] = (1 - persistence) / persistence * (agreement * weights).sum(axis=1)
    biased += agreement[:, -1] * persistence**depth
    return biased


def _starting(bundle: Bundle, starts: tuple[str, ...]) -> Mapping[str, bytes]:
    return {name: data for name, data in bundle.members.items() if name.startswith(starts)}


def _quality(quality: Quality | None, path: Path) -> Quality:
    if quality is None:
        raise ComparisonError(f"{path}: its quality was not measured; edgerec bench {path} says why.")
    return quality
