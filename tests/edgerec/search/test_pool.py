"""Real worker processes: order, deaths, ends."""

import os
from pathlib import Path
from typing import Any

import pytest

from edgerec.search.errors import SearchError
from edgerec.search.pool import Pool
from edgerec.search.trial import Finished, Trial
from edgerec.search.worker_process import Factory

CHOICES = {"items": "int8", "users": "int4", "rows": 1.0}
TRIALS = tuple(Trial(number, {**CHOICES, "rows": 1 / (number + 1)}) for number in range(5))


def run(name: str, workers: int = 1, **context: Any) -> list[Finished]:
    with Pool(Factory(f"synthetic_problem:{name}", context), workers) as pool:
        return list(pool.run(TRIALS))


def test_outcomes_come_in_trial_order_whatever_the_number_of_workers() -> None:
    alone = run("pure", 1)
    assert [one.trial for one in alone] == list(TRIALS)
    assert [one.outcome.download_bytes for one in alone if one.outcome] == [12000, 6000, 4000, 3000, 2400]
    assert run("pure", 3) == alone


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_of_a_signal_costs_its_trial_and_says_so_in_one_sentence(workers: int) -> None:
    done = run("faulty", workers, **{"1": "die", "3": "raise", "4": "refuse"})
    assert [one.outcome is None for one in done] == [False, True, False, True, True]
    assert done[1].why == (
        'the worker was killed by SIGSEGV as it ran trial 1, {"items": "int8", "rows": 0.5, "users": "int4"}, twice; '
        "SIGKILL is often a lack of memory"
    )
    assert "ended with exit code 1 (ZeroDivisionError: a bug) as it ran trial 3" in done[3].why
    assert done[4].why == "int2 needs LiteRT"


def test_a_worker_that_was_killed_once_runs_its_trial_again(tmp_path: Path) -> None:
    done = run("faulty", **{"2": "die once", "once": str(tmp_path / "died")})
    assert done == run("pure")
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("synthetic_problem:unusable", "no trial can be run: no model at gru.h5"),
        ("synthetic_problem:none_such", "no trial can be run: synthetic_problem:none_such cannot be had"),
        ("os:abort", r"no trial can be run: the worker was ended with exit code 1 \(TypeError: .*\) as it began"),
    ],
)
def test_a_factory_that_makes_nothing_ends_the_search(factory: str, message: str) -> None:
    with Pool(Factory(factory, {"path": "gru.h5"}), 2) as pool, pytest.raises(SearchError, match=message):
        list(pool.run(TRIALS))


def test_a_trial_that_is_in_the_way_of_the_end_is_killed() -> None:
    with Pool(Factory("synthetic_problem:endless", {}), 2) as pool:
        running = pool.run(TRIALS)
        assert next(running).trial.number == 0
        children = [worker._child.pid for worker in pool._workers if worker._child]
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_a_pool_has_a_worker() -> None:
    with pytest.raises(SearchError, match="got 0 workers"):
        Pool(Factory("synthetic_problem:pure", {}), 0)


def test_sums_are_made_by_one_thread_whatever_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with Pool(Factory("synthetic_problem:threads", {}), 1) as pool:
        (done,) = pool.run(TRIALS[:1])
    assert done.outcome is not None
    assert done.outcome.figures == {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}


def test_no_worker_is_started_without_a_trial() -> None:
    with Pool(Factory("no_such:factory", {}), 2) as pool:
        assert list(pool.run(())) == []
        assert [worker._child for worker in pool._workers] == [None, None]
