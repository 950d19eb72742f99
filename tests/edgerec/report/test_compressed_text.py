"""What compressing says of items that can no longer be recommended."""

from pathlib import Path

import pytest

from device_tests.bundle import decode, encode
from edgerec.build import Built, Dropped
from edgerec.compress.candidate import Candidate
from edgerec.compress.finding import find
from edgerec.report.compressed_text import built_json, built_text


@pytest.fixture
def built(tiny_members: dict[str, bytes]) -> Built:
    """Give a bundle whose recipe dropped nothing."""
    bundle = decode(encode(tiny_members))
    return Built(Candidate("tiny", find("float32"), bundle.model, (), {}), bundle, Path("tiny.edgerec"))


def test_nothing_is_said_of_dropping_where_nothing_was(built: Built) -> None:
    assert "dropped" not in built_text(built, "edgerec")
    assert built_json(built)["dropped"] is None


def test_how_many_can_no_longer_be_recommended_is_said_in_numbers(built: Built) -> None:
    few = Built(built.candidate, built.bundle, built.path, Dropped(1810, 2414, 312, 4333))
    assert (
        "1,810 of 2,414 items dropped: they can no longer be recommended; 312 of 4,333 held-out interactions (7.2 %) "
        "were theirs and count as misses\n"
    ) in built_text(few, "edgerec")
    told = {"items": 1810, "catalogue": 2414, "held_out": 312, "held_out_in_all": 4333}
    assert built_json(few)["dropped"] == told
    nothing_held_out = Built(built.candidate, built.bundle, built.path, Dropped(3, 40, 0, 0))
    assert "0 of 0 held-out interactions were theirs" in built_text(nothing_held_out, "edgerec")
