"""One round: how far it went, what it weighs, and how it ranks for training and for the users that choose."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.metrics import HALVES
from device_tests.report import Quality
from edgerec.floors import CANDIDATES, DEFAULT, Floor, Floors, FloorVerdict, Kept, judged, kept
from edgerec.search.table_trials import label

RECALL = "recall"
SIZES = ("download_bytes", "app_bytes")  # the limits of a budget that are a size asked for


@dataclass(frozen=True)
class Round:
    """What a round gave, as the runtime measured it; round 0 is float32.

    `share` of the weights, or of the columns, is gone. `train` is of training interactions of a sample of users,
    `validation` of the test users that choose.
    """

    number: int
    share: float
    app_bytes: int
    download_bytes: int
    model_sha256: str
    train: Quality
    validation: Quality


@dataclass(frozen=True)
class Judged:
    """A round beside float32, true when it keeps every floor and stays within every limit for the users that choose.

    `recall` is what it keeps of float32's recall, `halves` of the hit rate among candidates of each popularity half;
    all are (training, users that choose). `margins` say by how much every floor and limit holds, as a share of it.
    """

    round: Round
    recall: tuple[Kept, Kept]
    halves: Mapping[str, tuple[Kept, Kept]]
    floors: FloorVerdict
    margins: Mapping[str, float]
    limits: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.missed

    @property
    def missed(self) -> Mapping[str, float]:
        """By how much each floor or limit is missed, as a share of it."""
        return {name: -margin for name, margin in self.margins.items() if margin < 0}

    @property
    def missed_floors(self) -> Mapping[str, float]:
        """The same of floors alone."""
        return {name: by for name, by in self.missed.items() if name not in self.limits}

    @property
    def least(self) -> tuple[str, float] | None:
        """The floor that holds least, and by how much; None without floors."""
        floors = {name: margin for name, margin in self.margins.items() if name not in self.limits}
        return min(floors.items(), key=lambda pair: pair[1], default=None)

    @property
    def size(self) -> tuple[int, int, int]:
        """What rounds are ranked by: bytes to download, then on disk, then which came first."""
        return self.round.download_bytes, self.round.app_bytes, self.round.number


def judge(one: Round, float32: Round, floors: Floors, limits: Mapping[str, int], k: int) -> Judged:
    """A round held to floors of float32's and to `limits` on download_bytes and app_bytes.

    Recall is told at the k of a floor of it, else at `k`.
    Each of the floors has to be one of which float32 gives evidence, as `choosing.floors_to_choose_by` leaves them.
    """
    verdict = judged(floors, float32.validation, one.validation)
    held = {label(each.floor): each.figure / each.floor.share - 1 for each in verdict.each if each.figure is not None}
    sizes = {"download_bytes": one.download_bytes, "app_bytes": one.app_bytes}
    within = {name: (limit - sizes[name]) / limit for name, limit in limits.items()}
    asked = next((each for each in floors.each if each.quantity == RECALL), Floor(RECALL, k, 0.0))
    halves = {half: _half(half) for half in HALVES} if one.validation.negatives else {}
    return Judged(
        round=one,
        recall=_both(asked, float32, one),
        halves={half: _both(floor, float32, one) for half, floor in halves.items()},
        floors=verdict,
        margins={**held, **within},
        limits=tuple(limits),
    )


def _half(half: str) -> Floor:
    return next(floor for floor in DEFAULT if (floor.quantity, floor.half) == (CANDIDATES, half))


def _both(floor: Floor, float32: Round, one: Round) -> tuple[Kept, Kept]:
    return kept(floor, float32.train, one.train), kept(floor, float32.validation, one.validation)
