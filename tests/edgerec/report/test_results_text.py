import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgerec.demo import Demo, Failed
from edgerec.half_rates import HalfRate
from edgerec.report.console import GREEN, RED, Style
from edgerec.report.results_text import demo_json, demo_text, results_table
from edgerec.results import Result
from edgerec.statistics import Interval

FLOAT32 = Result(
    recipe="float32",
    k=10,
    app_bytes=1_400_000,
    download_bytes=1_200_000,
    ratio=1.0,
    recall=Interval(0.214, 0.202, 0.226),
    kept=Interval(1.0, 1.0, 1.0),
    negatives=0,
    halves={},
    distinct_scores=2414.0,
    p50_ns=104_000,
    p95_ns=117_000,
    overhead_ns=741,
    private_bytes=385_000,
    verdict=True,
)
SMALL = replace(
    FLOAT32,
    recipe="prune80_int8",
    app_bytes=426_000,
    download_bytes=155_000,
    ratio=8.2,
    kept=Interval(0.94, 0.9, 0.99),
    private_bytes=None,
    verdict=False,
)
DEMO = Demo(
    baselines={"most popular": 0.152},
    results=(FLOAT32, SMALL),
    failed=(),
    runtime="tflite-runtime==2.14.0",
    folder=Path("my demo"),
    bundle=Path("my demo/gru-prune80_int8.edgerec"),
    report=Path("my demo/gru-prune80_int8.report.json"),
    float32=Path("my demo/gru-float32.edgerec"),
)


def test_a_wide_terminal_gets_one_table_and_columns_are_aligned() -> None:
    header, *rows = results_table(DEMO.results, columns=140).splitlines()
    assert len(rows) == 2
    for title in ("on disk", "download", "ratio", "recall@10 (95 %)", "of float32's", "p50", "p95", "private"):
        end = header.index(title) + len(title)
        assert all(row[end - 1] != " " and row[end] == " " for row in rows), title
    assert rows[0].endswith("  held")
    assert rows[1].endswith("unknown  missed")
    assert "0.214 (0.202-0.226)" in rows[0]


def test_a_narrow_terminal_gets_two_tables_that_fit() -> None:
    text = results_table(DEMO.results, columns=100)
    assert max(map(len, text.splitlines())) <= 100
    ships, runs = text.split("\n\n")
    assert ships.splitlines()[2].startswith("prune80_int8")
    assert runs.splitlines()[2].startswith("prune80_int8")
    assert "recall@10" not in runs
    assert max(map(len, results_table(DEMO.results, columns=80).splitlines())) <= 80


def test_only_the_verdict_is_painted_and_only_in_colour() -> None:
    plain, painted = (results_table(DEMO.results, style=style, columns=140) for style in (Style(), Style(colour=True)))
    assert "\x1b" not in plain
    assert f"{GREEN}held" in painted
    assert f"{RED}missed" in painted
    assert painted.count("\x1b") == 4


def test_a_failed_recipe_is_a_row_and_a_sentence_below() -> None:
    why = "prune90_int8 does not hold in tflite-runtime==2.14.0: overlap 0.2, below 0.3\x1b"
    failed = replace(DEMO, failed=(Failed("prune90_int8", why),))
    lines = demo_text(failed, "edgerec", Style(colour=True), columns=140).splitlines()
    (row,) = [line for line in lines if line.startswith("prune90_int8 ")]
    assert row.split() == ["prune90_int8", f"{RED}failed\x1b[0m"]
    assert row.index(RED) == next(line for line in lines if line.startswith("float32 ")).index(GREEN)
    below = lines[lines.index(row) + 1 :]
    assert below[:2] == ["", f"prune90_int8: {why[:-1]}\\x1b"]
    ships, runs = results_table(failed.results, failed.failed, columns=100).split("\n\n")
    assert "prune90_int8" not in ships
    assert runs.splitlines()[-1].split() == ["prune90_int8", "failed"]
    assert demo_json(failed)["failed"] == [{"recipe": "prune90_int8", "why": why}]
    assert demo_json(DEMO)["failed"] == []


def test_hit_rates_among_candidates_are_a_line_a_recipe_below_the_table() -> None:
    half = HalfRate(9, Interval(0.512, 0.49, 0.53), Interval(0.981, 0.97, 0.99))
    ranked = replace(SMALL, negatives=99, halves={"popular_half": half, "unpopular_half": HalfRate(0, None, None)})
    assert "of its own half" not in demo_text(DEMO, "edgerec")
    assert (
        "\n\nhit rate at 10 of 1 among 99 of its own half:\n  prune80_int8  popular 0.512 (0.490-0.530), "
        "98.1 % of float32's; unpopular has no held-out item\n\n"
    ) in demo_text(replace(DEMO, results=(FLOAT32, ranked)), "edgerec")
    told = json.loads(json.dumps(demo_json(replace(DEMO, results=(FLOAT32, ranked)))))["results"]
    assert told[1]["halves"]["popular_half"]["kept"]["low"] == 0.97
    assert told[0]["halves"] == {}


def test_what_to_do_next_can_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = demo_text(DEMO, ".venv/bin/edgerec")
    assert "  .venv/bin/edgerec check --config 'my demo/edgerec.toml'" in text
    beside = "--beside 'my demo/gru-float32.edgerec'"
    assert f"  .venv/bin/edgerec evaluate 'my demo/gru-prune80_int8.edgerec' --user 7 {beside}" in text
    assert "of which the harness itself takes 741 ns" in text


def test_a_model_that_does_not_beat_what_needs_no_training_is_said_to() -> None:
    assert "most popular 0.152, this GRU 0.214\n" in demo_text(DEMO, "edgerec")
    worse = replace(DEMO, baselines={"most popular": 0.152, "EASE": 0.3})
    assert "most popular 0.152, EASE 0.300, this GRU 0.214, which does not beat EASE\n" in demo_text(worse, "edgerec")


def test_json_has_every_figure() -> None:
    told = demo_json(DEMO)
    assert told["results"][1]["kept"] == {"estimate": 0.94, "low": 0.9, "high": 0.99}
    assert told["results"][1]["private_bytes"] is None
    assert told["bundle"] == "my demo/gru-prune80_int8.edgerec"
