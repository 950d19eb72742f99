import re
from dataclasses import replace

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.verdict import Verdict
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_markdown import LARGEST_BYTES, marker, verdict_markdown

OURS = {"h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "ul", "li"}


def tags(markdown: str) -> list[str]:
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    return re.findall(r"<([a-z0-9]+)[ >]", html)


def test_the_files_that_do_not_hold_come_first_and_say_what_to_do(outcome: Outcome) -> None:
    lines = verdict_markdown(outcome).split("\n")
    assert lines[:4] == [
        "<!-- edgerec check in models -->",
        "### ❌ edgerec check: not held",
        "",
        "1 of 2 files held.",
    ]
    headings = [line for line in lines if line.startswith("####")]
    assert headings == ["#### ❌ <code>mf.edgerec</code>", "#### ✅ <code>gru.edgerec</code>"]
    (size,) = [line for line in lines if line.startswith("| ❌")]
    assert size.startswith("| ❌ missed | app&#95;bytes | 428.0 KiB | &#62; 420.0 KiB | read from the file | ")
    assert size.endswith(" | <code>edgerec.toml&#58;12</code> |")
    assert [line[:11] for line in lines if line.startswith("| ⚠")] == ["| ⚠️ unprov"]
    assert "  - <code>items/table</code> INT8 &#91;2415, 64&#93;, 150.9 KiB" in lines
    assert "  - see: <code>edgerec inspect gru.edgerec</code>" in lines
    assert "  - or change the limit: <code>edgerec.toml&#58;12</code>" in lines
    assert "- note: pi.json&#58; not quiet" in lines


def test_a_refusal_is_said_under_the_same_marker(refused: Outcome, outcome: Outcome) -> None:
    text = verdict_markdown(refused)
    assert text.startswith(marker(outcome) + "\n")
    assert "nothing could be checked" in text
    assert "p50 is 2, expected a duration." in text


def test_each_folder_has_a_comment_of_its_own_whatever_its_name() -> None:
    assert marker(Outcome()) == "<!-- edgerec check -->"
    assert marker(Outcome(folder="a")) != marker(Outcome(folder="b"))
    assert marker(Outcome(folder="--><b>\n")).count(">") == 1


@settings(max_examples=60)
@given(st.data())
def test_no_name_adds_markup_to_the_comment(outcomes: st.SearchStrategy[Outcome], data: st.DataObject) -> None:
    outcome = data.draw(outcomes)
    rendered = tags(verdict_markdown(outcome))
    assert set(rendered) <= OURS
    assert rendered.count("h3") == 1
    assert rendered.count("h4") == len(outcome.verdicts)
    assert rendered.count("tr") == sum(
        len(one.checks) + any(check.held for check in one.checks) + any(not check.held for check in one.checks)
        for one in outcome.verdicts
    )


def test_what_does_not_fit_into_a_comment_is_left_out_and_that_is_said(outcome: Outcome) -> None:
    missed = outcome.verdicts[1]
    size = replace(missed.checks[1], reason="é" * 900)
    for files, checks in ((1, 40), (1, 400), (200, 1), (1500, 1)):
        many = tuple(Verdict(f"{number}.edgerec", missed.sha256, (size,) * checks) for number in range(files))
        text = verdict_markdown(Outcome(many))
        assert len(text.encode()) <= LARGEST_BYTES
        assert "is left out here; the log of `edgerec check` has it all." in text
        assert text.startswith("<!-- edgerec check -->\n### ❌ edgerec check: not held\n")
        assert tags(text).count("h4") == files or files == 1500
    assert "left out" not in verdict_markdown(outcome)
