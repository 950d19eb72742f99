"""An update beside the rebuild that it spares: what each costs to ship, and what each recommends."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_tests import metrics
from device_tests.bundle import Bundle
from device_tests.evaluation import EvaluationSet
from device_tests.report import Quality
from edgerec.codecs.change import Change


@dataclass(frozen=True)
class Shipped:
    """One way to ship what is new: bytes of the patch, of the app part on disk and as a whole download, and quality.

    Recall@k and NDCG@k are means over the users with something held out; `new_hit_rate` is the share of held-out items
    that are new to the catalogue and stand in their user's first k, None where none is held out.
    """

    delta_bytes: int
    app_bytes: int
    download_bytes: int
    recall: float
    ndcg: float
    new_hit_rate: float | None


@dataclass(frozen=True)
class LayerRows:
    """How many rows the table of a layer has, how many of them are new, and how many old ones may be stored anew."""

    layer: str
    rows: int
    new: int
    touched: int


@dataclass(frozen=True)
class Outcome:
    """An update that was written to `path`, the rebuild beside it, and what is new in the data."""

    path: Path
    sha256: str
    runtime: str
    k: int
    interactions: int
    new_items: int
    new_users: int
    held_out: int
    held_out_new: int
    layers: tuple[LayerRows, ...]
    update: Shipped
    rebuild: Shipped


def shipped(bundle: Bundle, quality: Quality, evaluation: EvaluationSet, delta_bytes: int, old_items: int) -> Shipped:
    """What a bundle came to; `quality` is of `evaluation`, in which items from `old_items` on are new."""
    k = bundle.manifest.k
    new = evaluation.relevant.values >= old_items
    hits = np.array(quality.ranks)[new] <= k
    return Shipped(
        delta_bytes,
        bundle.app_bytes,
        bundle.download_bytes,
        metrics.mean(metrics.recall, quality.offsets, quality.ranks, k),
        metrics.mean(metrics.ndcg, quality.offsets, quality.ranks, k),
        float(hits.mean()) if len(hits) else None,
    )


def layer_rows(layer: str, change: Change) -> LayerRows:
    """Count the rows of a change."""
    new = len(change.new)
    return LayerRows(layer, len(change.source), new, int(change.anew.sum()) - new)
