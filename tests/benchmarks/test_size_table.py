"""Rows of the table of sizes."""

from dataclasses import replace

import numpy as np

from benchmarks.factor_quality import Quality
from benchmarks.size_table import COLUMNS, Entry, Row, heading, line, retained

USERS = np.arange(50, dtype=np.int32)


def quality(recall: np.ndarray, shown: int = 8) -> Quality:
    counts = np.zeros(10, np.int64)
    counts[:shown] = 1
    return Quality(recall, recall / 2, (300, 250), (900, 900), np.zeros((len(recall), 1), np.int32), counts)


def entry(recall: np.ndarray, float32: np.ndarray, users: np.ndarray = USERS) -> Entry:
    return Entry(1000, 500, quality(recall), quality(float32), users, 1.5)


RANDOM = np.random.default_rng(0)
FLOAT32 = RANDOM.random(50)


def test_a_row_gives_ratios_of_mean_bytes_and_what_each_seed_misses() -> None:
    entries = (entry(FLOAT32 * 0.995, FLOAT32), replace(entry(FLOAT32 * 0.9, FLOAT32), download_bytes=300))
    row = Row("ours", entries, 20_000.0, 8_000.0)
    assert (row.ratio, row.disk_ratio) == (20.0, 20.0)
    cells = [cell.strip() for cell in line(row).strip("|").split("|")]
    assert len(cells) == len(COLUMNS) == heading().splitlines()[0].count("|") - 1
    assert cells[:5] == ["ours", "1,000", "400", "20.0x", "20.0x"]
    assert cells[10] == "none; recall, ndcg"
    assert cells[7:10] == ["100.0%", "100.0%", "100.0%"]


def test_a_share_that_is_the_same_for_every_user_has_no_width() -> None:
    found = retained([entry(FLOAT32 * 0.5, FLOAT32)], "recall")
    assert np.allclose([found.estimate, found.low, found.high], 0.5)


def test_a_user_of_several_seeds_is_drawn_with_all_of_them() -> None:
    """The same figures in three seeds say no more than in one: the interval stays as wide."""
    noisy = FLOAT32 * RANDOM.uniform(0.5, 1.5, 50)
    once, thrice = (retained([entry(noisy, FLOAT32)] * times, "recall") for times in (1, 3))
    assert np.allclose([once.low, once.high], [thrice.low, thrice.high])
    apart = [entry(noisy, FLOAT32, USERS + 50 * number) for number in range(3)]
    wide = retained(apart, "recall")
    assert wide.high - wide.low < 0.8 * (once.high - once.low)
