"""How far two bundles' lists are apart: rank-biased overlap by its definition, and two real runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import bundle as bundle_format
from edgerec.rankings_apart import ComparisonError, rank_biased_overlap, rankings_apart, refuse_other_users
from edgerec.targets import environment

Rebuilt = Callable[..., dict[str, bytes]]


def by_definition(old: list[int], new: list[int], p: float) -> float:
    """The sum of the published definition, with sets, each depth by itself."""
    depth = len(old)
    shared = [len(set(old[:d]) & set(new[:d])) for d in range(1, depth + 1)]
    total = sum(found / d * p**d for d, found in enumerate(shared, 1))
    return shared[-1] / depth * p**depth + (1 - p) / p * total


@given(st.permutations(range(8)), st.permutations(range(3, 11)), st.integers(1, 8), st.floats(0.1, 0.99))
def test_rank_biased_overlap_is_what_its_definition_says(old: list[int], new: list[int], depth: int, p: float) -> None:
    lists = [np.array([one[:depth]], np.int32) for one in (old, new)]
    assert rank_biased_overlap(*lists, p)[0] == pytest.approx(by_definition(old[:depth], new[:depth], p))


def test_equal_lists_overlap_fully_disjoint_ones_not_and_first_places_weigh_more() -> None:
    same = np.arange(10, dtype=np.int32)[None]
    first, last = same.copy(), same.copy()
    first[0, 0] = last[0, 9] = 99
    assert rank_biased_overlap(same, same)[0] == pytest.approx(1.0)
    assert rank_biased_overlap(same, same + 10)[0] == 0.0
    assert rank_biased_overlap(same, first)[0] < rank_biased_overlap(same, last)[0] < 1.0


def test_a_worse_model_loses_recall_and_overlap_over_the_users_that_both_carry(
    tmp_path: Path, tiny_bundle: Path, rebuilt: Rebuilt, tiny_model: object
) -> None:
    random = np.random.default_rng(1)
    other = type(tiny_model)(tiny_model.table, random.permuted(tiny_model.dense))  # type: ignore[attr-defined, call-arg]
    path = tmp_path / "other.edgerec"
    bundle_format.write(path, rebuilt({bundle_format.MODEL: other.tflite()}))  # type: ignore[attr-defined]
    paths = (tiny_bundle, path)
    found = rankings_apart(paths, tuple(map(bundle_format.read, paths)), environment.DEFAULT)  # type: ignore[arg-type]
    assert (found.users, found.k) == (12, 10)
    assert 0 < found.overlap < 1
    assert found.recall_change.estimate == pytest.approx(found.recall_new - found.recall_old)
    assert found.recall_change.low <= found.recall_change.estimate <= found.recall_change.high
    same = rankings_apart((path, path), (bundle_format.read(path),) * 2, environment.DEFAULT, users=5)
    assert (same.users, same.overlap, same.recall_change.low, same.recall_change.high) == (5, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("member", "why"),
    [("proof/eval_relevant_values.npy", "other evaluation sets"), (bundle_format.ITEMS, "other catalogues")],
)
def test_bundles_of_other_users_or_items_are_not_compared(
    member: str, why: str, *, tmp_path: Path, tiny_bundle: Path, rebuilt: Rebuilt, tiny_members: dict[str, bytes]
) -> None:
    data = tiny_members[member]
    changed = data.replace(b"i39\n", b"other\n") if member == bundle_format.ITEMS else data[:-4] + bytes(4)
    path = tmp_path / "other.edgerec"
    bundle_format.write(path, rebuilt({member: changed}))
    both = bundle_format.read(tiny_bundle), bundle_format.read(path)
    with pytest.raises(ComparisonError, match=why):
        rankings_apart((tiny_bundle, path), both, environment.DEFAULT)


def test_inputs_are_numbered_anew_only_where_items_were_dropped(tiny_bundle: Path) -> None:
    old = bundle_format.read(tiny_bundle)
    anew = {**old.members, "proof/eval_input_history.npy": b"other"}
    refuse_other_users(old, replace(old, members={**anew, bundle_format.KEPT: b"some"}))
    with pytest.raises(ComparisonError, match="other evaluation sets"):
        refuse_other_users(old, replace(old, members=anew))


def test_a_bundle_without_users_is_not_compared(tmp_path: Path, tiny_bundle: Path, rebuilt: Rebuilt) -> None:
    without = {name: None for name in bundle_format.read(tiny_bundle).members if name.startswith("proof/")}
    path = tmp_path / "other.edgerec"
    bundle_format.write(path, rebuilt(without))
    both = bundle_format.read(tiny_bundle), bundle_format.read(path)
    with pytest.raises(ComparisonError, match="tiny has no evaluation set; pack it"):
        rankings_apart((tiny_bundle, path), both, environment.DEFAULT)
