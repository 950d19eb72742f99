"""The search with real workers: the same result whatever happens."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgerec.search.errors import SearchError
from edgerec.search.journal import FILE_NAME
from edgerec.search.result import Result
from edgerec.search.rounds import RESULT_NAME, Plan, Stop
from edgerec.search.space import OneOf, Space

ROOT = Path(__file__).parents[3]

# A search that is killed as it writes a given line of the journal, a share of which is on the disk by then.
KILLED = """
import importlib.util, json, os, signal, sys
from pathlib import Path
from edgerec.search.optuna_study import optuna
from edgerec.search.pool import Pool
from edgerec.search.rounds import Stop, search
from edgerec.search.worker_process import Factory

folder, workers, line, share, make, context, shared_by = json.loads(sys.argv[1])
spec = importlib.util.spec_from_file_location("shared", shared_by)
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)
backend = optuna().storages.journal.JournalFileBackend
append, written = backend.append_logs, [0]

def appended(self, logs):
    append(self, logs)
    written[0] += 1
    if written[0] == line:
        path = Path(folder) / "journal.jsonl"
        data = path.read_bytes()
        start = data[:-1].rfind(b"\\n") + 1
        os.truncate(path, start + int((len(data) - start) * share))
        os.kill(os.getpid(), signal.SIGKILL)

backend.append_logs = appended
with Pool(Factory(f"synthetic_problem:{make}", context), workers) as pool:
    search(shared.PLAN, pool, Path(folder), Stop(10))
