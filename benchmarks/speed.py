"""How long the light commands and the harness take, on the bundles of a demo folder.

    python benchmarks/speed.py demo

Whole processes, median of 11 after 2 warm-ups: `edgerec --help`, `check` and `inspect`. Then, for every bundle in each
runtime: full ranking of all test users on one thread, and what the harness itself adds to a call.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from edgerec.targets import environment, local
from edgerec.targets.job import Job

RUNS = 11
WARM_UPS = 2
RUNTIMES = tuple(environment.parse(text) for text in ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"))


def seconds(command: list[str], folder: Path) -> float:
    taken = []
    for _ in range(RUNS + WARM_UPS):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[WARM_UPS:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what `edgerec demo` wrote")
    folder = parser.parse_args().folder.resolve()
    bundles = sorted(folder.glob("*.edgerec"))
    edgerec = str(Path(sys.executable).with_name("edgerec"))
    print("| whole process | median s |")
    print("|---|---|")
    for command in (["--help"], ["check"], ["inspect", bundles[0].name]):
        print(f"| edgerec {' '.join(command)} | {seconds([edgerec, *command], folder):.3f} |", flush=True)
    print("\n| bundle | runtime | full ranking s | harness adds to a call ns | clock ns |")
    print("|---|---|---|---|---|")
    for path in bundles:
        for runtime in RUNTIMES:
            start = time.perf_counter()
            report = local.run(Job(path, runtime, only=("quality",))).report
            taken = time.perf_counter() - start
            latency = local.run(Job(path, runtime, only=("latency",))).report.latency
            users = report.quality.users if report.quality else 0
            adds = (latency.overhead_ns, latency.clock_ns) if latency else ("-", "-")
            print(f"| {path.stem} | {runtime} | {taken:.1f} ({users} users) | {adds[0]} | {adds[1]} |", flush=True)


if __name__ == "__main__":
    main()
