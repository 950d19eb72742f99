from dataclasses import replace
from pathlib import Path

import pytest

from device_tests.report import Quality
from edgerec.loop.errors import LoopError
from edgerec.loop.journal import read_rounds, write_rounds
from edgerec.loop.round import Round

QUALITY = Quality(2, 10, 2, (0, 1, 2), (1, 4), (1, 2), 9.5, {"head": (0,), "tail": (1,)}, 0, ())
ROUND = Round(0, 0.0, 300, 200, "ab" * 32, QUALITY, replace(QUALITY, ranks=(3, 3)))


def test_rounds_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rounds.jsonl"
    assert read_rounds(path) == ()
    rounds = (ROUND, replace(ROUND, number=1, share=0.1 + 0.2))
    write_rounds(path, rounds[:1])
    write_rounds(path, rounds)
    assert read_rounds(path) == rounds
    assert len(path.read_text().splitlines()) == 2
    assert [each.name for each in path.parent.iterdir()] == ["rounds.jsonl"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text[:-20] + "\n", r"rounds\.jsonl:1 is not JSON"),
        (lambda text: text.replace('"share":0.0', '"share":"none"'), r"rounds\.jsonl:1.*share"),
        (lambda text: text + text, "leaves out a round or has one twice"),
    ],
)
def test_a_damaged_journal_is_refused_with_the_way_out(tmp_path: Path, damage: object, sentence: str) -> None:
    path = tmp_path / "rounds.jsonl"
    write_rounds(path, (ROUND,))
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(LoopError, match=f"{sentence}.*; delete that file, and its rounds are measured again"):
        read_rounds(path)
