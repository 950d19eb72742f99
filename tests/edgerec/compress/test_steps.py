import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.ranking import ModelPath
from edgerec.compress.steps import Cluster, Narrow, Prune, QuantizeAware
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.share import Share

FILE = ModelPath("untrained.h5")


def test_a_step_makes_the_criterion_that_it_names_with_its_settings() -> None:
    assert Prune(0.5, criterion="fisher").ranked_by() == Fisher()
    settings = (("by", "fisher"), ("lowest", 0.25), ("seed", 3))
    assert Narrow(0.5, "share", settings=settings).ranked_by() == Share(Fisher(), 0.25, 3)


def test_tf_mot_picks_by_itself_only_by_magnitude_in_each_tensor() -> None:
    assert Prune(0.5).by_tf_mot
    assert not Prune(0.5, per="row").by_tf_mot
    assert not Prune(0.5, criterion="random").by_tf_mot


def test_only_columns_may_go_without_training() -> None:
    assert Narrow(0.5, epochs=0).epochs == 0
    for make in (lambda: Prune(0.5, epochs=0), lambda: Cluster(8, epochs=0), lambda: QuantizeAware(epochs=0)):
        with pytest.raises(RecipeError, match="epochs is 0, expected 1 or more"):
            make()
    with pytest.raises(RecipeError, match="epochs is -1, expected 0 or more"):
        Narrow(0.5, epochs=-1)


def test_a_lottery_ticket_is_drawn_once() -> None:
    ticket = {"criterion": "reset", "settings": (("to", "initial"),), "initial": FILE}
    assert Prune(0.5, "constant", **ticket).ranked_by().needs == ("initial",)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="schedule is 'polynomial', expected 'constant' with a reset to 'initial'"):
        Prune(0.5, "polynomial", **ticket)  # type: ignore[arg-type]


def test_the_harder_a_step_the_less_it_promises() -> None:
    for kind in (Narrow, Prune):
        promises = [kind(share).promise for share in (0.1, 0.5, 0.8, 0.95)]
        assert promises == sorted(promises, reverse=True)
        assert promises[0] > promises[-1]
