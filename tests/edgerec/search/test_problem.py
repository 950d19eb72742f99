from pathlib import Path

import numpy as np
import pytest

from converters.tables.found import find_tables
from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from device_tests.report import Quality
from edgerec.criteria.statistics import Statistics, Taken
from edgerec.floors import DEFAULT, Floors
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue
from edgerec.search.errors import SearchError
from edgerec.search.problem import Problem, SearchedTable, Structure, digest, load, save

FIXTURE = Path(__file__).parents[2] / "fixtures" / "converted_gru_float32.tflite"


@pytest.fixture
def problem() -> Problem:
    model = FIXTURE.read_bytes()
    tables = find_tables(model)
    rows, items, users = len(tables[0].values), min(len(table.values) for table in tables), 6
    random = np.random.default_rng(0)
    history = random.integers(items, size=(users, 5)).astype(np.int32)
    offsets = np.arange(users + 1, dtype=np.int32)
    evaluation = EvaluationSet(
        {"history": history},
        Ragged(np.zeros(users + 1, np.int32), np.zeros(0, np.int32)),
        Ragged(offsets, random.integers(items, size=users).astype(np.int32)),
        np.ones(items, np.int32),
    )
    known = [
        Statistics(popularity=np.arange(rows), taken=Taken(np.arange(4), np.arange(4))),
        Statistics(second_moment=np.eye(tables[0].values.shape[1])),
    ]
    return Problem(
        model=model,
        roles=Roles("gru", "catalogue", (Input("history", "history", 5, items + 1, items),), items),
        # The names do not sort as they come.
        tables=(SearchedTable("z", tables[0].tensors[0], known[0]), SearchedTable("a", 7, known[1])),
        precision="dynamic_int8",
        runtime="tflite-runtime==2.14.0",
        evaluation=evaluation,
        catalogue=Catalogue(tuple(map(str, range(items)))),
        float32=Quality(3, items, users, tuple(offsets.tolist()), (1,) * users, (1, 2, 3), 4.0, {}, 0, ()),
        floors=Floors(DEFAULT[:2], strict=True),
        k=3,
        seed=5,
        narrowed=(Structure("narrow25", b"a smaller model", (SearchedTable("z", 4, known[1]),)),),
    )


def test_a_problem_is_read_as_it_was_written(problem: Problem, tmp_path: Path) -> None:
    save(problem, tmp_path)
    again = load(tmp_path)
    for name in ("model", "roles", "precision", "runtime", "catalogue", "float32", "floors", "k", "seed"):
        assert getattr(again, name) == getattr(problem, name), name
    assert [(one.name, one.tensor) for one in again.tables] == [(one.name, one.tensor) for one in problem.tables]
    (narrowed,) = again.narrowed
    assert (narrowed.name, narrowed.model) == ("narrow25", b"a smaller model")
    tables = (*zip(again.tables, problem.tables, strict=True), (narrowed.tables[0], problem.narrowed[0].tables[0]))
    for one, other in tables:
        for field, value in vars(other.statistics).items():
            kept = getattr(one.statistics, field)
            if isinstance(value, Taken):
                assert np.array_equal(kept.rows, value.rows)
                assert np.array_equal(kept.partners, value.partners)
            else:
                assert (kept is None) == (value is None)
                assert value is None or np.array_equal(kept, value)
    assert np.array_equal(again.evaluation.inputs["history"], problem.evaluation.inputs["history"])


def test_the_digest_is_of_all_that_a_problem_is(problem: Problem, tmp_path: Path) -> None:
    from dataclasses import replace

    first = save(problem, tmp_path / "one")
    assert first == save(problem, tmp_path / "two") == digest(tmp_path / "one")
    assert first != save(replace(problem, seed=6), tmp_path / "three")
    assert digest(tmp_path / "none") == ""


def test_a_folder_that_is_no_problem_is_refused(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="holds no problem to search"):
        load(tmp_path)
    save(problem, tmp_path)
    (tmp_path / "narrow25.tflite").write_bytes(b"another model")
    with pytest.raises(SearchError, match=r"narrow25.tflite is not what was written there"):
        load(tmp_path)
    (tmp_path / "narrow25.tflite").unlink()
    with pytest.raises(SearchError, match=r"narrow25.tflite is missing"):
        load(tmp_path)
    (tmp_path / "statistics.npz").write_bytes(b"other")
    with pytest.raises(SearchError, match="is not what was written there"):
        load(tmp_path)
