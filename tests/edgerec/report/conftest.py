"""Verdicts whose every name is whatever hypothesis thinks of, and one that a person could read."""

import pytest
from hypothesis import strategies as st

from edgerec.gate.verdict import Check, GrownTensor, LargeTensor, Verdict
from edgerec.report.outcome import Outcome
from edgerec.statistics import Interval

HOSTILE = (
    "a|b",
    "`` ` ``",
    "</code><script>alert(1)</script>",
    "@torvalds #1 GH-1",
    "[here](http://evil.example) www.evil.example",
    "line\nbreak\r\n\n### heading",
    "\x1b[2J\x00\ud800\ufffe",
    "::error file=x::%0A, y",
    "--><img src=x onerror=alert(1)>",
    "]]> &amp; <!-- ",
    "1. **bold** _it_ ~~no~~ \\| :x:",
    "{0} ](x)",
)
TEXT = st.one_of(st.text(st.characters(), max_size=30), st.sampled_from(HOSTILE))
AMOUNT = st.one_of(st.integers(0, 10**12), st.floats(0, 1), TEXT, st.booleans())
LARGE = st.builds(LargeTensor, TEXT, TEXT, st.just((3, -1)), st.integers(0, 10**9))
GREW = st.builds(GrownTensor, TEXT, TEXT, st.just((3,)), st.integers(0, 10**9), st.integers(0, 10**9), TEXT)
UNITS = ("bytes", "ns", "count", "share", "version", "flag", "text")


@st.composite
def checks(draw: st.DrawFn) -> Check:
    unit = draw(st.sampled_from(UNITS))
    amount = st.integers(0, 10**9) if unit in {"bytes", "ns", "count", "share"} else AMOUNT
    measured = draw(st.none() | amount)
    return Check(
        name=draw(TEXT.filter(bool)),
        unit=unit,
        direction=draw(st.sampled_from(("at most", "at least", "is"))),
        limit=draw(amount),
        measured=measured,
        held=None if measured is None else draw(st.booleans()),
        provenance=draw(TEXT),
        source=draw(TEXT),
        where=draw(
            st.sampled_from(("", "--limit", "edgerec.toml:7", "edgerec.toml")) | TEXT.map(lambda name: f"{name}:3")
        ),
        reason=draw(TEXT),
        remedy=draw(TEXT),
        largest=tuple(draw(st.lists(LARGE, max_size=2))),
        half=draw(st.sampled_from(("", "unpopular_half"))),
        interval=draw(st.none() | st.just(Interval(0.5, 0.25, 0.75))),
        undecided=draw(st.sampled_from(("unproven", "no evidence", "inconclusive"))),
        tolerated=draw(st.booleans()),
        measurer=draw(TEXT),
        grew=tuple(draw(st.lists(GREW, max_size=2))),
    )


VERDICTS = st.builds(
    Verdict,
    TEXT.filter(bool),
    st.just("ab" * 32),
    st.lists(checks(), max_size=3).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
)
OUTCOMES = st.one_of(
    st.builds(Outcome, st.lists(VERDICTS, min_size=1, max_size=2).map(tuple), folder=TEXT),
    st.builds(Outcome.refused, TEXT.filter(bool).map(ValueError), TEXT),
)

SIZE = Check(
    "app_bytes",
    "bytes",
    "at most",
    420 * 1024,
    428 * 1024,
    held=False,
    provenance="read from the file",
    where="edgerec.toml:12",
    remedy="edgerec inspect gru.edgerec",
    largest=(LargeTensor("items/table", "INT8", (2415, 64), 154_560),),
)
P50 = Check("p50", "ns", "at most", 2_000_000, None, held=None, reason="no report of this bundle", tolerated=True)
GOLDEN = Check("golden", "flag", "at least", True, True, held=True, provenance="measured", source="pi.json")


@pytest.fixture(scope="session")
def texts() -> st.SearchStrategy[str]:
    return TEXT


@pytest.fixture(scope="session")
def outcomes() -> st.SearchStrategy[Outcome]:
    return OUTCOMES


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Give one file that holds, and after it one that misses its size and has an undecided limit that may pass."""
    held = Verdict("gru.edgerec", "ab" * 32, (GOLDEN,))
    missed = Verdict("mf.edgerec", "cd" * 32, (GOLDEN, SIZE, P50), ("pi.json: not quiet",))
    return Outcome((held, missed), folder="models")


@pytest.fixture(scope="session")
def refused() -> Outcome:
    return Outcome.refused(ValueError("edgerec.toml:6: p50 is 2, expected a duration.\n\n[budget]\n"), "models")