"""


def test_the_number_of_workers_changes_nothing(tmp_path: Path, searched: Callable[..., Result]) -> None:
    alone, both = (searched(tmp_path / str(workers), workers=workers) for workers in (1, 2))
    assert alone == both
    assert (tmp_path / "1" / RESULT_NAME).read_bytes() == (tmp_path / "2" / RESULT_NAME).read_bytes()
    assert len(alone.candidates) == 10
    assert alone


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_kills_while_the_journal_is_written_change_nothing(tmp_path: Path, searched: Callable[..., Result]) -> None:
    """The line of the study, that of its identity, and trials at both sides of the end of a round, torn or whole."""
    torn = tmp_path / "torn"
    for workers, line, share in ((1, 1, 0.5), (2, 2, 0.3), (1, 4, 0.99), (2, 4, 1.0)):
        assert killed(torn, workers, line, share) == -signal.SIGKILL
    assert trials_in(torn) == 6
    result = searched(torn, workers=2)
    assert result == searched(tmp_path / "whole")
    assert (torn / RESULT_NAME).read_bytes() == (tmp_path / "whole" / RESULT_NAME).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_in_the_middle_of_a_trial_changes_nothing(
    tmp_path: Path, searched: Callable[..., Result], workers: int
) -> None:
    """The trial kills the search, in the second round, and with it its own process."""
    context = {"at": 6, "once": str(tmp_path / "killed")}
    assert killed(tmp_path / "run", workers, make="killing", context=context) == -signal.SIGKILL
    assert 4 <= trials_in(tmp_path / "run") <= 6
    resumed = searched(tmp_path / "run", workers=workers, make="killing", context=context)
    assert resumed == searched(tmp_path / "whole")


def killed(
    folder: Path, workers: int, line: int = 0, share: float = 1, *, make: str = "pure", context: Any = None
) -> int:
    """Give the exit code of a search in a process of its own."""
    shared = str(Path(__file__).parent / "conftest.py")
    arguments = json.dumps([str(folder), workers, line, share, make, context or {}, shared])
    paths = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-c", KILLED, arguments], env={**os.environ, "PYTHONPATH": paths}, check=False
    ).returncode


def trials_in(folder: Path) -> int:
    return (folder / FILE_NAME).read_text().count('"op_code":4')


def test_a_search_that_is_over_runs_nothing_again_and_more_trials_go_on_from_it(
    tmp_path: Path, searched: Callable[..., Result]
) -> None:
    runs = tmp_path / "runs"
    context = {"runs": str(runs)}
    six = searched(tmp_path / "run", stop=Stop(6), context=context)
    assert searched(tmp_path / "run", stop=Stop(6), context=context) == six
    assert runs.read_text().split() == [str(number) for number in range(6)]
    ten = searched(tmp_path / "run", context=context)
    assert runs.read_text().split() == [str(number) for number in range(10)]
    assert ten.candidates == searched(tmp_path / "at once").candidates
    assert ten.candidates[:6] == six.candidates
    assert searched(tmp_path / "run", stop=Stop(6), context=context) == six


def test_another_seed_is_another_search(tmp_path: Path, searched: Callable[..., Result], plan: Plan) -> None:
    other = replace(plan, seed=plan.seed + 1)
    first = searched(tmp_path / "run")
    with pytest.raises(SearchError, match="was begun with another seed"):
        searched(tmp_path / "run", plan=other)
    assert searched(tmp_path / "other", plan=other).candidates[2:] != first.candidates[2:]


def test_trials_that_die_or_are_refused_are_told_and_the_search_goes_on(
    tmp_path: Path, searched: Callable[..., Result]
) -> None:
    told: list[str] = []
    result = searched(tmp_path, make="faulty", context={"3": "die", "5": "refuse"}, workers=2, progress=told.append)
    assert [one.number for one in result.failed] == [3, 5]
    assert [len(result.candidates), result.failed[1].why] == [8, "int2 needs LiteRT"]
    assert [line.partition(", the")[0] for line in told] == [
        "round 0: 4 trials, 1 failed",
        "round 1: 8 trials, 2 failed",
        "round 2: 10 trials, 2 failed",
    ]


def test_a_round_is_told_in_one_line(tmp_path: Path, searched: Callable[..., Result]) -> None:
    told: list[str] = []
    searched(tmp_path, stop=Stop(2), progress=told.append)
    assert told == [
        "round 0: 2 trials, the best holds with 8,000 bytes to download and a quality margin of +8.00%",
    ]


def test_it_stops_when_rounds_bring_nothing_better(tmp_path: Path, searched: Callable[..., Result], plan: Plan) -> None:
    narrow = replace(plan, space=Space({**plan.space.dimensions, "rows": OneOf((1.0,))}), round_size=2)
    stop = Stop(16, no_progress_rounds=2)
    result = searched(tmp_path, plan=narrow, stop=stop)
    assert result.stopped == "2 rounds brought no better candidate"
    assert result.best is not None
    assert len(result.candidates) == 2 * (result.best.number // 2 + 1 + 2) < 16
    longer = searched(tmp_path, plan=narrow, stop=Stop(16))
    assert len(longer.candidates) > len(result.candidates)
    assert searched(tmp_path, plan=narrow, stop=stop) == result


def test_it_stops_at_the_end_of_a_round_when_its_time_is_over(tmp_path: Path, searched: Callable[..., Result]) -> None:
    times = iter((100.0, 109.0, 110.0))
    result = searched(tmp_path, stop=Stop(99, seconds=10), clock=lambda: next(times))
    assert result.stopped == "10 s were allowed"
    assert len(result.candidates) == 8


def test_it_ends_when_nothing_is_left_to_try(tmp_path: Path, searched: Callable[..., Result], plan: Plan) -> None:
    small = Plan(Space({"items": OneOf(("int8", "int4")), "users": OneOf(("int8",)), "rows": OneOf((0.5, 1.0, 0.9))}))
    result = searched(tmp_path, plan=small, stop=Stop(40))
    assert (len(result.candidates), result.stopped) == (6, "every combination was tried")


def test_a_journal_whose_round_is_not_as_it_would_be_asked_is_refused(
    tmp_path: Path, searched: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(tmp_path, stop=Stop(6))

    def other(*_: Any, **__: Any) -> tuple[dict[str, Any], ...]:
        return ({"items": "int8", "users": "int8", "rows": 0.25},) * 4

    monkeypatch.setattr("edgerec.search.rounds.proposed", other)
    with pytest.raises(SearchError, match=r"trial 4 in .* this search does not ask"):
        searched(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"first": ({"items": "int8"},)},
        {"first": ({"items": "int8", "users": "int8", "rows": 1.0},) * 2},
        {"round_size": 0},
        {"seed": -1},
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: Plan, settings: dict[str, Any]) -> None:
    with pytest.raises(SearchError):
        replace(plan, **settings)


@pytest.mark.parametrize(
    "settings", [{"trials": 0}, {"trials": 1, "seconds": -1}, {"trials": 1, "no_progress_rounds": 0}]
)
def test_a_stop_that_cannot_be_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SearchError, match="expected at least one trial"):
        Stop(**settings)
