"""Items dropped from every kind of model, through `compress` to a bundle from which both runtimes answer alike."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from converters import tflite_file
from device_tests import bundle as bundle_format
from device_tests.evaluation import Baseline, EvaluationSet
from device_tests.ragged import Ragged
from device_tests.ranking import hide, overlap, top_k
from edgerec.build import Built, Dropped, Task, build
from edgerec.compress.conversion import Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import decode
from edgerec.compress.forecast import forecast
from edgerec.compress.recipe import Recipe
from edgerec.data.candidates import sample_candidates
from edgerec.models.serving import catalogue_scores
from edgerec.recommending import history_of, recommend, user_of
from edgerec.targets import environment
from edgerec.two_runtimes import in_both

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
KINDS = ("mf", "neumf", "gru", "attention", "two_towers")
ITEMS, COLUMNS, LENGTH, LEFT, NEGATIVES = 96, 16, 4, 24, 20
TaskOf = Callable[[str], Task]


def recipe(name: str) -> Recipe:
    """Give the recipe that a name spells, one epoch for each step and nothing promised."""
    found = decode(name)
    assert found is not None
    tuning = None if found.tuning is None else replace(found.tuning, epochs=1)
    steps = tuple(replace(step, epochs=1) for step in found.steps)
    return replace(found, steps=steps, tuning=tuning, float_overlap=0.0)


def with_candidates(task: Task) -> Task:
    judged = task.evaluation
    taken = [np.union1d(judged.seen[user], judged.relevant[user]) for user in range(judged.users)]
    drawn = sample_candidates(judged.relevant, Ragged.from_lists(taken), judged.popularity, NEGATIVES, seed=0)
    return replace(task, evaluation=replace(judged, negatives=drawn))


def evaluation_of(built: Built) -> EvaluationSet:
    found = EvaluationSet.from_members(built.bundle.members, built.bundle.manifest)
    assert found is not None
    return found


def without(history: np.ndarray, kept: set[int]) -> list[int]:
    """Leave out what was dropped of one history of the whole catalogue, whose padding is the id behind it."""
    stay = [item for item in history.tolist() if item in kept]
    return [ITEMS] * (len(history) - len(stay)) + stay


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_dropped_is_gone_from_every_shape_and_what_is_left_answers_as_the_model_did(
    task_of: TaskOf, converter: Converter, tmp_path: Path, kind: str
) -> None:
    task, asked = with_candidates(task_of(kind)), recipe("drop75_float32")
    built = build(task, asked, tmp_path / "made.edgerec", converter)
    assert built.candidate.kept is not None
    kept, manifest, judged = list(built.candidate.kept), built.bundle.manifest, task.evaluation
    popularity = judged.popularity
    assert kept == sorted(np.argsort(-popularity, kind="stable")[:LEFT].tolist())
    assert (manifest.items, manifest.dropped, manifest.catalogue) == (LEFT, ITEMS - LEFT, ITEMS)
    assert built.bundle.item_ids == tuple(task.catalogue.items[item] for item in kept)
    assert set(built.bundle.dropped_ids) == set(task.catalogue.items) - set(built.bundle.item_ids)

    file = tflite_file.parse(built.candidate.tflite)
    shapes = {tensor.shape for tensor in file.subgraphs[0].tensors if len(file.constant(tensor))}
    assert not [shape for shape in shapes if ITEMS in shape or ITEMS + 1 in shape]
    rows = {ids for one in manifest.inputs if one.role in {"item", "history"} for ids in [one.ids]}
    assert {(count, COLUMNS) for count in rows or {LEFT}} <= shapes

    both = in_both(built.path, RUNTIMES, only=("golden", "quality"))
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree
    inputs = dict(judged.inputs)
    if "history" in inputs:
        inputs["history"] = np.array([without(one, set(kept)) for one in inputs["history"]], np.int32)
    scores = catalogue_scores(task.base.recommender, inputs)
    scores[:, np.setdiff1d(np.arange(ITEMS), kept)] = -np.inf
    hide(scores, judged.seen)
    assert overlap(both.lists[0], top_k(scores, task.k)).mean() > 0.99

    quality = both.reports[0].quality
    assert quality is not None
    lost = ~np.isin(judged.relevant.values, kept)
    assert np.array_equal(np.array(quality.ranks) == LEFT + 1, lost)
    assert np.array_equal(np.array(quality.ranks) > LEFT, lost)
    assert set(np.array(quality.candidate_ranks)[lost].tolist()) == {NEGATIVES + 1}
    assert (quality.items, quality.dropped, quality.held_out_dropped) == (LEFT, ITEMS - LEFT, int(lost.sum()))
    assert built.dropped == Dropped(ITEMS - LEFT, ITEMS, int(lost.sum()), len(lost))
    assert f"{lost.sum()} of {lost.size} held-out items are theirs" in "".join(both.reports[0].warnings)
    assert json.loads(built.bundle.members[bundle_format.LINEAGE])["dropped"] == asdict(built.dropped)


def test_the_proof_but_for_the_inputs_is_that_of_the_whole_catalogue(
    task_of: TaskOf, converter: Converter, tmp_path: Path
) -> None:
    task = with_candidates(task_of("gru"))
    whole = build(task, recipe("float32"), tmp_path / "whole.edgerec", converter)
    built = build(task, recipe("dropunshown_int8"), tmp_path / "made.edgerec", converter)
    mine, theirs = built.bundle.members, whole.bundle.members
    own = {"proof/eval_input_history.npy", "proof/golden_decoded_scores.npy", bundle_format.LINEAGE}
    proof = [name for name in theirs if name.startswith("proof/") and name not in own]
    assert [name for name in proof if mine[name] != theirs[name]] == []
    assert built.candidate.lineage["recommender_sha256"] == whole.candidate.lineage["recommender_sha256"]
    evaluation = evaluation_of(built)
    baseline = Baseline.from_members(mine, built.bundle.manifest, evaluation)
    assert baseline is not None
    assert built.candidate.kept is not None
    assert evaluation.kept is not None
    assert evaluation.kept.tolist() == list(built.candidate.kept)


@pytest.mark.parametrize(
    "name",
    ["drop25-co-occurrence_rows8_int8", "drop75-magnitude_int8", "drop25_narrow50_int8", "drop25_rows8_tuned_int8"],
)
def test_what_follows_works_on_what_is_left(task_of: TaskOf, converter: Converter, tmp_path: Path, name: str) -> None:
    task, asked = task_of("gru"), recipe(name)
    built = build(task, asked, tmp_path / "made.edgerec", converter)
    both = in_both(built.path, RUNTIMES, only=("golden", "quality"))
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree
    assert built.candidate.kept is not None
    planned = forecast(task.base, asked, task.setting)
    assert planned.steps[0].what.startswith(f"drop all items but {len(built.candidate.kept)}: the ")
    if asked.tuning is None:
        file = tflite_file.parse(built.candidate.tflite)
        held = sum(len(file.constant(each)) for each in file.subgraphs[0].tensors if each.dtype != "INT32")
        assert held == pytest.approx(planned.weight_bytes, rel=0.06)


def test_a_dropped_item_in_a_history_is_left_out_as_an_app_does_and_is_told_by_name(
    task_of: TaskOf, converter: Converter, tmp_path: Path
) -> None:
    task = task_of("gru")
    built = build(task, recipe("drop75_int8"), tmp_path / "made.edgerec", converter)
    whole = build(task, recipe("float32"), tmp_path / "whole.edgerec", converter)
    evaluation, ids = evaluation_of(built), task.catalogue.items
    for row in range(0, evaluation.users, 7):
        given = [ids[item] for item in task.evaluation.inputs["history"][row].tolist() if item < ITEMS]
        asked = history_of(built.bundle, given)
        assert asked.inputs["history"] == tuple(evaluation.inputs["history"][row].tolist())
        app = {item: at for at, item in enumerate(built.bundle.item_ids)}
        by_app = [app[one] for one in given[-LENGTH:] if one in app]
        assert asked.inputs["history"] == (LEFT,) * (LENGTH - len(by_app)) + tuple(by_app)
    found = recommend(built.bundle, user_of(built.bundle, "0"), runtime=RUNTIMES[0], beside=whole.bundle)
    shown = {one.id for one in found.items}
    assert shown <= set(built.bundle.item_ids)
    assert found.float32 is not None
    alone = recommend(whole.bundle, user_of(whole.bundle, "0"), runtime=RUNTIMES[0])
    assert found.float32 == alone.items
    assert found.held_out == alone.held_out
    assert {one.id for one in found.dropped} == {one.id for one in alone.held_out} & set(built.bundle.dropped_ids)


def test_fewer_items_than_a_list_has_are_refused_before_anything_is_trained(
    task_of: TaskOf, converter: Converter, tmp_path: Path
) -> None:
    told: list[str] = []
    with pytest.raises(RecipeError, match=r"keep is 0\.03, which leaves 3 of 96 items for lists of 5"):
        build(task_of("gru"), recipe("drop97_int8"), tmp_path / "x", converter, progress=told.append)
    assert told == []


def test_the_same_items_stay_each_time(task_of: TaskOf, converter: Converter, tmp_path: Path) -> None:
    task, asked = task_of("mf"), recipe("drop75-random_int8")
    one, other = (build(task, asked, tmp_path / f"{name}.edgerec", converter) for name in ("one", "other"))
    assert one.bundle.sha256 == other.bundle.sha256
