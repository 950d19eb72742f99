"""Sizes and quality of many tables over several seeds, as rows of a Markdown table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.factor_choice import FLOORS, mean, missed, name_of
from benchmarks.factor_quality import K
from device_tests.report import Quality
from edgerec.floors import Floor, Floors, FloorVerdict, judged
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

    @cached_property
    def kept(self) -> FloorVerdict:
        """The shares of float32's figures."""
        return judged(FLOORS, self.float32, self.quality)


@dataclass(frozen=True, eq=False)
class Row:
    """A table over the seeds, and float32's bytes to compare with; `floors` are those that it is held to."""

    name: str
    entries: tuple[Entry, ...]
    float32_disk_bytes: float
    float32_download_bytes: float
    floors: Floors = FLOORS

    @property
    def ratio(self) -> float:
        """How many times smaller than float32's the download is, by mean bytes."""
        return self.float32_download_bytes / float(np.mean([one.download_bytes for one in self.entries]))

    @property
    def disk_ratio(self) -> float:
        """How many times smaller than float32's the file is, by mean bytes."""
        return self.float32_disk_bytes / float(np.mean([one.disk_bytes for one in self.entries]))

    @property
    def kept(self) -> dict[Floor, float | None]:
        """The mean over the seeds of the shares kept."""
        return mean([one.kept for one in self.entries])

    def share(self, name: str) -> float:
        """The mean share kept of a figure by its name in the table; 0 where it has no evidence."""
        return next(share for floor, share in self.kept.items() if name_of(floor) == name) or 0.0


def retained(entries: Sequence[Entry], figure: str) -> Interval:
    """Return the share kept of float32's "recall" or "ndcg", pooled over seeds, with its 95 % interval.

    Users are resampled in pairs, a user's figures of all seeds together: the seeds share their users.
    """
    users = np.unique(np.concatenate([one.users for one in entries]))
    above, below = np.zeros(len(users)), np.zeros(len(users))
    for one in entries:
        places = np.searchsorted(users, one.users)
        above[places] += one.quality.per_user(figure, K)
        below[places] += one.float32.per_user(figure, K)
    return ratio_bootstrap(above, below, seed=_BOOTSTRAP_SEED)


def heading() -> str:
    """Return the first two lines of the table."""
    return f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def line(row: Row) -> str:
    """Return a row's line; bytes are means over the seeds."""
    found = {name_of(floor): share for floor, share in row.kept.items()}
    disk, download = (np.mean([getattr(one, name) for one in row.entries]) for name in ("disk_bytes", "download_bytes"))
    cells = (
        row.name,
        f"{disk:,.0f}",
        f"{download:,.0f}",
        f"{row.ratio:.1f}x",
        f"{row.disk_ratio:.1f}x",
        _interval(retained(row.entries, "recall")),
        _interval(retained(row.entries, "ndcg")),
        *(_share(value) for value in (found["popular"], found["unpopular"], found["coverage"])),
        "; ".join(_verdict(one, row.floors) for one in row.entries),
        f"{np.mean([one.seconds for one in row.entries]):.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _verdict(entry: Entry, floors: Floors) -> str:
    return ", ".join(missed(entry.kept, floors)) or "none"


def _interval(found: Interval) -> str:
    return f"{found.estimate:.1%} ({found.low:.1%} to {found.high:.1%})"


def _share(value: float | None) -> str:
    return "no evidence" if value is None else f"{value:.1%}"
