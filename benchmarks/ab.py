"""How often two models timed in turns are told apart when they are the same, and when one is 10 % slower.

    python benchmarks/ab.py --trials 100

Two bundles of factors in 64 columns, the second with 10 % more items, of which every call scores all; the median ratio
at the end says how much slower that was. A trial is what `edgerec bench NEW --against OLD` runs, on this machine and
without its command line, and one line: what was asked, what was told, the ratio and its interval; then how often each
was told.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from device_tests import bundle
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from edgerec.factor_bundle import float_members
from edgerec.interleaving import PROCESSES, Interleaved, interleave
from edgerec.models.factors import Factors
from edgerec.packing import Catalogue
from edgerec.progress import silent
from edgerec.targets import environment
from edgerec.targets.job import Job
from edgerec.targets.local import Local
from edgerec.targets.turns import opened_in_turn

ITEMS = 4000
MORE = 1.1
COLUMNS = 64
USERS = 100
K = 10
CALLS = 1000
"""Calls are of about 16 us: of few, all may fall into the milliseconds in which something else ran."""


def write_factors(path: Path, items: int) -> Path:
    """Write a bundle of random factors for the same users, whatever the number of items."""
    random = np.random.default_rng(0)
    users = random.normal(size=(USERS, COLUMNS)).astype(np.float32)
    rows = random.normal(size=(items, COLUMNS)).astype(np.float32)
    nothing = Ragged.from_lists([np.zeros(0, np.int32)] * USERS)
    evaluation = EvaluationSet({}, nothing, nothing, np.ones(items, np.int32))
    catalogue = Catalogue(tuple(str(item) for item in range(items)))
    members = float_members(Factors(users, rows), evaluation, catalogue, K, runtime=str(environment.DEFAULT))
    bundle.write(path, members)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100, help="of each: against itself, and against a slower one")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="fresh processes a side")
    parser.add_argument("--calls", type=int, default=CALLS, help="warm calls a process")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        same = write_factors(Path(folder) / "same.edgerec", ITEMS)
        slower = write_factors(Path(folder) / "slower.edgerec", round(MORE * ITEMS))
        told = {"A/A": Counter[str](), "10 % slower": Counter[str]()}
        ratios: dict[str, list[float]] = {what: [] for what in told}
        began = time.monotonic()
        for trial in range(asked.trials):
            for what, new in (("A/A", same), ("10 % slower", slower)):
                found = _timed(same, new, asked.processes, asked.calls)
                told[what][found.outcome] += 1
                if (ratio := found.ratio) is not None:
                    ratios[what].append(ratio.estimate)
                    figures = f"{ratio.estimate:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"
                    print(f"{trial + 1:3} {what:11} {found.outcome:12} {figures}", flush=True)
    for what, outcomes in told.items():
        middle = float(np.median(ratios[what]))
        print(f"{what}: median ratio {middle:.3f}; " + ", ".join(f"{name} {n}" for name, n in outcomes.most_common()))
    print(f"{time.monotonic() - began:.0f} s for {asked.trials} trials of each, {asked.processes} processes a side")


def _timed(old: Path, new: Path, processes: int, calls: int) -> Interleaved:
    jobs = [Job(path, environment.DEFAULT, calls=calls, only=("latency",)) for path in (old, new)]
    with opened_in_turn(Local(), environment.DEFAULT, progress=silent) as device:
        return interleave(device, *jobs, processes=processes, progress=silent)


if __name__ == "__main__":
    main()
