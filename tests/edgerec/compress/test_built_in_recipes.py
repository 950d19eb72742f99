"""Every built-in recipe on a small attention model: the size it gives, and what both runtimes say of its bundle."""

import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from device_tests.bundle import deflated_bytes
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from edgerec.build import Built, Task, build
from edgerec.compress import cache as step_cache
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import built_in
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.data.histories import histories
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.session import versions
from edgerec.packing import Catalogue
from edgerec.targets import environment
from edgerec.two_runtimes import in_both

TABLE = tomllib.loads((Path(__file__).parent / "sizes.toml").read_text(encoding="utf-8"))
SEEN = TABLE["seen_with"]
SIZES = {(kind, recipe): bytes_ for kind in ("attention", "wide_attention") for recipe, bytes_ in TABLE[kind].items()}
BYTES_OFF = 64  # names of tensors and versions differ a little between converters
DEFLATED_OFF = 0.02
RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
K = 5

Made = Callable[[str, str], Built]


@pytest.fixture(scope="module")
def made(
    trained: Callable[[str], Recommender],
    interactions: Interactions,
    tmp_path_factory: pytest.TempPathFactory,
    own_home_in: Callable[[Path], Path],
) -> Iterator[Made]:
    """Make the bundle of a model and recipe: compressed, converted, packed, golden outputs replayed in 2.14, once."""
    out = tmp_path_factory.mktemp("bundles")
    home = own_home_in(tmp_path_factory.mktemp("home"))
    setting = Setting(interactions, str(RUNTIMES[0]), seed=0)
    with Converter() as converter:

        @cache
        def of(kind: str, name: str) -> Built:
            model = trained(kind)
            stage = Stage(step_cache.key(kind), lambda: model)
            task = Task(stage, setting, judges(interactions, model), Catalogue(interactions.item_ids), K)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("EDGEREC_HOME", str(home))
                return build(task, built_in()[name], out / f"{kind}-{name}.edgerec", converter)

        yield of


def judges(interactions: Interactions, model: Recommender) -> EvaluationSet:
    """Judge by all users, the model's own training data: the items of a user's block that they have not taken."""
    (history,) = model.roles.inputs
    taken = [interactions.item[interactions.user == user] for user in range(interactions.users)]
    blocks = [np.flatnonzero(np.arange(interactions.items) // 16 == items[0] // 16) for items in taken]
    left = [np.setdiff1d(block, items).astype(np.int32) for block, items in zip(blocks, taken, strict=True)]
    return EvaluationSet(
        inputs={history.name: histories(interactions, history.length, interactions.items)},
        seen=Ragged.from_lists([np.unique(items).astype(np.int32) for items in taken]),
        relevant=Ragged.from_lists(left),
        popularity=interactions.popularity(),
    )


def test_the_table_has_every_built_in_recipe_and_no_other() -> None:
    assert {recipe for _, recipe in SIZES} == set(built_in())


@pytest.mark.parametrize(("kind", "name"), SIZES)
def test_a_recipe_gives_the_size_that_it_gave(made: Made, kind: str, name: str) -> None:
    tflite = made(kind, name).candidate.tflite
    on_disk, deflated = SIZES[kind, name]
    where = f"seen with {SEEN}, here {versions()}"
    assert (len(tflite), deflated_bytes(tflite)) == (
        pytest.approx(on_disk, abs=BYTES_OFF),
        pytest.approx(deflated, rel=DEFLATED_OFF),
    ), where


def test_the_built_in_recipes_are_smaller_than_float32_as_they_promise(made: Made) -> None:
    for kind, name in SIZES:
        whole = made(kind, "float32").candidate.tflite
        if name != "float32":
            assert deflated_bytes(made(kind, name).candidate.tflite) < deflated_bytes(whole), name


@pytest.mark.parametrize(("kind", "name"), SIZES)
def test_the_bundle_of_a_recipe_holds_in_both_runtimes_which_agree(made: Made, kind: str, name: str) -> None:
    both = in_both(made(kind, name).path, RUNTIMES, only=("golden", "quality"))
    assert [report.board.runtime_version for report in both.reports] == [one.version for one in RUNTIMES]
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree, (both.agreement, both.recall_difference)
