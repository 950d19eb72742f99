"""Valid inputs of every kind, small, that the fuzzer begins with."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from device_tests import bundle, record, report
from device_tests.conditions import Conditions, Moment
from device_tests.counts import Count, Counts
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from device_tests.manifest import Input, Manifest
from device_tests.measurement import Faults, Latency, Memory, Second, Start, Storage, Sustained
from device_tests.metrics import coverage_depth
from device_tests.popularity import halves
from device_tests.ragged import Ragged
from device_tests.report import Board, DeviceReport, GoldenResult, Quality

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
ITEMS, LENGTH, K, NEGATIVES = 30, 5, 5, 2

TOMLS = (
    b"""[model]
path = "gru.h5"
items = "items.txt"
kind = "catalogue"
k = 10
inputs = { history = { role = "history", padding_id = 0 }, user = "user" }

[data]
path = "ratings.csv"
holdout = "last_n(1)"
candidates = 99
new = ["week1.csv", 'week2.csv']

[recipe]
name = "prune80_int8"
""",
    b"""# a comment with [brackets]
[search]
trials = 40
seed = 0

[target]
runtime = "tflite-runtime==2.14.0"
threads = 1

[target.pi]
address = "ssh://pi@192.0.2.7"

[budget]
app_bytes = "420 KiB"
download_bytes = 100_000
oldest_runtime = "2.14.0"
flex = false
p50 = "2 ms"
recall_at_10 = 0.21
recall_kept_at_20 = "98 %"
floors = "default"
""",
    b"""[[bundle]]
path = "demo/gru.edgerec"
reports = [
  "demo/gru.report.json",  # one
]
budget = { app_bytes = "400 KiB", user_table = true }

[[bundle]]
path = '''one
two'''
budget.p95 = "3 ms"

[budget]
instructions = "1.05 M"
"top_k_overlap" = 0.9
""",
)


def tflites() -> tuple[bytes, ...]:
    """Give the .tflite fixtures, small ones first."""
    return tuple(sorted((path.read_bytes() for path in FIXTURES.glob("*.tflite")), key=len))


def evaluation_set() -> EvaluationSet:
    """Give four users, one of whom nothing is held out of, and two negatives for each held-out item."""
    seen = Ragged.from_lists([np.array(row, np.int32) for row in ([0, 1, 2], [3], [4, 5, 6, 7], [8, 9])])
    relevant = Ragged.from_lists([np.array(row, np.int32) for row in ([10], [16, 17], [18], [])])
    popularity = np.arange(ITEMS, dtype=np.int32)[::-1].copy()
    half = halves(popularity)
    others = np.setdiff1d(np.arange(ITEMS), [*seen.values, *relevant.values])
    free = [others[half[others] == half[held]][:NEGATIVES] for held in relevant.values]
    history = np.full((len(seen), LENGTH), ITEMS, np.int32)
    return EvaluationSet({"history": history}, seen, relevant, popularity, np.array(free, np.int32))


def members() -> dict[str, bytes]:
    """Give the members of a whole bundle, all kinds of proof among them."""
    evaluation = evaluation_set()
    model = (FIXTURES / "history_float32.tflite").read_bytes()
    held_out, users = len(evaluation.relevant.values), evaluation.users
    ranks = np.arange(2, 2 + held_out, dtype=np.int32)
    recommended = np.arange(5, 5 + coverage_depth(K, ITEMS), dtype=np.int32)
    top = np.tile(np.arange(20, 20 + K, dtype=np.int32), (users, 1))
    golden = Golden(np.arange(users, dtype=np.int32), top, np.zeros((2, ITEMS), np.float32))
    found = {
        bundle.MODEL: model,
        bundle.ITEMS: bundle.join_lines(tuple(f"item {item}" for item in range(ITEMS))),
        bundle.TITLES: bundle.join_lines(tuple(f"Film {item}" for item in range(ITEMS))),
        **evaluation.to_members(),
        **golden.to_members(),
        **Baseline(ranks, np.minimum(ranks, 1 + NEGATIVES), recommended).to_members(),
    }
    lineage = {"model_sha256": hashlib.sha256(model).hexdigest(), "steps": [{"step": "convert", "seconds": 1.5}]}
    found[bundle.LINEAGE] = record.dumps(lineage).encode()
    return signed(found, manifest())


def manifest() -> Manifest:
    """Give a manifest whose digests are still missing."""
    inputs = (Input("history", "history", LENGTH, ITEMS + 1, ITEMS),)
    return Manifest(
        1, "tiny", "float32", "catalogue", "serving_default", inputs, "scores", ITEMS, K, "float32",
        "tflite-runtime==2.14.0", "2.3.0", 0.0001, 0.99, {},
    )  # fmt: skip


def signed(parts: dict[str, bytes], words: Manifest) -> dict[str, bytes]:
    """Give the members with a manifest of their digests."""
    return {**parts, bundle.MANIFEST: record.dumps(replace(words, digests=bundle.digests(parts))).encode()}


def device_report(measured: bundle.Bundle) -> DeviceReport:
    """Give a whole report of a bundle."""
    board = Board(
        "aarch64", "Linux", "6.1", "Cortex-A72", 4, 4 << 30, "3.11.2", "1.26.4", "tflite-runtime", "2.14.0", 1
    )
    golden = GoldenResult(4, 2, 0.00001, 0.0001, 1.0, True, 0.995, 0.99, 1.0, True, "")
    halved = {"popular_half": (), "unpopular_half": ()}
    half = halves(evaluation_set().popularity)
    for index, item in enumerate(evaluation_set().relevant.values):
        halved["popular_half" if half[item] == 0 else "unpopular_half"] += (index,)
    quality = Quality(
        K, ITEMS, 4, (0, 1, 3, 4, 4), (2, 3, 4, 5), tuple(range(5, 5 + coverage_depth(K, ITEMS))), 28.5,
        {"head": (0, 3), "tail": (1, 2), **halved}, NEGATIVES, (2, 3, 3, 3),
    )  # fmt: skip
    starts = (Start(400_000, 90_000, Faults(120, 0), Faults(4, 0)), Start(500_000, 80_000, None, None))
    warm = tuple(range(1000, 41_000, 1000))
    latency = Latency(starts, warm, warm, Faults(0, 0), 300, 100, 50, 1, 1, "eval set")
    before = Moment("before", 0, "performance", 1_500_000, 48.5, False, 0, 0.1, 3 << 30)
    after = replace(before, phase="after", at_ns=9_000_000_000, temperature_c=51.5)
    return DeviceReport(
        report.VERSION, "measured", measured.sha256, hashlib.sha256(measured.model).hexdigest(), board, golden, quality,
        latency, Memory(200_000, 300_000, 50_000, None, 40_000_000, 100), ("the machine was not quiet",),
        (replace(latency, threads=2),), Sustained((Second(0, 3, (5, 7)), Second(10**9, 2, (4, 4)))),
        Storage(3256, 900, 80), Conditions((before, after), "off"),
    )  # fmt: skip


def reports(measured: bundle.Bundle) -> tuple[bytes, ...]:
    """Give the texts of a measured and of an emulated report."""
    whole = device_report(measured)
    counts = Counts(
        Count(900, 9, 8), Count(500, 5, 4), (Count(70, 7, 6),), (Count(30, 3, 2),), Count(20, 2, 1), "eval set"
    )
    counted = replace(
        whole, provenance="emulated", counts=counts, latency=None, more_threads=(), sustained=None, conditions=None
    )
    return report.dumps(whole).encode(), report.dumps(counted).encode()
