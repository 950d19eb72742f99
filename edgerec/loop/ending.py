"""When rounds end, and which of them comes closest to what was asked."""

from collections.abc import Mapping, Sequence

from edgerec.compress.loop import Loop
from edgerec.loop.round import Judged

PROGRESS = 0.005  # of the download: one that falls by less is no smaller, whatever its rounding did to the deflation


def ended(rounds: Sequence[Judged], loop: Loop, most: int, limits: Mapping[str, int]) -> str:
    """Say in one sentence why the loop ends after these rounds, the first of them float32; empty when it goes on.

    It ends at the quality floor, at the size that was asked for, when nothing was made smaller for as many rounds as
    the loop allows, and after the last of `most` rounds.
    """
    last = rounds[-1]
    number = last.round.number
    if last.missed_floors:
        return f"round {number} misses {listed(last.missed_floors)}"
    if limits and last:
        asked = " and ".join(f"{name} = {limit:,}" for name, limit in limits.items())
        return f"round {number} is within the size that was asked for, {asked}"
    without = number - _progressed(rounds)
    if number and without >= loop.no_progress_rounds:
        rounds_were = f"the last {without} rounds were" if without > 1 else "the last round was"
        return f"{rounds_were} less than {PROGRESS:.1%} smaller to download than the smallest before"
    if number == most:
        whole = "more than that, and nothing would be left" if most < loop.rounds else "that is as many as the loop has"
        return f"round {number} was the last: {whole}"
    return ""


def closest(rounds: Sequence[Judged]) -> Judged:
    """The smallest round that holds all, else the one that misses least in sum."""
    return min(rounds, key=lambda one: (sum(one.missed.values()), one.size))


def listed(missed: Mapping[str, float]) -> str:
    """What is missed and by how much, as one phrase."""
    return " and ".join(f"{name} by {by:.2%}" for name, by in missed.items())


def _progressed(rounds: Sequence[Judged]) -> int:
    """The number of the last round that was smaller than every one before."""
    smallest, number = rounds[0].round.download_bytes, 0
    for one in rounds[1:]:
        if one.round.download_bytes < (1 - PROGRESS) * smallest:
            smallest, number = one.round.download_bytes, one.round.number
    return number
