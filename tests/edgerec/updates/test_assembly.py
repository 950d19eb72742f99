"""Which files hold what is new: flags, else edgerec.toml, else a sentence that says how to name them."""

from pathlib import Path

import pytest

from edgerec.assembly import Asked
from edgerec.config import parse_config
from edgerec.updates.assembly import weeks_of
from edgerec.updates.errors import UpdateError

CONFIG = (
    '[model]\npath = "m.h5"\nitems = "items.txt"\n\n[data]\npath = "old.csv"\nuser = "who"\nholdout = "last_n(2)"\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.txt").write_text("z\nx\ny\n")
    (tmp_path / "old.csv").write_text("who,item,time\na,x,1\na,y,2\n")
    for number in (1, 2):
        (tmp_path / f"week{number}.csv").write_text(f"who,item,time\na,new{number},{number + 5}\n")
    return tmp_path


def test_the_old_data_is_in_the_models_vocabulary_and_weeks_are_in_their_order(folder: Path) -> None:
    config = parse_config(CONFIG + 'new = ["week1.csv", "week2.csv"]\n', folder=folder)
    found = weeks_of(config, Asked())
    assert found.old.item_ids == ("z", "x", "y")
    assert [each.item_ids for each in found.new] == [("new1",), ("new2",)]
    assert found.holdout.name == "last_n(2)"
    given = weeks_of(config, Asked(), (folder / "week2.csv",))
    assert [each.item_ids for each in given.new] == [("new2",)]


def test_no_week_is_refused_with_the_way_to_name_one(folder: Path) -> None:
    with pytest.raises(UpdateError, match=r"give --new-interactions FILE.csv, or write \[data\] new"):
        weeks_of(parse_config(CONFIG, folder=folder), Asked())
