import json
import re
from dataclasses import replace

from edgerec.gate.from_file import READ
from edgerec.gate.verdict import Check, GrownTensor, LargeTensor, Verdict
from edgerec.report.console import Style
from edgerec.report.verdict_text import next_steps, sentence, verdict_text, verdicts_json
from edgerec.statistics import Interval

SIZE = Check(
    "app_bytes",
    "bytes",
    "at most",
    420 * 1024,
    428 * 1024,
    held=False,
    provenance=READ,
    where="edgerec.toml:12",
    remedy="edgerec inspect demo/gru.edgerec",
    largest=(LargeTensor("items/table", "INT8", (2415, 64), 154_560), LargeTensor("evil\x1b[2J", "INT8", (3,), 3)),
)
P50 = Check(
    "p50", "ns", "at most", 2_000_000, None, held=None, reason="no report of this bundle", remedy="edgerec bench x -o y"
)
RECALL = Check("recall_at_10", "share", "at least", 0.21, 0.231, held=True, provenance="measured", source="pi.json")
GOLDEN = Check(
    "golden", "flag", "at least", True, False, held=False, provenance="measured", source="pi.json", reason="x"
)
VERDICT = Verdict("demo/gru.edgerec", "ab" * 32, (SIZE, P50, RECALL, GOLDEN), ("pi.json: not quiet",))


def squeezed(text: str) -> str:
    """Make each run of spaces one, so that a test holds words and figures, not widths."""
    return re.sub(r" +", " ", text)


def test_a_missed_limit_says_by_how_much_the_largest_tensors_and_the_line_to_edit() -> None:
    text = squeezed(verdict_text(VERDICT))
    assert "missed: app_bytes is 428.0 KiB, 8.0 KiB (1.9 %) over the limit of 420.0 KiB" in text
    assert "items/table INT8 [2415, 64] 150.9 KiB" in text
    assert "see: edgerec inspect demo/gru.edgerec" in text
    assert "or change the limit: edgerec.toml:12" in text


def test_an_unproven_limit_says_why_and_gives_the_line_that_proves_it() -> None:
    text = verdict_text(VERDICT)
    assert "unproven: p50 at most 2.0 ms: no report of this bundle\n    prove it: edgerec bench x -o y" in text


def test_the_table_has_every_check_with_its_source_and_the_end_counts_them() -> None:
    lines = squeezed(verdict_text(VERDICT)).split("\n")
    assert lines[0] == "demo/gru.edgerec abababababab"
    assert " held recall_at_10 23.1 % >= 21.0 % pi.json (measured)" in lines
    assert " missed: golden is no, expected yes: x" in lines
    assert " note: pi.json: not quiet" in lines
    assert lines[-1] == " not held: 2 missed, 1 unproven of 4 checks"
    assert verdict_text(Verdict("x", "0" * 64, (RECALL,))).endswith("held: 1 of 1 checks")


def kept(name: str, measured: float, interval: tuple[float, float], **more: object) -> Check:
    around = Interval(measured, *interval)
    return Check(name, "share", "at least", 0.95, measured, interval=around, provenance="measured", source="x", **more)  # type: ignore[arg-type]


def test_what_is_kept_stands_with_its_interval_and_no_evidence_is_a_word_of_its_own() -> None:
    held = kept("recall_kept_at_20", 0.994, (0.983, 1.005), held=True)
    few = kept(
        "candidates_kept_at_10", 1.0, (1.0, 1.0), held=None, half="unpopular_half", undecided="no evidence", reason="12"
    )
    verdict = Verdict("x", "0" * 64, (held, few))
    text = squeezed(verdict_text(verdict))
    assert " held recall_kept_at_20 99.4 % (98.3-100.5) >= 95.0 % x (measured)" in text
    assert " no evidence candidates_kept_at_10 unpopular half 100.0 % (100.0-100.0) >= 95.0 % x (measured)" in text
    assert " no evidence: candidates_kept_at_10 unpopular half at least 95.0 %: 12" in text
    assert text.endswith(" not held: 1 no evidence of 2 checks")
    first, second = verdicts_json([verdict])["verdicts"][0]["checks"]  # type: ignore[index]
    assert (first["state"], first["interval"], first["strict"], first["half"]) == ("held", [0.983, 1.005], False, "")
    assert (second["state"], second["held"], second["half"]) == ("no evidence", None, "unpopular_half")


