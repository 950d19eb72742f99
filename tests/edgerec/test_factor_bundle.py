"""A compressed item table of 50 x 8 as a bundle: what both runtimes say of it, and what does not belong together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.tables.coded import Coded
from converters.tables.integer_rows import IntegerRows
from converters.tables.scorer import scorer_file
from device_tests import bundle as bundle_format
from device_tests import metrics
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from edgerec import judging, packing, proving, two_runtimes
from edgerec.factor_bundle import factor_members, float_members, vector_input
from edgerec.given_file import GivenFileError
from edgerec.models.factors import Factors
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue, PackingError, Promise
from edgerec.targets import environment

OLD, NEW = environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0")
PROMISE = Promise("rows_int4", "dynamic_int8", str(OLD), 0.8)
K = 10
ROLES = Roles("factors", "catalogue", (vector_input(8),), 50)


def int4(table: np.ndarray) -> IntegerRows:
    scales = (np.abs(table).max(axis=1) / 7).astype(np.float16)
    values = np.clip(np.round(table / scales[:, None].astype(np.float32)), -8, 7).astype(np.int8)
    return IntegerRows(values, scales, 4)


def solved(float32: Factors, coded: Coded) -> np.ndarray:
    """Give the vectors whose products with the coded table come closest to float32's."""
    found, *_ = np.linalg.lstsq(coded.decode(), float32.items @ float32.users.T, rcond=None)
    return found.T.astype(np.float32)


def test_a_coded_table_ranks_in_both_runtimes_as_numpy_does(tmp_path: Path, tiny_factors: Any) -> None:
    float32, coded = tiny_factors.float32, int4(tiny_factors.float32.items)
    vectors = solved(float32, coded)
    evaluation = replace(tiny_factors.evaluation, inputs={"vector": vectors})
    members = factor_members(
        scorer_file(coded), evaluation, tiny_factors.catalogue, K, PROMISE, float32=float32, lineage={"seed": 3}
    )
    written = bundle_format.write(tmp_path / "int4.edgerec", members)
    assert written.manifest.inputs == (vector_input(8),)
    assert {name for name in written.members if name.startswith("app/")} == {
        bundle_format.MANIFEST, bundle_format.MODEL, bundle_format.ITEMS,
    }  # fmt: skip
    found = two_runtimes.in_both(tmp_path / "int4.edgerec", (OLD, NEW), only=("golden", "quality"))
    assert found.golden_held == (True, True)
    assert found.agree
    exact = judging.judge(lambda rows: vectors[rows] @ coded.decode().T, evaluation)
    decoded = judging.judge(lambda rows: packing.decode(scorer_file(coded), ROLES, evaluation, rows), evaluation)
    for report in found.reports:
        assert report.golden is not None
        assert report.quality is not None
        assert report.golden.largest_difference < 1e-5
        assert report.quality.ranks == tuple(decoded.ranks.tolist())
        recall = report.quality.metric("recall", K)
        assert recall == decoded.mean(metrics.recall, K)
        assert recall == pytest.approx(exact.mean(metrics.recall, K), abs=0.02)  # unrounded vectors
        assert recall > 0.3, "nothing was recommended that anyone wants"


def test_the_float32_table_is_a_bundle_whose_ranks_become_the_baseline(tiny_factors: Any) -> None:
    float32, evaluation = tiny_factors.float32, tiny_factors.evaluation
    elsewhere = replace(evaluation, inputs={"vector": -float32.users})  # which float32 is not asked with
    members = float_members(float32, elsewhere, tiny_factors.catalogue, K, runtime=str(NEW))
    proving.replay(members, NEW, "float32")
    measured = proving.baseline(members, NEW)
    assert (
        measured.ranks.tolist()
        == judging.judge(lambda rows: float32.users[rows] @ float32.items.T, evaluation).ranks.tolist()
    )
    assert measured.candidate_ranks is not None
    coded = int4(float32.items)
    made = factor_members(
        scorer_file(coded), evaluation, tiny_factors.catalogue, K, PROMISE, float32=float32, baseline=measured
    )
    read = bundle_format.decode(bundle_format.encode(made))
    kept = Baseline.from_members(read.members, read.manifest, evaluation)
    assert kept is not None
    assert kept.ranks.tolist() == measured.ranks.tolist()
    assert kept.candidate_ranks is not None


def test_golden_lists_are_those_of_float32_with_its_own_vectors(tiny_factors: Any) -> None:
    float32 = tiny_factors.float32
    evaluation = replace(tiny_factors.evaluation, inputs={"vector": float32.users * np.float32(0.5)})
    coded = int4(float32.items)
    made = factor_members(scorer_file(coded), evaluation, tiny_factors.catalogue, K, PROMISE, float32=float32)
    read = bundle_format.decode(bundle_format.encode(made))
    golden = Golden.from_members(read.members, read.manifest, evaluation.users)
    assert golden is not None
    expected = judging.lists(lambda rows: float32.users[rows] @ float32.items.T, evaluation, K, golden.users)
    assert golden.float_top.tolist() == expected.tolist()
    halved = evaluation.inputs["vector"][golden.users[:32]] @ coded.decode().T
    assert np.abs(golden.decoded_scores - halved).max() < 0.01 * np.ptp(halved)
    held = EvaluationSet.from_members(read.members, read.manifest)
    assert held is not None
    assert held.inputs["vector"].tobytes() == evaluation.inputs["vector"].tobytes()


def wrong(vectors: np.ndarray, value: float) -> np.ndarray:
    changed = vectors.copy()
    changed[3, 2] = value
    return changed


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("evaluation", lambda v: v[:, :7], r"set's vector: float32 of shape \[40, 7\], expected .* \[40, 8\]"),
        ("evaluation", lambda v: v.astype(np.float64), "set's vector: float64 of shape"),
        ("evaluation", lambda v: wrong(v, np.nan), "the evaluation set's vector: numbers that are not finite"),
        ("users", lambda v: v[:39], r"the float32 users: float32 of shape \[39, 8\], expected .* \[40, 8\]"),
        ("users", lambda v: wrong(v, np.inf), "the float32 users: numbers that are not finite"),
        ("items", lambda v: v[:49], r"the float32 items: float32 of shape \[49, 8\], expected .* \[50, 8\]"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(tiny_factors: Any, part: str, change: Any, message: str) -> None:
    float32, evaluation = tiny_factors.float32, tiny_factors.evaluation
    scorer = scorer_file(int4(float32.items))
    if part == "evaluation":
        evaluation = replace(evaluation, inputs={"vector": change(evaluation.inputs["vector"])})
    else:
        float32 = replace(float32, **{part: change(getattr(float32, part))})
    with pytest.raises(PackingError, match=message):
        factor_members(scorer, evaluation, tiny_factors.catalogue, K, PROMISE, float32=float32)


def test_another_file_or_vocabulary_is_refused(tiny_factors: Any, tiny_tflite: bytes) -> None:
    scorer = scorer_file(int4(tiny_factors.float32.items))
    items = tiny_factors.catalogue.items
    for file, catalogue, k, error, message in (
        (tiny_tflite, Catalogue(items), K, GivenFileError, "the model has no input vector; it has history"),
        (scorer, Catalogue(items), 51, PackingError, "k is 51, expected 1 to 50"),
        (scorer, Catalogue(items[:49]), K, PackingError, r"the float32 items: float32 of shape \[50, 8\]"),
    ):
        with pytest.raises(error, match=message):
            factor_members(file, tiny_factors.evaluation, catalogue, k, PROMISE, float32=tiny_factors.float32)
