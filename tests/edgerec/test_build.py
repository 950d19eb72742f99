import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests import bundle
from device_tests.evaluation import Baseline, EvaluationSet, Golden, to_npy
from device_tests.ragged import Ragged
from edgerec import storage
from edgerec.build import Task, build
from edgerec.compress import cache
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, split
from edgerec.packing import Catalogue, PackingError, golden_users
from edgerec.proving import NotProvedError
from edgerec.targets import environment, local
from edgerec.targets.job import Job

ROOT = Path(__file__).parents[2]
RUNTIME = "tflite-runtime==2.14.0"
ITEMS, LENGTH, K = 96, 4, 5


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of these tests, for all processes of the test run, with the suite's environments of the runtimes."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "build"
    made.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEREC_HOME", str(own_home(made)))
        yield made


def own_home(folder: Path) -> Path:
    for part in ("environments", "harness", "capsules", "boards"):
        with suppress(FileExistsError):
            (folder / part).symlink_to(storage.folder(part))
    return folder


@pytest.fixture(scope="module")
def task(keras: Any, home: Path) -> Task:
    """A small GRU of 48 users' histories, judged by their last items."""
    from edgerec.models import reference, training
    from edgerec.models.recommender import Recommender
    from edgerec.models.session import session

    user = np.repeat(np.arange(48), 8)
    item = np.concatenate([(7 * one + 3 * np.arange(8)) % ITEMS for one in range(48)])
    every = Interactions.from_columns(user, item, np.tile(np.arange(8), 48))
    assert every.items == ITEMS
    parts = split(every, last_n(1), seed=0)

    def trained() -> Recommender:
        session().seed(1)
        untrained = reference.gru(ITEMS, length=LENGTH, columns=16, dropout=0.0)
        return training.train(untrained, parts.train, training.Fit(30, learning_rate=0.01, batch=64))

    base = Stage(cache.key("tiny"), trained)
    evaluation = evaluation_set(parts, base.roles.inputs)
    return Task(base, Setting(parts.train, RUNTIME), evaluation, Catalogue(every.item_ids), K)


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as made:
        yield made


@dataclass(frozen=True)
class Parts:
    """What a bundle's proof holds."""

    evaluation: EvaluationSet
    golden: Golden
    baseline: Baseline


def parts_of(made: bundle.Bundle) -> Parts:
    evaluation = EvaluationSet.from_members(made.members, made.manifest)
    assert evaluation is not None
    golden = Golden.from_members(made.members, made.manifest, evaluation.users)
    assert golden is not None
    baseline = Baseline.from_members(made.members, made.manifest, evaluation)
    assert baseline is not None
    return Parts(evaluation, golden, baseline)


