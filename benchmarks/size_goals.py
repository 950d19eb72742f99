"""The goals that the table of sizes is held to, and how near each row came."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.factor_choice import FLOORS, WITHOUT_HALVES, missed_on_mean
from benchmarks.factor_settings import Setting
from benchmarks.size_table import Row
from edgerec.floors import Floors

PEER_DROPPED = "rows shown to anyone, int4"


@dataclass(frozen=True)
class Goal:
    """A row of the target table: the grid that it is chosen from, its floors, and the ratios that were asked for."""

    name: str
    grid: str
    floors: Floors
    asked: dict[str, float]


GOALS = (
    Goal("ours, own rows", "own", FLOORS, {"MovieTweetings": 11, "Amazon-CDs": 11}),
    Goal("ours, rows may share codes", "shared", FLOORS, {"MovieTweetings": 15, "Amazon-CDs": 17}),
    Goal("ours, rows dropped", "dropped", WITHOUT_HALVES, {}),
)
TUNED = {"MovieTweetings": 22.0, "Amazon-CDs": 22.0}
DROPPED_TIMES_PEER = 1.5
DISK_SHARE = 0.75


def say_goals(name: str, rows: Sequence[Row], chosen: dict[str, Setting]) -> None:
    by_name = {row.name: row for row in rows}
    peer = by_name[PEER_DROPPED].ratio
    line = [row for row in rows if row.name.startswith("trained with")]
    print("\n| goal | asked | reached | on disk, asked | reached | floors, mean | beats training at no fewer bytes |")
    print("|---|---|---|---|---|---|---|")
    asked = [(goal.name, by_name[goal.name], goal.asked.get(name, DROPPED_TIMES_PEER * peer)) for goal in GOALS]
    asked.insert(2, ("the same without tuning, for the row that tunes", by_name[GOALS[1].name], TUNED[name]))
    for what, row, ratio in asked:
        closest = rival(row, line)
        beats = closest.share("recall") < row.share("recall") and closest.share("ndcg") < row.share("ndcg")
        print(
            f"| {what} | {ratio:.1f}x | {row.ratio:.1f}x | {DISK_SHARE * ratio:.1f}x | {row.disk_ratio:.1f}x "
            f"| {_held(row)} | {'yes' if beats else 'NO'}: {closest.name} ({closest.ratio:.1f}x) keeps "
            f"{closest.share('recall'):.1%} and {closest.share('ndcg'):.1%} |"
        )
    print()
    for goal in GOALS:
        print(f"- {goal.name}: {chosen[goal.name]}")


def _held(row: Row) -> str:
    missing = missed_on_mean(row.kept, row.floors)
    return f"missed: {', '.join(missing)}" if missing else "held"


def rival(row: Row, line: Sequence[Row]) -> Row:
    """Return the smallest model trained from scratch that is no smaller than a row, or else the largest."""
    larger = [one for one in line if one.ratio <= row.ratio]
    return max(larger or [min(line, key=_ratio)], key=_ratio)


def _ratio(row: Row) -> float:
    return row.ratio
