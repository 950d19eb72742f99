"""Sizes and quality of many tables over several seeds, as rows of a Markdown table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.factor_floors import FLOORS, Kept, kept, mean, missed
from benchmarks.factor_quality import Quality
from edgerec.statistics import Interval, ratio_bootstrap

COLUMNS = (
    "table",
    "on disk, bytes",
    "download, bytes",
    "ratio of download",
    "ratio on disk",
    "recall@20 kept (95 %)",
    "NDCG@20 kept (95 %)",
    "HR@10 kept, popular half",
    "unpopular half",
    "coverage@20 kept",
    "floors missed, seed by seed",
    "seconds",
)
_BOOTSTRAP_SEED = 0


@dataclass(frozen=True, eq=False)
class Entry:
    """One table of one seed: its file's bytes, its quality, float32's on the same users, and who they are."""

    disk_bytes: int
    download_bytes: int
    quality: Quality
    float32: Quality
    users: npt.NDArray[np.int32]
    seconds: float

    @property
    def kept(self) -> Kept:
        """The shares of float32's figures."""
        return kept(self.quality, self.float32)


@dataclass(frozen=True, eq=False)
class Row:
    """A table over the seeds, and float32's bytes to compare with; `floors` are those that it is held to."""

    name: str
    entries: tuple[Entry, ...]
    float32_disk_bytes: float
    float32_download_bytes: float
    floors: Kept = FLOORS

    @property
    def ratio(self) -> float:
        """How many times smaller than float32's the download is, by mean bytes."""
        return self.float32_download_bytes / float(np.mean([one.download_bytes for one in self.entries]))

    @property
    def disk_ratio(self) -> float:
        """How many times smaller than float32's the file is, by mean bytes."""
        return self.float32_disk_bytes / float(np.mean([one.disk_bytes for one in self.entries]))

    @property
    def kept(self) -> Kept:
        """The mean over the seeds of the shares kept."""
        return mean([one.kept for one in self.entries])


def retained(entries: Sequence[Entry], figure: str) -> Interval:
    """Return the share kept of float32's "recall" or "ndcg", pooled over seeds, with its 95 % interval.

    Users are resampled in pairs, a user's figures of all seeds together: the seeds share their users.
    """
    users = np.unique(np.concatenate([one.users for one in entries]))
    above, below = np.zeros(len(users)), np.zeros(len(users))
    for one in entries:
        places = np.searchsorted(users, one.users)
        above[places] += getattr(one.quality, figure)
        below[places] += getattr(one.float32, figure)
    return ratio_bootstrap(above, below, seed=_BOOTSTRAP_SEED)


def heading() -> str:
    """Return the first two lines of the table."""
    return f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def line(row: Row) -> str:
    """Return a row's line; bytes are means over the seeds."""
    found = row.kept
    disk, download = (np.mean([getattr(one, name) for one in row.entries]) for name in ("disk_bytes", "download_bytes"))
    cells = (
        row.name,
        f"{disk:,.0f}",
        f"{download:,.0f}",
        f"{row.ratio:.1f}x",
        f"{row.disk_ratio:.1f}x",
        _interval(retained(row.entries, "recall")),
        _interval(retained(row.entries, "ndcg")),
        *(_share(value) for value in (found.popular, found.unpopular, found.coverage)),
        "; ".join(_verdict(one, row.floors) for one in row.entries),
        f"{np.mean([one.seconds for one in row.entries]):.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _verdict(entry: Entry, floors: Kept) -> str:
    return ", ".join(missed(entry.kept, floors)) or "none"


def _interval(found: Interval) -> str:
    return f"{found.estimate:.1%} ({found.low:.1%} to {found.high:.1%})"


def _share(value: float | None) -> str:
    return "no evidence" if value is None else f"{value:.1%}"
