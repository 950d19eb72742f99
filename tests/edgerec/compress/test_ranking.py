from pathlib import Path

import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.compress.ranking import ModelPath, criterion_of, criterion_spelled, spelled
from edgerec.compress.steps import Prune
from edgerec.criteria.registry import CRITERIA

NONE, FILE = ModelPath(""), ModelPath("folder/untrained.h5")

MODULE = """
class Mine:
    name, needs = "mine_own", ("popularity",)
    def __init__(self, grain="element"):
        self.grains = (grain,) if grain else ()
    def score(self, weights, statistics, grain):
        return abs(weights)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install another package that adds the criterion mine_own."""
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[edgerec.criteria]\nmine_own = criterion_of_mine:Mine\n")
    (tmp_path / "criterion_of_mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("name", CRITERIA)
def test_every_criterion_can_be_spelled_in_the_name_of_a_recipe(name: str) -> None:
    assert "_" not in spelled(name)
    assert criterion_spelled(spelled(name)) == name


def test_what_spells_no_criterion_stays_as_it_is() -> None:
    assert criterion_spelled("fishr") == "fishr"


@pytest.mark.usefixtures("installed")
def test_another_packages_criterion_is_found_made_and_refused_like_ours() -> None:
    (step,) = find("prune50-mine-own_int8").steps
    assert step == Prune(0.5, criterion="mine_own")
    with pytest.raises(RecipeError, match="criterion is 'mine_own', which ranks single weights, and this step takes c"):
        find("narrow50-mine-own_int8")
    with pytest.raises(RecipeError, match=r"criterion is 'mine_ow', expected .*did you mean mine_own"):
        criterion_of("mine_ow", (), NONE, "element")
    with pytest.raises(RecipeError, match=r'which ranks columns, .* take do = "narrow"'):
        criterion_of("mine_own", (("grain", "column"),), NONE, "element")
    with pytest.raises(RecipeError, match="which ranks whole rows"):
        criterion_of("mine_own", (("grain", ""),), NONE, "element")


@pytest.mark.parametrize("name", ["popularity", "co_occurrence"])
@pytest.mark.parametrize("grain", ["element", "column"])
def test_what_ranks_only_rows_is_refused_with_the_way_out(name: str, grain: str) -> None:
    with pytest.raises(RecipeError, match=rf"{name}.*ranks whole rows.*share rows by it with \[\[table\]\] and cod"):
        criterion_of(name, (), NONE, grain)


def test_the_initial_model_is_asked_for_when_it_is_needed_and_only_then() -> None:
    ticket = (("to", "initial"),)
    with pytest.raises(RecipeError, match=r'initial is nothing, and criterion reset needs .* or say to = "zero"'):
        criterion_of("reset", ticket, NONE, "element")
    with pytest.raises(RecipeError, match=r"initial is 'untrained\.h5', and criterion reset has no use for it"):
        criterion_of("reset", (), FILE, "element")
    assert criterion_of("reset", ticket, FILE, "element").needs == ("initial",)


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(RecipeError, match="settings of criterion share cannot be taken: lowest is 2, expected a share"):
        criterion_of("share", (("lowest", 2),), NONE, "element")
