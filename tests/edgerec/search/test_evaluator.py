"""The fast evaluator against both runtimes, on a factorization that is trained."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.numpy_reference import run
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.low_rank import LowRank
from converters.tables.product_quantizer import product_codes
from converters.tables.rounding import minmax_scales, rounded
from converters.tables.scorer import scorer_file
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers
from device_tests import quality, ranking
from device_tests.errors import ModelError
from device_tests.evaluation import EvaluationSet
from edgerec.data import movietweetings, splitting
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.models.factors import factorize
from edgerec.search import coded_scores
from edgerec.search.coded_scores import scores_of
from edgerec.search.errors import SearchError
from edgerec.search.evaluator import evaluated

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
K, COLUMNS, USERS = 20, 16, 500


@dataclass(frozen=True)
class Trained:
    """A factorization, the users that it is judged on, and the set to judge it with."""

    vectors: np.ndarray
    items: np.ndarray
    evaluation: EvaluationSet


@pytest.fixture(scope="module")
def trained() -> Trained:
    parts = splitting.split(movietweetings.load(), splitting.last_n(1), seed=0)
    factors = factorize(parts.seen("test"), COLUMNS, regularization=3, alpha=20, iterations=2, seed=0)
    whole = evaluation_set(parts, (), candidates=9)
    rows = np.arange(USERS)
    kept = dataclasses.replace(
        whole,
        seen=whole.seen.take(rows),
        relevant=whole.relevant.take(rows),
        negatives=None if whole.negatives is None else whole.negatives[: whole.relevant.offsets[USERS]],
    )
    return Trained(factors.users[evaluated_users(parts)[:USERS]], factors.items, kept)


def integers(table: np.ndarray, bits: int) -> Any:
    return rounded(table, minmax_scales(table, bits), bits)


@pytest.fixture(scope="module")
def tables(trained: Trained) -> Mapping[str, Coded]:
    """The items in codecs of which the old runtime knows all but int2."""
    items = trained.items
    codes = product_codes(items, 4, 32, seed=0)
    left, values, right = np.linalg.svd(items, full_matrices=False)
    narrow = (left[:, :8] * values[:8]).astype(np.float32)
    return {
        "int8": integers(items, 8),
        "int4": integers(items, 4),
        "float16": Float16Rows(items.astype(np.float16)),
        "product codes": codes,
        "tiers": Tiers((integers(items[:700], 8), integers(items[700:], 4))),
        "shared": SharedRows((np.arange(len(items)) // 2).astype(np.uint16), integers(items[::2].copy(), 4)),
        "low rank": LowRank(integers(narrow, 8), right[:8].astype(np.float16)),
        "columns": Columns((integers(narrow, 8), integers(items[:, 8:16].copy(), 4)), items.shape[1]),
        "int2": integers(items, 2),
    }


@dataclass(frozen=True)
class Answered:
    """Scores that a runtime gave, as the harness takes them."""

    scores: np.ndarray
    batch: int = 500

    def score_catalogue(self, inputs: object, rows: np.ndarray) -> np.ndarray:
        del inputs
        return self.scores[rows].copy()


@pytest.mark.parametrize(("runtime", "missing"), [(OLD, {"int2"}), (NEW, set())], ids=["old", "new"])
def test_it_finds_what_the_runtime_gives(
    runtime: str, missing: set[str], trained: Trained, tables: Mapping[str, Coded], on_device: Callable[..., Any]
) -> None:
    names = [name for name in tables if name not in missing]
    vectors = {"vector": trained.vectors}
    for name, answer in zip(
        names, on_device(runtime, [(scorer_file(tables[name]), vectors) for name in names]), strict=True
    ):
        device, device_lists = quality.measure(Answered(answer["scores"]), trained.evaluation, K)
        fast, fast_lists = evaluated(tables[name], trained.vectors, trained.evaluation, K)
        assert ranking.overlap(fast_lists, device_lists).mean() >= 0.995, name
        assert fast.metric("recall", K) == pytest.approx(device.metric("recall", K), abs=0.001), name
        assert fast.candidate_hit_rate(3) == pytest.approx(device.candidate_hit_rate(3), abs=0.002), name
        assert fast.recommended_items == pytest.approx(device.recommended_items, abs=3), name
        assert (fast.offsets, fast.segments, fast.negatives) == (device.offsets, device.segments, device.negatives)


def test_scores_are_those_of_the_operators(trained: Trained, tables: Mapping[str, Coded]) -> None:
    """Vectors are rounded as kernels do, which a product with the decoded table alone does not."""
    vectors = trained.vectors[:50]
    for name, coded in tables.items():
        expected = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
        scores = scores_of(coded)(vectors)
        assert scores.dtype == np.float32
        assert np.abs(scores - expected).max() < 2e-5 * np.ptp(expected), name
        if name in {"int8", "int4", "int2"}:
            assert np.abs(vectors @ coded.decode().T - expected).max() > 5e-4 * np.ptp(expected)


def test_vectors_are_rounded_as_the_runtime_at_hand_does() -> None:
    """The old runtime's kernel for 4 bits rounds vectors around zero, the newer one from their least to their most."""
    random = np.random.default_rng(0)
    coded = integers(random.normal(size=(50, 64)).astype(np.float32), 4)
    vectors = random.uniform(0, 1, size=(20, 64)).astype(np.float32)
    answers = {}
    for runtime in (OLD, NEW):
        expected = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors}, runtime=runtime)["scores"]
        answers[runtime] = scores_of(coded, runtime)(vectors)
        assert np.allclose(answers[runtime], expected, atol=1e-5 * np.ptp(expected))
    assert not np.allclose(answers[OLD], answers[NEW], atol=1e-4 * np.ptp(answers[NEW]))


