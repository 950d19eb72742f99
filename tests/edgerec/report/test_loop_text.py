import json
from collections.abc import Sequence
from pathlib import Path

from device_tests.report import Quality
from edgerec.choosing import Proof
from edgerec.compress.loop import Loop
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Narrow, Prune
from edgerec.floors import DEFAULT, Floor, Floors, judged
from edgerec.gate.verdict import Check, Verdict
from edgerec.loop.round import Judged, Round, judge
from edgerec.looping import Looped, Proved
from edgerec.report.loop_text import loop_json, loop_text, round_line

USERS = 250
FLOORS = Floors((Floor("recall", 2, 0.9), *(floor for floor in DEFAULT if floor.half == "popular_half")))
PRUNED = Recipe("mine", (Prune(0.5),), "dynamic_int8", 0.3, loop=Loop("prune", 0.1))
NARROWED = Recipe("mine", (Narrow(0.5),), "dynamic_int8", 0.3, loop=Loop("narrow", 0.1))


def quality(hits: int) -> Quality:
    """Of 50 users with an item of the unpopular half, and 200 with one of the other; so many of each have a hit."""
    ranks = tuple(2 if user < hits else 90 for user in range(USERS))
    segments = {"popular_half": tuple(range(200)), "unpopular_half": tuple(range(200, 250))}
    among = tuple(9 if rank == 2 or user >= 210 else 20 for user, rank in enumerate(ranks))
    return Quality(2, 100, USERS, tuple(range(USERS + 1)), ranks, (5, 9), 9.0, segments, 30, among)


def rounds() -> list[Judged]:
    made = [
        Round(0, 0.0, 4096, 2048, "aa", quality(240), quality(200)),
        Round(1, 0.5, 2048, 1024, "bb", quality(230), quality(190)),
        Round(2, 0.6, 2048, 512, "cc", quality(220), quality(100)),
    ]
    return [judge(one, made[0], FLOORS, {"download_bytes": 600}, 2) for one in made]


def looped(proofs: Sequence[Proved] = (), recipe: Recipe = PRUNED) -> Looped:
    every = rounds()
    return Looped(recipe, tuple(every), "round 2 misses it", tuple(proofs), every[1], "No round holds", Path("j.jsonl"))


def test_a_round_is_one_line_with_training_and_validation_side_by_side() -> None:
    assert round_line(rounds()[1]) == (
        "round 1: 50.0 % gone, 1.0 KiB to download, recall@2 train 0.9200, validation 0.7600, 95.0 % of float32's, "
        "candidates_kept_at_10 popular_half +0.00%: larger than asked"
    )


def test_the_table_has_each_segment_and_marks_what_proves_nothing() -> None:
    lines = loop_text(looped(), Path("out.edgerec"), "edgerec").splitlines()
    assert lines[0] == "2 rounds of mine: recall@2, and what is kept of float32's"
    assert lines[1].split() == [
        *("round", "zeros", "on", "disk", "download", "train", "validation", "kept:", "train", "validation"),
        *("popular", "unpopular", "least", "margin", "verdict"),
    ]
    assert lines[3].split() == [
        *("1", "50.0", "%", "2.0", "KiB", "1.0", "KiB", "0.9200", "0.7600", "95.8", "%", "95.0", "%"),
        *("95.0", "%", "100.0", "%", "?", "+0.00%", "candidates_kept_at_10", "popular_half", "larger", "than", "asked"),
    ]
    assert lines[4].endswith("misses recall_kept_at_2, candidates_kept_at_10 popular_half")
    assert lines[5].startswith("? no evidence: float32 has 40 hits in the unpopular half and 200 are needed")
    assert "The rounds ended because round 2 misses it." in lines
    assert "No round holds." in lines
    assert "journal j.jsonl" in lines
    assert lines[-1] == "Nothing was written."
    assert "columns gone" in loop_text(looped(recipe=NARROWED), Path("out.edgerec"), "edgerec")


def test_a_round_that_is_proved_is_followed_by_its_verdict_and_the_next_command() -> None:
    verdict = Verdict("out.edgerec", "0" * 64, (Check("golden", "flag", "", limit=True, measured=True, held=True),))
    unseen = judged(Floors(FLOORS.each[:1]), quality(200), quality(195))
    text = loop_text(looped([Proved(1, Proof(verdict, unseen))]), Path("out.edgerec"), "edgerec")
    assert "Round 1 on the test users\nout.edgerec" in text
    assert "with the users that chose nothing" in text
    assert text.endswith("edgerec evaluate ./out.edgerec --user 1")


def test_json_tells_the_same() -> None:
    told = json.loads(json.dumps(loop_json(looped([Proved(1, Proof(None, None, "garbage"))]), Path("out.edgerec"))))
    assert (told["held"], told["bundle"], told["best"], told["ended"]) == (False, None, 1, "round 2 misses it")
    assert told["recipe"]["loop"]["grow"] == "prune"
    one = told["rounds"][1]
    assert (one["round"], one["gone"], one["app_bytes"], one["download_bytes"]) == (1, 0.5, 2048, 1024)
    assert one["recall"]["train"]["value"] == 0.92
    assert one["recall"]["validation"]["kept"] == 0.95
    assert one["halves"]["unpopular_half"]["validation"]["state"] == "no evidence"
    assert one["margins"]["download_bytes"] < 0
    assert told["proofs"][0]["why"] == "garbage"