def test_a_lower_end_that_misses_is_said_to_be_the_lower_end() -> None:
    missed = kept("recall_kept_at_20", 0.96, (0.94, 0.98), held=False, strict=True, where="edgerec.toml:3")
    text = verdict_text(Verdict("x", "0" * 64, (missed,)))
    sentence = "recall_kept_at_20 is 96.0 % (94.0-98.0), its lower end 1.00 points (1.1 %) below the limit of 95.0 %"
    assert sentence in text
    assert "or change the limit: edgerec.toml:3" in text


def test_amounts_that_round_to_the_same_are_shown_whole() -> None:
    close = Check("app_bytes", "bytes", "at most", 430_080, 430_081, held=False, provenance=READ)
    assert "app_bytes is 430081 B, 1 B (0.0 %) over the limit of 430080 B" in verdict_text(
        Verdict("x", "0" * 64, (close,))
    )


def test_no_name_out_of_a_file_reaches_the_terminal_raw_and_colour_is_only_ours() -> None:
    assert "\x1b" not in verdict_text(VERDICT)
    coloured = verdict_text(VERDICT, Style(colour=True))
    assert "\x1b[31mMISSED\x1b[0m" in coloured
    assert "\x1b[2J" not in coloured


def test_json_has_every_field_and_null_for_what_is_unproven() -> None:
    value = json.loads(json.dumps(verdicts_json([VERDICT])))
    assert value["held"] is False
    checks = {check["name"]: check for check in value["verdicts"][0]["checks"]}
    assert checks["p50"]["held"] is None
    assert checks["app_bytes"]["excess"] == 8 * 1024
    assert checks["app_bytes"]["largest"][0] == {
        "name": "items/table",
        "dtype": "INT8",
        "shape": [2415, 64],
        "bytes": 154_560,
    }
    assert verdicts_json([])["held"] is False


GREW = (
    GrownTensor("items/table", "FLOAT16", (2415, 64), 309_120, 154_560, "INT8"),
    GrownTensor("users/table", "INT8", (16, 64), 1024, 0, ""),
)
RELATIVE = replace(
    SIZE,
    where="edgerec.toml:7",
    written="+2 %",
    baseline=410 * 1024,
    change=428 / 410 - 1,
    grew=GREW,
    acceptance="edgerec check --allow-growth",
)


def test_what_grew_since_the_baseline_is_named_with_the_limit_and_how_to_accept_it() -> None:
    text = squeezed(verdict_text(Verdict("x", "0" * 64, (RELATIVE,))))
    assert "MISSED app_bytes 428.0 KiB +4.4 % > 420.0 KiB" in text
    assert "8.0 KiB (1.9 %) over the limit of 420.0 KiB (+2 % on the baseline's 410.0 KiB)" in text
    assert "items/table INT8 -> FLOAT16 +150.9 KiB from 150.9 KiB to 301.9 KiB" in text
    assert "users/table INT8 +1.0 KiB new" in text
    assert "the largest tensors" not in text
    assert "or change the limit: edgerec.toml:7" in text
    assert "or accept it: edgerec check --allow-growth" in text


def test_a_ratchet_and_a_baseline_without_a_figure_are_told_in_words() -> None:
    ratchet = replace(RELATIVE, written="ratchet")
    assert "over the limit of 420.0 KiB (no worse than the baseline's 410.0 KiB)" in sentence(ratchet)
    unknown = replace(
        RELATIVE, held=None, limit=None, baseline=None, change=None, reason="the baseline has no figure of it"
    )
    assert sentence(unknown) == "app_bytes (+2 % on the baseline): the baseline has no figure of it"
    assert next_steps(unknown)[0][0] == "prove it"


def test_what_passes_undecided_is_counted_apart_and_said_to_pass() -> None:
    noisy = replace(
        P50, measured=2_010_000, interval=Interval(2_010_000, 1_900_000, 2_100_000), undecided="inconclusive"
    )
    failed = verdict_text(Verdict("x", "0" * 64, (RECALL, noisy)))
    assert "inconclusive  p50" in failed
    assert "2.0 ms (1.9 ms-2.1 ms)" in failed
    assert failed.endswith("not held: 1 inconclusive of 2 checks")
    passed = verdict_text(Verdict("x", "0" * 64, (RECALL, replace(noisy, tolerated=True))))
    assert passed.endswith("held: 1 of 2 checks, 1 inconclusive and passed by the policy")
    assert "which the policy lets pass" in passed
