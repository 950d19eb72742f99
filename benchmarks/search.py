"""How fast the search is: 20 candidates to a proved winner, beside a plain loop of converter and interpreter.

    python benchmarks/search.py [--models mf,gru] [--trials 20] [--workers 2]

The model is trained before the clock starts. Both see the same candidates (how each table is stored), judge them by the
same half of the test users in tflite-runtime 2.14.0, and code the tables with the same codecs. The plain loop gives the
Keras model the decoded tables, converts it anew in a converter that is warm, and runs the interpreter; the search
writes the tables into the file that was converted once, in worker processes, and its time holds a sensitivity pass, the
winner built by its recipe, replayed, measured and proved on the other users too.

A further candidate of 262,144 x 64: int4 rows coded, written, and 500 users judged by the evaluator that works on the
codes.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from recipes import judged, task_of

from converters.spec import DYNAMIC_INT8, ConversionSpec
from converters.tables.scorer import scorer_file
from device_tests.evaluation import EvaluationSet, Ragged
from edgerec import searching
from edgerec.build import Task
from edgerec.codecs.codec import Codec, encoded
from edgerec.codecs.integers import Integers
from edgerec.codecs.naming import decode
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.masks import table_of
from edgerec.criteria.statistics import Statistics
from edgerec.data import movietweetings
from edgerec.gate.budget import budget_of_flags
from edgerec.models.serving import serving
from edgerec.search import table_trials
from edgerec.search.errors import SearchError
from edgerec.search.evaluator import evaluated
from edgerec.search.problem import Problem, members
from edgerec.search.setting import SearchSetting
from edgerec.search.space import Choices
from edgerec.searching import Asked, Searched
from edgerec.targets import environment

ROWS, COLUMNS, USERS, K = 262_144, 64, 500, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="mf,gru")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    interactions = movietweetings.load()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, {asked.trials} candidates\n")
    print("| model | search to a proved winner | plain loop | times faster | winner | kept (test) |")
    print("|---|---|---|---|---|---|")
    for name in asked.models.split(","):
        task = task_of(name, judged(interactions)[name])
        _ = task.base.recommender
        environment.python_for(environment.parse(task.setting.runtime))
        print(row(name, task, asked.trials, asked.workers), flush=True)
    print(f"\nA further candidate of {ROWS} x {COLUMNS}, {USERS} users: {further():.2f} s")


def row(name: str, task: Task, trials: int, workers: int) -> str:
    search = Asked(task, find("int8"), budget_of_flags([("recall_kept", "95 %")]), SearchSetting(trials, 10))
    with tempfile.TemporaryDirectory() as home, Converter() as converter:
        os.environ["EDGEREC_HOME"], before = home, os.environ.get("EDGEREC_HOME", "")
        (Path(home) / "environments").symlink_to(Path(before) / "environments")
        try:
            started = time.monotonic()
            problem = searching.prepare(search, converter)
            found = searching.run(search, problem, Path(home) / "winner.edgerec", converter, workers=workers)
            searched = time.monotonic() - started
            started = time.monotonic()
            plain_loop(task, problem, [each.choices for each in found.result.candidates], converter)
            plain = time.monotonic() - started
        finally:
            os.environ["EDGEREC_HOME"] = before
    return f"| {name} | {searched:.1f} s | {plain:.1f} s | {plain / searched:.1f}x | {told(found)} |"


def told(found: Searched) -> str:
    winner = found.winner
    if winner is None or winner.unseen is None:
        return "none | "
    choices = ", ".join(f"{table} {choice}" for table, choice in winner.candidate.choices.items())
    kept = winner.unseen.each[0].estimate
    return f"{winner.candidate.outcome.download_bytes:,} bytes: {choices} | {kept:.1%}" if kept else choices


def plain_loop(task: Task, problem: Problem, candidates: list[Choices], converter: Converter) -> None:
    """Code, decode, convert, run: what whoever has a converter and an interpreter would do."""
    runtime = environment.parse(task.setting.runtime)
    for number, choices in enumerate(candidates):
        recommender = serving(task.base.recommender).clone()
        for table in problem.tables:
            codec, layer = spelled(str(choices[table.name])), recommender.model.get_layer(table.name)
            kernel, *rest = layer.get_weights()
            values = table_of(recommender, table.name, kernel)
            decoded = encoded(codec, values, table.statistics, seed=problem.seed).decode()
            layer.set_weights([table_of(recommender, table.name, decoded), *rest])
        model = converter.convert(recommender, ConversionSpec(DYNAMIC_INT8, task.setting.runtime))
        made = members(problem, model, f"plain {number}", DYNAMIC_INT8)
        table_trials.draft.ask(made, runtime, ("quality",))


def spelled(name: str) -> Codec:
    codec = decode(name)
    if codec is None:
        raise SearchError(f"{name} spells no codec")
    return codec


def further() -> float:
    """Seconds for one more candidate of a large catalogue."""
    random = np.random.default_rng(0)
    table = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    vectors = random.normal(size=(USERS, COLUMNS)).astype(np.float32)
    offsets = np.arange(USERS + 1, dtype=np.int32)
    evaluation = EvaluationSet(
        {},
        Ragged(np.zeros(USERS + 1, np.int32), np.zeros(0, np.int32)),
        Ragged(offsets, random.integers(ROWS, size=USERS).astype(np.int32)),
        np.ones(ROWS, np.int32),
    )
    codec = Integers(4, step=0.1)
    started = time.monotonic()
    coded = encoded(codec, table, Statistics(), seed=0)
    scorer_file(coded)
    evaluated(coded, vectors, evaluation, K)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
