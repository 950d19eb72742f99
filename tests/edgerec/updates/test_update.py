"""A bundle and a week become the next one: what has nothing new keeps its bytes in the file, and runtimes agree."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from edgerec import proving
from edgerec.build import Task, build
from edgerec.codecs.compositional import QuotientRemainderRows
from edgerec.codecs.errors import CodecError
from edgerec.codecs.naming import decode as decode_codec
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.compress.steps import Narrow, Tuning
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n
from edgerec.models.training import Fit
from edgerec.targets import environment
from edgerec.updates.errors import UpdateError
from edgerec.updates.outcome import Outcome
from edgerec.updates.update import Weeks, update

pytestmark = pytest.mark.tensorflow

FIT = Fit(12, batch=32, learning_rate=0.01)
NEWEST = environment.parse("ai-edge-litert==2.3.0")
GRU, MF = ("gru", "rows4_int8"), ("mf", "top20-rows8-aq4x8_int8")


@dataclass(frozen=True)
class Made:
    """A first bundle, the next one, and what was said of it."""

    before: Bundle
    after: Bundle
    outcome: Outcome


@pytest.fixture(scope="module")
def first(
    task_of: Callable[[str], Task], converter: Converter, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Bundle]:
    """Give the first bundle of a model and a recipe."""
    folder = tmp_path_factory.mktemp("first")

    @cache
    def of(kind: str, recipe: str) -> Bundle:
        return build(task_of(kind), find(recipe), folder / f"{kind}-{recipe}.edgerec", converter).bundle

    return of


@pytest.fixture(scope="module")
def made(
    task_of: Callable[[str], Task],
    first: Callable[[str, str], Bundle],
    weeks: Weeks,
    converter: Converter,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, str], Made]:
    """Give an update of a model under a recipe, made once."""
    folder = tmp_path_factory.mktemp("next")

    @cache
    def of(kind: str, recipe: str) -> Made:
        before, out = first(kind, recipe), folder / f"{kind}-{recipe}.edgerec"
        outcome = update(task_of(kind), find(recipe), weeks, before, out, converter=converter, fit=FIT)
        return Made(before, bundle_format.read(out), outcome)

    return of


@pytest.fixture(scope="module")
def weeks(old: Interactions, new: Interactions) -> Weeks:
    return Weeks(old, (new,), last_n(1))


BIAS = 1  # float16 a row, as the scales are, which come before it


def constants(model: bytes) -> list[bytes]:
    return [bytes(each.data) for each in GraphWriter(model).model.buffers if each.data is not None]


def rows_in(model: bytes, rows: int, row_bytes: int, which: int = 0) -> list[bytes]:
    """The rows of the first constant of a file that has so many, of so many bytes each, or of a later one."""
    found = [each for each in constants(model) if len(each) == rows * row_bytes][which]
    return [found[start : start + row_bytes] for start in range(0, len(found), row_bytes)]


@pytest.mark.parametrize("row_bytes", [8, 2])  # of 16 numbers of 4 bits, and of a scale
def test_rows_with_nothing_new_are_the_same_bytes_at_the_same_place_in_the_file(
    made: Callable[[str, str], Made], old: Interactions, new: Interactions, row_bytes: int
) -> None:
    of = made(*GRU)
    quiet = [number for number, item in enumerate(old.item_ids) if item not in set(new.item_ids)]
    assert len(quiet) > 10
    for extra in (0, 1):  # the table that scores, and the one to look up in with its padding
        before = rows_in(of.before.model, 76 + extra, row_bytes)
        after = rows_in(of.after.model, 80 + extra, row_bytes)
        assert [after[row] for row in quiet] == [before[row] for row in quiet]
        assert (after[:76] == before[:76]) == bool(extra)  # what is looked up stays, but for new rows
        assert after[80:] == before[76:]


def test_biases_go_with_their_rows_and_the_encoder_goes_with_the_rows_that_move(
    made: Callable[[str, str], Made], old: Interactions, new: Interactions
) -> None:
    of = made(*GRU)
    before, after = rows_in(of.before.model, 76, 2, BIAS), rows_in(of.after.model, 80, 2, BIAS)
    assert {old.item_ids[row] for row in range(76) if after[row] != before[row]} <= set(new.item_ids)
    assert after[:76] != before
    encoder = 3 * 16 * 16 * 4  # bytes of a GRU's kernel, in float32 as it is small
    found = [[each for each in constants(model) if len(each) == encoder] for model in (of.before.model, of.after.model)]
    assert list(map(len, found)) == [2, 2]
    assert not set(found[0]) & set(found[1])


def test_a_new_user_has_a_row_and_a_line_of_the_vocabulary(made: Callable[[str, str], Made]) -> None:
    of = made(*MF)
    users = [bundle_format.split_lines(each.members[bundle_format.USERS], "") for each in (of.before, of.after)]
    assert users[1] == (*users[0], "u80")
    assert of.outcome.layers[0] == replace(of.outcome.layers[0], layer="users", rows=81, new=1)


def test_ids_are_stable_and_new_items_come_last(
    made: Callable[[str, str], Made], old: Interactions, new: Interactions
) -> None:
    of = made(*GRU)
    fresh = tuple(sorted(set(new.item_ids) - set(old.item_ids)))
    assert len(fresh) == 4
    assert of.after.item_ids == (*of.before.item_ids, *fresh)
    (history,) = of.after.manifest.inputs
    assert (history.ids, history.padding_id, of.after.manifest.items) == (81, 80, 80)


# The encoder, float32 in a model so small, is half of this GRU; matrix factorization is nothing but rows.
@pytest.mark.parametrize(
    ("kind", "recipe", "of_rebuild", "of_download"),
    [(*GRU, 0.95, 0.7), (*MF, 0.7, 0.5)],
)
def test_an_update_holds_in_both_runtimes_and_costs_less_than_a_rebuild_of_its_quality(
    made: Callable[[str, str], Made], kind: str, recipe: str, of_rebuild: float, of_download: float
) -> None:
    of = made(kind, recipe)
    proving.replay(of.after.members, NEWEST, "the update")  # update itself replays it in the other one
    update, rebuild = of.outcome.update, of.outcome.rebuild
    assert update.delta_bytes < of_rebuild * rebuild.delta_bytes
    assert update.delta_bytes < of_download * update.download_bytes
    assert update.recall > 0.8 * rebuild.recall
    assert update.new_hit_rate is not None
    assert update.new_hit_rate > 0.3


def test_columns_that_went_stay_away_and_tables_that_were_tuned_are_updated_as_they_are(
    task_of: Callable[[str], Task],
    weeks: Weeks,
    old: Interactions,
    new: Interactions,
    converter: Converter,
    *,
    tmp_path: Path,
) -> None:
    codec = decode_codec("rows4")
    assert codec is not None
    recipe = Recipe(
        "narrow_tuned",
        (Narrow(0.5, epochs=1, allow_no_gain=True),),
        "dynamic_int8",
        0.1,
        tables=(TableCoding(codec, ("items", "scores")),),
        tuning=Tuning(1),
    )
    before = build(task_of("gru"), recipe, tmp_path / "before.edgerec", converter).bundle
    out = tmp_path / "next.edgerec"
    found = update(task_of("gru"), recipe, weeks, before, out, converter=converter, fit=FIT)
    after = bundle_format.read(out)
    proving.replay(after.members, NEWEST, "the update")
    quiet = [number for number, item in enumerate(old.item_ids) if item not in set(new.item_ids)]
    for extra in (0, 1):
        rows = rows_in(before.model, 76 + extra, 4), rows_in(after.model, 80 + extra, 4)  # 8 of 16 columns
        assert [rows[1][row] for row in quiet] == [rows[0][row] for row in quiet]
    assert rows_in(before.model, 76, 4) != rows_in(after.model, 80, 4)[:76]
    assert found.update.app_bytes == found.rebuild.app_bytes
    assert found.update.recall > 0.8 * found.rebuild.recall
    assert found.update.new_hit_rate is not None
    assert found.update.new_hit_rate > 0.3


def test_what_was_new_is_counted(made: Callable[[str, str], Made]) -> None:
    found = made(*GRU).outcome
    assert (found.interactions, found.new_items, found.new_users) == (122, 4, 1)
    assert (found.held_out, found.k) == (61, 5)
    assert 0 < found.held_out_new < 61
    assert [(each.layer, each.rows, each.new) for each in found.layers] == [("items", 81, 4), ("scores", 80, 4)]
    assert found.layers[0].touched == 0
    assert 40 < found.layers[1].touched < 60


def test_lineage_names_the_bundle_before(made: Callable[[str, str], Made]) -> None:
    of = made(*GRU)
    assert json.loads(of.after.members[bundle_format.LINEAGE])["updates"] == of.before.sha256


def test_a_bundle_of_another_recipe_or_data_is_refused_by_what_differs(
    task_of: Callable[[str], Task],
    first: Callable[[str, str], Bundle],
    weeks: Weeks,
    converter: Converter,
    tmp_path: Path,
) -> None:
    task, out = task_of("gru"), tmp_path / "next.edgerec"
    before = first(*GRU)
    for changed, recipe, what in (
        (task, "rows8_int8", "recipe"),
        (replace(task, setting=replace(task.setting, data=weeks.old)), "rows4_int8", "data_sha256"),
        (replace(task, base=task_of("attention").base), "rows4_int8", "recommender_sha256"),
    ):
        with pytest.raises(UpdateError, match=f"not what this model, recipe and data make, it says another {what}"):
            update(changed, find(recipe), weeks, before, out, converter=converter, fit=FIT)
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("int8", "stores no table by its rows, so that an update would change every row"),
        ("prune50_int8", "has step prune, and a row that is solved anew has no zeros"),
        ("narrow50_prune50_rows4_int8", "has step prune, and a row that is solved anew has no zeros"),
        ("drop50_rows4_int8", "drops items, and what is new may be among them"),
    ],
)
def test_a_recipe_that_an_update_would_undo_is_refused(
    task_of: Callable[[str], Task],
    first: Callable[[str, str], Bundle],
    weeks: Weeks,
    converter: Converter,
    tmp_path: Path,
    *,
    name: str,
    why: str,
) -> None:
    with pytest.raises(UpdateError, match=f"recipe {name} {why}"):
        update(task_of("gru"), find(name), weeks, first(*GRU), tmp_path / "next.edgerec", converter=converter)


def test_a_codec_whose_rows_hang_together_is_refused(
    task_of: Callable[[str], Task],
    first: Callable[[str, str], Bundle],
    weeks: Weeks,
    converter: Converter,
    tmp_path: Path,
) -> None:
    recipe = Recipe("qr", (), "float32", 0.1, tables=(TableCoding(QuotientRemainderRows()),))
    with pytest.raises(CodecError, match="codec quotient_remainder takes no update"):
        update(task_of("gru"), recipe, weeks, first(*GRU), tmp_path / "next.edgerec", converter=converter)


def test_an_update_without_news_is_refused(
    task_of: Callable[[str], Task],
    first: Callable[[str, str], Bundle],
    weeks: Weeks,
    converter: Converter,
    tmp_path: Path,
) -> None:
    with pytest.raises(UpdateError, match="no new interactions"):
        update(
            task_of("gru"),
            find("rows4_int8"),
            replace(weeks, new=()),
            first(*GRU),
            tmp_path / "n.edgerec",
            converter=converter,
        )


def test_an_update_of_an_update_goes_on_from_it(
    made: Callable[[str, str], Made],
    task_of: Callable[[str], Task],
    weeks: Weeks,
    converter: Converter,
    tmp_path: Path,
) -> None:
    of, random = made(*GRU), np.random.default_rng(4)
    items = random.permutation(60)[:12]
    rows = [(f"u{one % 4 + 70}", f"i{item:02}", 200 + one) for one, item in enumerate(items)]
    second = Interactions.from_columns(*map(list, zip(*rows, strict=True)))
    later = replace(weeks, new=(*weeks.new, second), duplicates="keep_first")
    found = update(
        task_of("gru"), find(GRU[1]), later, of.after, tmp_path / "third.edgerec", converter=converter, fit=FIT
    )
    assert found.update.delta_bytes < of.outcome.update.delta_bytes
    assert bundle_format.read(found.path).item_ids == of.after.item_ids