def test_a_codec_of_a_third_party_is_evaluated_by_its_operators(trained: Trained, tables: Mapping[str, Coded]) -> None:
    class Other:
        """Nothing that is known here, though it does the same."""

        def __init__(self, coded: Coded) -> None:
            self.rows, self.columns, self.stored = coded.rows, coded.columns, coded.stored
            self.decode, self.lookup, self.scores = coded.decode, coded.lookup, coded.scores

    vectors = trained.vectors[:20]
    assert Other not in coded_scores._MAKERS
    other, own = (scores_of(coded)(vectors) for coded in (Other(tables["int2"]), tables["int2"]))
    assert np.allclose(other, own, atol=1e-5 * np.ptp(own))


def test_a_bias_is_added(trained: Trained, tables: Mapping[str, Coded]) -> None:
    bias = np.zeros(len(trained.items), np.float32)
    bias[[7, 3]] = 100, 200
    _, lists = evaluated(tables["int8"], trained.vectors, trained.evaluation, 2, bias=bias)
    unseen = [user for user in range(USERS) if not {3, 7} & set(trained.evaluation.seen[user].tolist())]
    assert len(unseen) > USERS / 2
    assert (lists[unseen] == [3, 7]).all()


def test_what_does_not_fit_is_refused(trained: Trained, tables: Mapping[str, Coded]) -> None:
    coded, vectors, few = tables["int8"], trained.vectors, integers(trained.items[:9].copy(), 8)
    with pytest.raises(SearchError, match=r"got vectors float32 \[499, 16\], expected float32 \[500, 16\]"):
        evaluated(coded, vectors[1:], trained.evaluation, K)
    with pytest.raises(SearchError, match="got vectors float64"):
        evaluated(coded, vectors.astype(float), trained.evaluation, K)
    with pytest.raises(SearchError, match="got a table of 9 rows, expected one of each for the 2414 items"):
        evaluated(few, vectors, trained.evaluation, K)
    with pytest.raises(SearchError, match=r"and a bias \[9\]"):
        evaluated(coded, vectors, trained.evaluation, K, bias=np.zeros(9, np.float32))
    with pytest.raises(ModelError, match="NaN"):
        evaluated(coded, np.full_like(vectors, np.nan), trained.evaluation, K)
