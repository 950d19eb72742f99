"""How fast the search is: 20 candidates to a proved winner, beside a plain loop of converter and interpreter.

    python benchmarks/search.py [--models mf,gru] [--trials 20] [--workers 2]

The model is trained, and the converter warm, before either clock starts; each begins with an empty cache. Both measure
float32 on the same half of the test users, try the same candidates (columns left out, how each table is stored) with
the same codecs, judge them by those users in full rankings, and end with the same proof of the same winner: built by
its recipe, replayed, measured, and judged on the users that chose nothing and on all. The plain loop takes columns away
once, and then for each candidate codes the tables, gives the Keras model what they decode to, converts it anew and runs
the interpreter of tflite-runtime 2.14.0 on batches of 256 users. The search writes coded tables into files that were
converted once, scores them in NumPy in worker processes, and tries each table alone too.

A further candidate of 262,144 x 64: int4 rows coded, written, and 500 users judged by the evaluator that works on the
codes.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from recipes import judged, task_of

from converters.spec import DYNAMIC_INT8, FLOAT32, ConversionSpec
from converters.tables.scorer import scorer_file
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from edgerec import draft, searching
from edgerec.build import Task
from edgerec.choosing import float32_quality, halves_of
from edgerec.codecs.codec import Codec, encoded
from edgerec.codecs.integers import Integers
from edgerec.codecs.naming import decode
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.masks import table_of
from edgerec.compress.pipeline import stages
from edgerec.criteria.statistics import Statistics
from edgerec.data import movietweetings
from edgerec.finalists import proved
from edgerec.gate.budget import budget_of_flags
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.search.asked import Asked
from edgerec.search.errors import SearchError
from edgerec.search.evaluator import evaluated
from edgerec.search.problem import Problem, members
from edgerec.search.result import Candidate
from edgerec.search.setting import SearchSetting
from edgerec.search.space import Choices
from edgerec.search.table_choices import ALL_COLUMNS, COLUMNS, recipe_of, told
from edgerec.searching import Searched
from edgerec.targets import environment

LARGE, USERS, K = (262_144, 64), 500, 20


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
    print(f"\nA further candidate of {LARGE[0]} x {LARGE[1]}, {USERS} users: {further():.2f} s")


def row(name: str, task: Task, trials: int, workers: int) -> str:
    asked = Asked(task, find("int8"), budget_of_flags([("recall_kept", "95 %")]), SearchSetting(trials, 10))
    with Converter() as converter:
        converter.convert(task.base.recommender, ConversionSpec(FLOAT32, task.setting.runtime))
        with empty_home() as home:
            started = time.monotonic()
            problem = searching.prepare(asked, converter)
            found = searching.run(asked, problem, home / "winner.edgerec", converter, workers=workers)
            searched = time.monotonic() - started
        winner = found.winner
        if winner is None:
            return f"| {name} | {searched:.1f} s | | | none | |"
        with empty_home() as home:
            started = time.monotonic()
            plain_loop(asked, problem, found.result.candidates, converter)
            looped = time.monotonic() - started
            proved(asked, problem, [winner.candidate], home / "winner.edgerec", converter)
            plain = time.monotonic() - started
    return (
        f"| {name} | {searched:.1f} s | {plain:.1f} s, {looped:.1f} s without the proof | {plain / searched:.1f}x "
        f"| {kept(found)} |"
    )


@contextmanager
def empty_home() -> Iterator[Path]:
    """A home of edgerec's with the runtimes and nothing else, in force while the block runs."""
    before = os.environ.get("EDGEREC_HOME", "")
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "environments").symlink_to(Path(before) / "environments")
        os.environ["EDGEREC_HOME"] = made
        try:
            yield Path(made)
        finally:
            os.environ["EDGEREC_HOME"] = before


def kept(found: Searched) -> str:
    winner = found.winner
    if winner is None or winner.proof.unseen is None:
        return "none | "
    share = winner.proof.unseen.each[0].estimate
    size = f"{winner.candidate.outcome.download_bytes:,} bytes: {told(winner.candidate.choices)}"
    return f"{size} | {share:.1%}" if share else size


def plain_loop(asked: Asked, problem: Problem, candidates: tuple[Candidate, ...], converter: Converter) -> None:
    """Code, decode, convert, run: what whoever has a converter and an interpreter would do."""
    task = asked.task
    float32_quality(task, halves_of(task.evaluation)[0], converter)
    structures = {ALL_COLUMNS: (serving(task.base.recommender), problem.tables)}
    for one in problem.narrowed:
        recipe = recipe_of(asked.recipe, {COLUMNS: one.name}, one.name)
        structures[one.name] = serving(stages(task.base, recipe, task.setting)[-1].recommender), one.tables
    for candidate in candidates:
        choices = candidate.choices
        recommender, tables = structures[str(choices.get(COLUMNS, ALL_COLUMNS))]
        coded = with_tables(recommender, {table.name: table.statistics for table in tables}, choices, problem.seed)
        model = converter.convert(coded, ConversionSpec(DYNAMIC_INT8, task.setting.runtime))
        made = members(problem, model, f"plain {candidate.number}", DYNAMIC_INT8, problem.evaluation)
        draft.ask(made, environment.parse(task.setting.runtime), ("quality",))


def with_tables(recommender: Recommender, tables: dict[str, Statistics], choices: Choices, seed: int) -> Recommender:
    """The model with what its tables decode to in place of them."""
    changed = recommender.clone()
    for name, statistics in tables.items():
        layer = changed.model.get_layer(name)
        kernel, *rest = layer.get_weights()
        values = table_of(changed, name, kernel)
        decoded = encoded(spelled(str(choices[name])), values, statistics, seed=seed).decode()
        layer.set_weights([table_of(changed, name, decoded), *rest])
    return changed


def spelled(name: str) -> Codec:
    codec = decode(name)
    if codec is None:
        raise SearchError(f"{name} spells no codec")
    return codec


def further() -> float:
    """Seconds for one more candidate of a large catalogue."""
    random = np.random.default_rng(0)
    table = random.normal(size=LARGE).astype(np.float32)
    vectors = random.normal(size=(USERS, LARGE[1])).astype(np.float32)
    offsets = np.arange(USERS + 1, dtype=np.int32)
    evaluation = EvaluationSet(
        {},
        Ragged(np.zeros(USERS + 1, np.int32), np.zeros(0, np.int32)),
        Ragged(offsets, random.integers(LARGE[0], size=USERS).astype(np.int32)),
        np.ones(LARGE[0], np.int32),
    )
    codec = Integers(4, step=0.1)
    started = time.monotonic()
    coded = encoded(codec, table, Statistics(), seed=0)
    scorer_file(coded)
    evaluated(coded, vectors, evaluation, K)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