def test_a_recipe_becomes_a_whole_bundle_with_its_proof(task: Task, converter: Converter, tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "gru.edgerec"
    built = build(task, find("int8"), out, converter, progress=said.append)
    made = bundle.read(out)
    assert made.sha256 == built.bundle.sha256
    assert made.model == built.candidate.tflite
    assert (made.manifest.recipe, made.manifest.precision, made.manifest.runtime) == ("int8", "dynamic_int8", RUNTIME)
    assert (made.manifest.items, made.manifest.k, made.manifest.kind) == (ITEMS, K, "catalogue")
    proof = parts_of(made)
    assert len(proof.golden.users) == task.evaluation.users
    assert proof.golden.decoded_scores.shape[1] == ITEMS
    assert len(proof.baseline.ranks) == len(task.evaluation.relevant.values)
    lineage = json.loads(made.members[bundle.LINEAGE])
    assert lineage["recipe"] == find("int8").as_json()
    assert lineage["model_sha256"] == built.candidate.sha256
    assert lineage["threads"] == 2
    assert "int8: replay golden outputs in tflite-runtime==2.14.0" in said


def test_a_second_time_nothing_but_the_proof_in_the_runtime_is_done_again(
    task: Task, converter: Converter, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.edgerec", tmp_path / "second.edgerec"
    build(task, find("int8"), first, converter)
    said: list[str] = []
    build(task, find("int8"), second, converter, progress=said.append)
    assert said == ["int8: replay golden outputs in tflite-runtime==2.14.0"]
    assert first.read_bytes() == second.read_bytes()


def test_the_golden_lists_are_keras_own_and_leave_out_what_was_seen(
    task: Task, converter: Converter, tmp_path: Path
) -> None:
    from edgerec.models.serving import catalogue_scores

    made = build(task, find("float32"), tmp_path / "float32.edgerec", converter).bundle
    golden = parts_of(made).golden
    rows = golden.users
    scores = catalogue_scores(
        task.base.recommender, {name: values[rows] for name, values in task.evaluation.inputs.items()}
    )
    seen = task.evaluation.seen.take(rows)
    assert not any(set(golden.float_top[row]) & set(seen.values[seen.rows == row].tolist()) for row in range(len(rows)))
    scores[seen.rows, seen.values] = -np.inf
    best = np.sort(scores, axis=1)[:, ::-1][:, :K]
    assert np.allclose(np.take_along_axis(scores, golden.float_top, axis=1), best)


def test_what_does_not_hold_in_the_runtime_is_not_written(task: Task, converter: Converter, tmp_path: Path) -> None:
    out = tmp_path / "gru.edgerec"
    out.write_bytes(b"the bundle of yesterday")
    other = replace(task, evaluation=turned_round(task.evaluation))
    keep_wrong_lists(other)
    with pytest.raises(
        NotProvedError, match=f"^int8 does not hold in {RUNTIME}, so nothing was written: .*overlap"
    ) as caught:
        build(other, find("int8"), out, converter)
    assert caught.value.exit_code == 1
    assert out.read_bytes() == b"the bundle of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def turned_round(evaluation: EvaluationSet) -> EvaluationSet:
    inputs = {name: values[::-1].copy() for name, values in evaluation.inputs.items()}
    return EvaluationSet(inputs, evaluation.seen, evaluation.relevant, evaluation.popularity)


def keep_wrong_lists(task: Task) -> None:
    """Keep lists for the float model that no model gives: the first items that each user has not seen."""
    rows = golden_users(task.evaluation)
    seen = [set(task.evaluation.seen.take(rows[at : at + 1]).values.tolist()) for at in range(len(rows))]
    lists = [[item for item in range(ITEMS) if item not in taken][:K] for taken in seen]
    cache.write(task.key("float_top", model=task.base.key), {"top.npy": to_npy(np.array(lists, np.int32))})


def test_without_held_out_items_a_bundle_carries_no_ranks(task: Task, converter: Converter, tmp_path: Path) -> None:
    users = task.evaluation.users
    nobody = Ragged.from_lists([np.zeros(0, np.int32)] * users)
    unjudged = EvaluationSet(task.evaluation.inputs, task.evaluation.seen, nobody, task.evaluation.popularity)
    made = build(replace(task, evaluation=unjudged), find("int8"), tmp_path / "gru.edgerec", converter).bundle
    assert not [name for name in made.members if "baseline" in name]


def test_what_does_not_fit_is_refused_before_anything_is_converted(
    task: Task, converter: Converter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgerec.build.compress", lambda *_, **__: pytest.fail("went to work"))
    with pytest.raises(PackingError, match=f"k is {ITEMS + 1}, expected 1 to {ITEMS}"):
        build(replace(task, k=ITEMS + 1), find("int8"), tmp_path / "gru.edgerec", converter)
    with pytest.raises(PackingError, match=f"the vocabulary has 1 items and gru scores {ITEMS}"):
        build(replace(task, catalogue=Catalogue(("one",))), find("int8"), tmp_path / "gru.edgerec", converter)
    elsewhere = replace(task, setting=replace(task.setting, runtime="tflite-runtime==2.13.0"))
    with pytest.raises(environment.RuntimeUnknownError):
        build(elsewhere, find("int8"), tmp_path / "gru.edgerec", converter)
    assert list(tmp_path.iterdir()) == []


def test_the_harness_measures_everything_of_a_bundle(task: Task, converter: Converter, tmp_path: Path) -> None:
    out = tmp_path / "gru.edgerec"
    built = build(task, find("full_int8"), out, converter)
    report = local.run(Job(out, environment.parse(RUNTIME), calls=20)).report
    assert report.bundle_sha256 == built.bundle.sha256
    assert report.golden is not None
    assert report.golden.held
    assert report.quality is not None
    assert report.quality.distinct_scores > 0.9 * ITEMS
    assert report.latency is not None
    assert report.memory is not None


def test_keys_change_with_who_judges_and_how_many(task: Task) -> None:
    others = [task, replace(task, k=K + 1), replace(task, evaluation=turned_round(task.evaluation))]
    assert len({each.key("golden") for each in others}) == 3


MAKE = """
import sys
from pathlib import Path
import numpy as np
from edgerec.build import Task, build
from edgerec.compress import cache
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import Setting
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Cluster, Prune, QuantizeAware
from edgerec.compress.stage import Stage
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, split
from edgerec.models import reference, training
from edgerec.models.session import session
from edgerec.packing import Catalogue

users, items = 64, 80
user, step = np.repeat(np.arange(users), 10), np.tile(np.arange(10), users)
every = Interactions.from_columns(user, (7 * user + 8 * step) % items, step)
parts = split(every, last_n(1), seed=0)
features = np.eye(8, dtype=np.float32)[np.arange(items) % 8]

def trained():
    session().seed(4)
    untrained = reference.two_towers(users, features, columns=16)
    return training.train(untrained, parts.train, training.Fit(30, learning_rate=0.01, seed=4))

base = Stage(cache.key("tiny"), trained)
steps = (Prune(0.5, epochs=1), Cluster(16), QuantizeAware(allow_no_gain=True))
recipe = Recipe("everything", steps, "full_int8", 0.0)
evaluation = evaluation_set(parts, base.roles.inputs)
catalogue = Catalogue(every.item_ids, every.user_ids)
task = Task(base, Setting(parts.train, "tflite-runtime==2.14.0"), evaluation, catalogue, 10)
with Converter() as converter:
    build(task, recipe, Path(sys.argv[1]), converter)
"""


def test_two_processes_with_nothing_in_common_make_the_same_bundle(keras: Any, tmp_path: Path) -> None:
    """Training, pruning, clustering, quantization-aware training, calibration and packing, byte for byte."""
    running = []
    for name in ("one", "other"):
        folder = tmp_path / name
        for part in ("home", "tmp", "work"):
            (folder / part).mkdir(parents=True)
        settings = {
            "EDGEREC_HOME": str(own_home(folder / "home")),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONHASHSEED": str(len(name)),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-c", MAKE, str(folder / f"{name}.edgerec")]
        running.append(subprocess.Popen(command, cwd=folder / "work", env={**os.environ, **settings}))
    assert [each.wait() for each in running] == [0, 0]
    one, other = ((tmp_path / name / f"{name}.edgerec") for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    lineage = bundle.read(one).members[bundle.LINEAGE].decode()
    assert str(tmp_path) not in lineage
