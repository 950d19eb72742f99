"""What the tests of the search share: a problem whose workers are real processes, and a search of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgerec.progress import Progress, silent
from edgerec.search.pool import Pool
from edgerec.search.result import Result
from edgerec.search.rounds import Plan, Stop, search
from edgerec.search.space import Numbers, OneOf, Space
from edgerec.search.trial import SizeLimits
from edgerec.search.worker_process import Factory

HERE = Path(__file__).parent
CODECS = ("int8", "int4", "int2", "codes")
SPACE = Space({"items": OneOf(CODECS), "users": OneOf(CODECS), "rows": Numbers(0.1, 1.0)})
FIRST = ({"items": "int8", "users": "int8", "rows": 1.0}, {"items": "int4", "users": "int4", "rows": 1.0})
TEN = Stop(10)
PLAN = Plan(SPACE, SizeLimits(disk_bytes=9000), FIRST, round_size=4, seed=3)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers, and this process, import the synthetic problem."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])))


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Codecs of two tables and a share of rows, in rounds of four."""
    return PLAN


@pytest.fixture
def searched(plan: Plan) -> Callable[..., Result]:
    """Return a function that searches in a folder with real workers."""

    def run(
        folder: Path,
        *,
        workers: int = 1,
        stop: Stop = TEN,
        plan: Plan = plan,
        make: str = "pure",
        context: dict[str, Any] | None = None,
        progress: Progress = silent,
        **settings: Any,
    ) -> Result:
        with Pool(Factory(f"synthetic_problem:{make}", context or {}), workers) as pool:
            return search(plan, pool, folder, stop, progress=progress, **settings)

    return run
