"""Rows of the table of sizes."""

from dataclasses import replace

import numpy as np

from benchmarks.size_table import COLUMNS, Entry, Row, heading, line, retained
from device_tests.metrics import HALVES
from device_tests.report import Quality

PEOPLE, HELD_OUT = 50, 10
USERS = np.arange(PEOPLE, dtype=np.int32)


def quality(found: np.ndarray, shown: int = 8) -> Quality:
    """Of every user's items so many are in the list, the others far behind; all are hits among their candidates."""
    ranks = np.where(np.arange(HELD_OUT) < found[:, None], 1 + np.arange(HELD_OUT), 1000).ravel()
    everything = np.arange(len(ranks))
    segments = dict(zip(HALVES, (tuple(everything[0::2].tolist()), tuple(everything[1::2].tolist())), strict=True))
    return Quality(
        k=20,
        items=2000,
        users=len(found),
        offsets=tuple(range(0, len(ranks) + 1, HELD_OUT)),
        ranks=tuple(ranks.tolist()),
        recommended_items=tuple(min(place, shown) for place in range(1, 21)),
        distinct_scores=1.0,
        segments=segments,
        negatives=99,
        candidate_ranks=(1,) * len(ranks),
    )


def entry(found: np.ndarray, float32: np.ndarray, users: np.ndarray = USERS) -> Entry:
    return Entry(1000, 500, quality(found), quality(float32), users, 1.5)


RANDOM = np.random.default_rng(0)
FLOAT32 = 2 * RANDOM.integers(2, 6, PEOPLE)


def test_a_row_gives_ratios_of_mean_bytes_and_what_each_seed_misses() -> None:
    entries = (entry(FLOAT32, FLOAT32), replace(entry(FLOAT32 - 1, FLOAT32), download_bytes=300))
    row = Row("ours", entries, 20_000.0, 8_000.0)
    assert (row.ratio, row.disk_ratio) == (20.0, 20.0)
    cells = [cell.strip() for cell in line(row).strip("|").split("|")]
    assert len(cells) == len(COLUMNS) == heading().splitlines()[0].count("|") - 1
    assert cells[:5] == ["ours", "1,000", "400", "20.0x", "20.0x"]
    assert cells[10] == "none; recall, ndcg"
    assert cells[7:10] == ["100.0%", "100.0%", "100.0%"]


def test_a_share_that_is_the_same_for_every_user_has_no_width() -> None:
    found = retained([entry(FLOAT32 // 2, FLOAT32)], "recall")
    assert np.allclose([found.estimate, found.low, found.high], 0.5)


def test_a_user_of_several_seeds_is_drawn_with_all_of_them() -> None:
    """The same figures in three seeds say no more than in one: the interval stays as wide."""
    noisy = RANDOM.integers(0, HELD_OUT, PEOPLE)
    once, thrice = (retained([entry(noisy, FLOAT32)] * times, "recall") for times in (1, 3))
    assert np.allclose([once.low, once.high], [thrice.low, thrice.high])
    apart = [entry(noisy, FLOAT32, USERS + PEOPLE * number) for number in range(3)]
    wide = retained(apart, "recall")
    assert wide.high - wide.low < 0.8 * (once.high - once.low)
