"""The fast evaluator on whole models, against both runtimes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from converters.tables.found import LOOKUP, find_tables
from converters.tables.operations import dense, gathered
from converters.tables.queries import QUERIES, queries_of
from device_tests import quality, ranking
from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from device_tests.report import Quality
from edgerec.codecs.codec import encoded
from edgerec.codecs.naming import decode
from edgerec.compress.coding import file_with
from edgerec.criteria.statistics import Statistics
from edgerec.floors import Floors
from edgerec.models.roles import CATALOGUE, POINTWISE, Roles
from edgerec.packing import Catalogue
from edgerec.search.fast_model import FastModel, fast_model
from edgerec.search.problem import Problem, SearchedTable

FIXTURES = Path(__file__).parents[2] / "fixtures"
OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
USERS, K = 60, 5


def problem_of(name: str, runtime: str, precision: str = "dynamic_int8") -> Problem:
    model = (FIXTURES / f"converted_{name}_float32.tflite").read_bytes()
    tables = find_tables(model)
    looked_up = next(table for table in tables if LOOKUP in table.uses)
    items = next(len(table.values) for table in tables if LOOKUP not in table.uses)
    random = np.random.default_rng(0)
    evaluation = EvaluationSet(
        {"history": random.integers(len(looked_up.values), size=(USERS, 5)).astype(np.int32)},
        Ragged(np.zeros(USERS + 1, np.int32), np.zeros(0, np.int32)),
        Ragged(np.arange(USERS + 1, dtype=np.int32), random.integers(items, size=USERS).astype(np.int32)),
        np.ones(items, np.int32),
    )
    return Problem(
        model=model,
        roles=Roles(name, CATALOGUE, (Input("history", "history", 5, items + 1, items),), items),
        tables=tuple(SearchedTable(table.name, table.tensors[0], Statistics()) for table in tables),
        precision=precision,
        runtime=runtime,
        evaluation=evaluation,
        catalogue=Catalogue(tuple(map(str, range(items)))),
        float32=Quality(K, items, USERS, (), (), (), 0.0, {}, 0, ()),
        floors=Floors(()),
        k=K,
        seed=0,
    )


def fast_of(problem: Problem) -> FastModel:
    fast = fast_model(problem)
    assert fast is not None
    return fast


@dataclass(frozen=True)
class Answered:
    """Scores that a runtime gave, as the harness takes them."""

    scores: np.ndarray
    batch: int = USERS

    def score_catalogue(self, inputs: object, rows: np.ndarray) -> np.ndarray:
        del inputs
        return self.scores[rows].copy()


@pytest.mark.parametrize("name", ["gru", "attention"])
@pytest.mark.parametrize("runtime", [OLD, NEW], ids=["old", "new"])
def test_it_ranks_as_the_runtime_does_whatever_the_tables_are_stored_in(
    runtime: str, name: str, on_device: Callable[..., Any]
) -> None:
    pairs = [("rows8", "rows4"), ("rows4", None), (None, "pq4x16"), (None, None), ("aq2x16", "top50-rows8-rows4")]
    cases, found = [], []
    for precision in ("dynamic_int8", "float32"):
        problem = problem_of(name, runtime, precision)
        fast = fast_of(problem)
        values = {table.tensors[0]: table.values for table in find_tables(problem.model)}
        for pair in pairs:
            coded = {
                table.tensor: encoded(
                    codec, values[table.tensor], Statistics(popularity=np.arange(len(values[table.tensor]))), seed=0
                )
                for table, choice in zip(problem.tables, pair, strict=True)
                if choice is not None and (codec := decode(choice)) is not None
            }
            found.append((pair, fast.measured(coded.get(fast.scored), fast.queries(coded))))
            cases.append((file_with(problem.model, coded, precision), dict(problem.evaluation.inputs)))
    for (pair, (measured, lists)), answer in zip(found, on_device(runtime, cases), strict=True):
        (scores,) = answer.values()
        device, expected = quality.measure(Answered(scores), problem.evaluation, K)
        assert ranking.overlap(lists, expected).mean() >= 0.98, pair
        assert measured.metric("recall", K) == pytest.approx(device.metric("recall", K), abs=0.02), pair


def test_a_bias_and_dense_weights_count_as_they_are_stored(on_device: Callable[..., Any]) -> None:
    random = np.random.default_rng(1)
    users, items, columns = 60, 300, 64
    writer = GraphWriter()
    ids = writer.input("user", (-1,), "INT32")
    rows = gathered(writer, writer.constant(random.normal(size=(users, columns)).astype(np.float32)), ids)
    options: dict[str, Any] = {
        "asymmetric_quantize_inputs": 1
    }  # means nothing here, and makes the operators have options at all
    deep = dense(writer, rows, writer.constant(random.normal(size=(32, columns)).astype(np.float32)), **options)
    table = writer.constant(random.normal(size=(items, 32)).astype(np.float32))
    bias = writer.constant(np.linspace(-60, 60, items, dtype=np.float32))
    writer.output("scores", writer.apply("FULLY_CONNECTED", [deep, table, bias], (-1, items), **options))
    evaluation = EvaluationSet(
        {"user": np.arange(users, dtype=np.int32)},
        Ragged(np.zeros(users + 1, np.int32), np.zeros(0, np.int32)),
        Ragged(np.arange(users + 1, dtype=np.int32), random.integers(items, size=users).astype(np.int32)),
        np.ones(items, np.int32),
    )
    problem = replace(
        problem_of("gru", NEW),
        model=writer.pack(),
        roles=Roles("deep", CATALOGUE, (Input("user", "user", 0, users, None),), items),
        evaluation=evaluation,
    )
    fast = fast_of(problem)
    _, lists = fast.measured(None, fast.queries({}))
    (answer,) = on_device(NEW, [(file_with(problem.model, {}, "dynamic_int8"), dict(evaluation.inputs))])
    _, expected = quality.measure(Answered(answer["scores"]), evaluation, K)
    assert ranking.overlap(lists, expected).mean() >= 0.995


def test_queries_follow_the_tables_that_are_looked_up_alone() -> None:
    problem = problem_of("gru", OLD)
    fast = fast_of(problem)
    (read,) = fast.looked_up
    assert read != fast.scored
    zeros = encoded(decode("rows8"), np.zeros((problem.roles.items + 1, 16), np.float32), Statistics(), seed=0)  # type: ignore[arg-type]
    plain = fast.queries({})
    assert plain.shape == (USERS, fast.plain(fast.scored).columns)
    assert not np.array_equal(plain, fast.queries({read: replace(zeros)})), "another table, other queries"  # type: ignore[type-var]
    assert np.array_equal(plain, fast.queries({fast.scored: zeros})), "the scores' own table changes none"


def test_what_is_no_product_with_one_table_is_left_to_the_runtime() -> None:
    problem = problem_of("gru", OLD)
    assert fast_model(replace(problem, roles=replace(problem.roles, kind=POINTWISE))) is None
    assert queries_of((FIXTURES / "history_full_int8.tflite").read_bytes()) is None


def test_the_part_before_the_scores_is_all_that_is_left() -> None:
    problem = problem_of("gru", OLD)
    queries = queries_of(problem.model)
    assert queries is not None
    assert QUERIES.encode() in queries.model
    (scored,) = (table for table in find_tables(problem.model) if queries.table in table.tensors)
    assert len(queries.model) < len(problem.model) - scored.values.nbytes
