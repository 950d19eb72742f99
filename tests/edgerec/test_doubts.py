from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device_tests.evaluation import Baseline, EvaluationSet
from device_tests.manifest import Input, Manifest
from device_tests.ragged import Ragged
from edgerec.build import Task
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.config import InputSetting
from edgerec.data.interactions import Interactions
from edgerec.doubts import below_most_popular, guessed_padding
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue

HISTORY = Input("history", "history", 4, 41, 40)


def roles(*inputs: Input) -> Roles:
    return Roles("mine", "catalogue", inputs, 40)


def test_a_padding_id_after_the_last_item_was_guessed_where_nobody_said_it() -> None:
    doubt = guessed_padding(roles(HISTORY), ())
    assert doubt is not None
    assert "table of 41 rows for 40 items, so id 40 is taken for its padding; say so by padding_id" in doubt
    assert guessed_padding(roles(HISTORY), (InputSetting("history", "history", 41, None),)) == doubt
    assert guessed_padding(roles(HISTORY), (InputSetting("history", "history", None, 40),)) is None


@pytest.mark.parametrize(
    "other", [replace(HISTORY, padding_id=0), replace(HISTORY, ids=43), Input("user", "user", 0, 41, None)]
)
def test_a_padding_id_that_is_told_otherwise_is_not_in_doubt(other: Input) -> None:
    assert guessed_padding(roles(other), ()) is None


def never() -> Any:
    raise AssertionError("no model is needed for it")


@pytest.fixture
def task() -> Task:
    """Give 3 users of 4 items, of whom item 0 is by far the most popular and 2 of them took it next."""
    data = Interactions.from_columns([0, 1, 2, 3, 4, 5], [1, 2, 3, 0, 0, 0], [0] * 6)
    lists = [np.array([item], np.int32) for item in (0, 0, 1)]
    seen = [np.array([item], np.int32) for item in (1, 2, 3)]
    evaluation = EvaluationSet(
        {"user": np.arange(3, dtype=np.int32)}, Ragged.from_lists(seen), Ragged.from_lists(lists), data.popularity()
    )
    return Task(Stage("a" * 64, never), Setting(data, "none"), evaluation, Catalogue(data.item_ids), 1)


@pytest.mark.parametrize(("ranks", "doubted"), [([1, 1, 3], False), ([1, 1, 1], False), ([1, 2, 3], True)])
def test_a_model_below_the_most_popular_items_is_in_doubt(
    ranks: list[int], doubted: bool, task: Task, tiny_manifest: Manifest
) -> None:
    members = Baseline(np.array(ranks, np.int32)).to_members()
    given: Any = SimpleNamespace(members=members, manifest=replace(tiny_manifest, items=4))
    doubt = below_most_popular(task, given)
    assert (doubt is not None) == doubted
    if doubt is not None:
        assert doubt.startswith("recall@1 of the float32 model is 0.3333, and 0.6667 of the most popular items")
        assert "--items" in doubt


def test_a_bundle_without_float32s_ranks_raises_no_doubt(task: Task, tiny_manifest: Manifest) -> None:
    given: Any = SimpleNamespace(members={}, manifest=tiny_manifest)
    assert below_most_popular(task, given) is None
