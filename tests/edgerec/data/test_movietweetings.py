import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from edgerec.data import movietweetings

ROOT = Path(__file__).resolve().parents[3]
GENRES = {"Action", "Adventure", "Mystery", "Sci-Fi", "Thriller"}


def test_it_is_the_published_five_core() -> None:
    interactions = movietweetings.load()
    assert (len(interactions), interactions.users, interactions.items) == (68_055, 4_333, 2_414)
    assert np.diff(interactions.offsets).min() >= 5
    assert interactions.popularity().min() >= 5
    assert interactions.digest() == "3e287ee60e715f2f2f1f2a33435a8073b9346ad97a00c200aee0d161bf97deb7"


def test_titles_and_genres_stand_in_the_order_of_the_items() -> None:
    interactions = movietweetings.load()
    titles = movietweetings.titles()
    names, has = movietweetings.genres()
    assert len(titles) == interactions.items
    assert has.shape == (interactions.items, len(names))
    film = interactions.item_ids.index("1375666")
    assert titles[film] == "Inception (2010)"
    assert {name for name, present in zip(names, has[film], strict=True) if present} == GENRES


def test_the_licence_and_the_attribution_travel_with_the_data() -> None:
    assert "Copyright (c) 2013 Simon Dooms" in (movietweetings.FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "MIT" in (movietweetings.FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_script_makes_the_same_bytes_from_the_same_source(tmp_path: Path) -> None:
    interactions = movietweetings.load()
    assert interactions.weight is not None
    columns = (interactions.user, interactions.item, interactions.weight, interactions.time)
    ratings = [
        f"{interactions.user_ids[user]}::{interactions.item_ids[item]}::{rating:.0f}::{time}\n"
        for user, item, rating, time in zip(*columns, strict=True)
    ]
    stored_films = (movietweetings.FOLDER / "films.csv").read_text(encoding="utf-8")
    films = ["::".join(row) + "\n" for row in csv.reader(stored_films.splitlines()[1:])]
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "ratings.dat").write_text("".join(reversed(ratings)), encoding="utf-8")
    (source / "movies.dat").write_text("".join(films), encoding="utf-8")
    (source / "LICENSE").write_bytes((movietweetings.FOLDER / "LICENSE").read_bytes())
    spec = importlib.util.spec_from_file_location("make_movietweetings", ROOT / "scripts" / "make_movietweetings.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(source, target)
    with np.load(target / "ratings.npz") as made, np.load(str(movietweetings.FOLDER / "ratings.npz")) as stored:
        assert made.files == stored.files
        for name in stored.files:
            assert np.array_equal(made[name], stored[name]), name
    assert (target / "films.csv").read_text(encoding="utf-8") == stored_films
    first = (target / "ratings.npz").read_bytes()
    script.main(source, target)
    assert (target / "ratings.npz").read_bytes() == first


@pytest.mark.parametrize("name", ["ratings.npz", "films.csv"])
def test_it_stays_small(name: str) -> None:
    assert len((movietweetings.FOLDER / name).read_bytes()) < 400_000
