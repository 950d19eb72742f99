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
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), min_size=1, max_size=20))


def made(names: list[str], interval: Interval | None, folder: str) -> Outcome:
    """Give a file with a check that misses, one that holds and one undecided, these names wherever one can stand."""
    one, other, third = names
    tensors = (LargeTensor(one, other, (3, -1), 7), LargeTensor(third, "INT8", (3,), 3))
    grew = (GrownTensor(other, third, (3,), 9, 4, one), GrownTensor(one, "INT8", (3,), 9, 0, ""))
    told = {"source": other, "provenance": third, "reason": one, "remedy": third, "measurer": other}
    missed = Check(one, "bytes", "at most", 4, 7, held=False, where=f"{other}:3", largest=tensors, grew=grew, **told)
    held = Check(other, "text", "is", third, one, held=True, where=one, **told)
    noisy = {"held": None, "interval": interval, "undecided": "inconclusive", "tolerated": True}
    undecided = Check(third, "share", "at least", 0.5, 0.5, **noisy, **told)
    first = Verdict(one, "ab" * 32, (held, missed, undecided), (other, third))
    return Outcome((first, Verdict(third, "cd" * 32, (held,), where=f"{one}:2")), folder=folder)


OUTCOMES = st.one_of(
    st.builds(made, st.lists(TEXT, min_size=3, max_size=3), st.sampled_from((None, Interval(0.5, 0.25, 0.75))), TEXT),
    st.builds(Outcome.refused, TEXT.map(ValueError), TEXT),
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
    missed = Verdict("mf.edgerec", "cd" * 32, (GOLDEN, SIZE, P50), ("pi.json: not quiet",), "edgerec.toml:2")
    return Outcome((held, missed), folder="models")


@pytest.fixture(scope="session")
def refused() -> Outcome:
    return Outcome.refused(ValueError("edgerec.toml:6: p50 is 2, expected a duration.\n\n[budget]\n"), "models")
