"""Tries changed .tflite files, bundles, reports and configurations on all that reads them: python scripts/fuzz.py -h.

Each finding becomes a file in a folder, with what was raised beside it. `--atheris` lets libFuzzer choose the inputs by
what they reach (pip install atheris, Python up to 3.13), with the same changes as its mutations.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ORDER = (*["tflite", "toml"] * 7, "toml", "toml", "toml", "bundle", "report", "report")
TOLD_EVERY = 10_000
MOST_BYTES = 3 << 30


def main() -> int:
    """Fuzz as the arguments say; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many in all")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to go on with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--surface", choices=sorted(set(ORDER)), help="one kind only")
    parser.add_argument("--keep", type=Path, default=Path("findings"), help="the folder for findings")
    parser.add_argument("--atheris", action="store_true", help="let libFuzzer choose")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    if asked.atheris:
        return guided(asked.surface or "tflite", asked.seed, asked.inputs, asked.keep)
    from hostile.campaign import campaign
    from hostile.readers import Readers

    order = (asked.surface,) if asked.surface else ORDER
    tried: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    kinds: Counter[tuple[str, str, str]] = Counter()
    began = time.monotonic()
    numbers = range(asked.first, asked.first + asked.inputs)
    for one in campaign(Readers().surfaces, order, asked.seed, numbers):
        tried[one.surface] += 1
        taken[one.surface] += one.taken
        if one.finding is not None:
            kind = one.finding.kind
            kinds[kind] += 1
            if kinds[kind] <= 3:  # more of the same say nothing new
                keep(one.finding, asked.keep)
                print(f"FOUND {kind}: {one.finding.error}", flush=True)
        if sum(tried.values()) % TOLD_EVERY == 0:
            told = {"inputs": dict(tried), "taken": dict(taken), "findings": sum(kinds.values())}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(json.dumps({**told, "seconds": round(time.monotonic() - began), "peak_mib": peak}), flush=True)
    for kind, count in kinds.most_common():
        print(f"{count:7} {' | '.join(kind)}")
    print(f"{sum(tried.values()):,} inputs in {time.monotonic() - began:.0f} s, {len(kinds)} kinds of findings")
    return 1 if kinds else 0


def keep(finding: "Finding", folder: Path) -> None:  # noqa: F821 - imported only when it is known how
    """Write an input and what it made a reader raise."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.surface}-{finding.name}"
    path.write_bytes(finding.data)
    path.with_suffix(".txt").write_text(finding.trace, encoding="utf-8", errors="backslashreplace")


def guided(name: str, seed: int, inputs: int, folder: Path) -> int:
    """Hand one surface to libFuzzer; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["converters", "device_tests", "edgerec", "tomllib", "json"]):
        from hostile import limits
        from hostile.readers import Readers
    surface = Readers().surfaces[name]

    def one(data: bytes) -> None:
        with limits.timed():
            surface.read(data)

    def change(data: bytes, most: int, drawn: int) -> bytes:
        return surface.change(data or surface.seeds[0], Random(drawn))[:most]

    corpus = folder / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(dict.fromkeys(surface.seeds)):
        (corpus / f"seed-{number}").write_bytes(data)
    options = [f"-runs={inputs}", f"-seed={seed + 1}", "-max_len=40000", f"-artifact_prefix={folder}{os.sep}"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=change)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
