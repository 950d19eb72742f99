"""The store of coded tables: coded once for the same content, again for any other."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from converters.tables.coded import Coded, Floats
from edgerec.codecs.integers import Integers
from edgerec.compress.coded_store import stored
from edgerec.criteria.statistics import Statistics

TABLE = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
KNOWN = Statistics(popularity=np.arange(32), second_moment=np.eye(32))
RUNS: list[int] = []


@dataclass(frozen=True)
class Counting(Integers):
    """Integers that remember how often they were asked to code."""

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
        RUNS.append(seed)
        return super().encode(table, statistics, seed=seed)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))
    RUNS.clear()


def test_the_same_table_is_coded_once_and_what_a_codec_does_not_read_makes_no_other() -> None:
    first = stored(Counting(4), TABLE, KNOWN, seed=0)
    again = stored(Counting(4), TABLE.copy(), replace(KNOWN, popularity=np.zeros(32)), seed=0)
    assert RUNS == [0]
    assert all(np.array_equal(one, other) for one, other in zip(first.stored, again.stored, strict=True))


def test_another_table_codec_seed_or_statistic_is_another_entry() -> None:
    stored(Counting(4), TABLE, KNOWN, seed=0)
    for codec, table, known, seed in (
        (Counting(8), TABLE, KNOWN, 0),
        (Counting(4, step=0.5), TABLE, KNOWN, 0),
        (Counting(4), TABLE + 1, KNOWN, 0),
        (Counting(4), TABLE.reshape(64, 16), Statistics(), 0),
        (Counting(4), TABLE, replace(KNOWN, second_moment=np.diag(np.arange(1.0, 33))), 0),
        (Counting(4), TABLE, KNOWN, 1),
    ):
        before = len(RUNS)
        stored(codec, table, known, seed=seed)
        assert len(RUNS) == before + 1, codec


def test_an_entry_whose_bytes_changed_is_made_again(tmp_path: Path) -> None:
    stored(Counting(4), TABLE, KNOWN, seed=0)
    (kept,) = tmp_path.rglob("coded.npz")
    kept.write_bytes(b"torn")
    stored(Counting(4), TABLE, KNOWN, seed=0)
    assert RUNS == [0, 0]
