import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.gate.verdict import Location
from edgerec.report.console import visible
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_annotations import annotation, verdict_annotations
from edgerec.report.verdict_text import sentence

# What @actions/core 1.11.1 printed for core.error(`m ${name}`, {title: `t ${name}`, file: `f ${name}`, startLine: 3}).
TOOLKIT = {
    "a,b:c%0A": "::error title=t a%2Cb%3Ac%250A,file=f a%2Cb%3Ac%250A,line=3::m a,b:c%250A\n",
    "x\r\ny%": "::error title=t x%0D%0Ay%25,file=f x%0D%0Ay%25,line=3::m x%0D%0Ay%25\n",
    "::error::z": "::error title=t %3A%3Aerror%3A%3Az,file=f %3A%3Aerror%3A%3Az,line=3::m ::error::z\n",
}


def commands(log: str) -> list[tuple[str, dict[str, str], str]]:
    """Read commands out of a log as GitHub's runner does: a line, its properties, its message."""
    found = []
    for line in log.split("\n"):
        if not line.lstrip().startswith("::"):
            continue
        head, message = line.lstrip()[2:].split("::", 1)
        name, _, properties = head.partition(" ")
        pairs = dict(pair.split("=", 1) for pair in properties.strip().split(",") if "=" in pair)
        found.append((name, {key: plain(value, ":", ",") for key, value in pairs.items()}, plain(message)))
    return found


def plain(text: str, *further: str) -> str:
    for letter in ("\r", "\n", *further, "%"):
        text = text.replace(f"%{ord(letter):02X}", letter)
    return text


@pytest.mark.parametrize("name", TOOLKIT)
def test_it_is_the_line_that_githubs_toolkit_prints(name: str) -> None:
    assert annotation("error", Location(f"f {name}", 3), f"t {name}", f"m {name}") == TOOLKIT[name]


def test_what_fails_is_an_error_at_its_line_and_what_may_pass_a_warning(outcome: Outcome) -> None:
    size, p50 = verdict_annotations(outcome).splitlines()
    assert size == (
        "::error title=missed%3A app_bytes,file=models/edgerec.toml,line=12::"
        "mf.edgerec: app_bytes is 428.0 KiB, 8.0 KiB (1.9 %25) over the limit of 420.0 KiB"
        "%0Aitems/table INT8 [2415, 64], 150.9 KiB"
        "%0Asee: edgerec inspect gru.edgerec%0Aor change the limit: edgerec.toml:12"
    )
    assert p50.startswith("::warning title=unproven%3A p50,file=models/edgerec.toml,line=2::")


def test_what_holds_says_nothing(outcome: Outcome) -> None:
    assert verdict_annotations(Outcome(outcome.verdicts[:1])) == ""


def test_a_refusal_is_one_error_at_the_line_that_it_names(refused: Outcome) -> None:
    assert verdict_annotations(refused) == (
        "::error title=edgerec check,file=models/edgerec.toml,line=6::edgerec.toml:6: p50 is 2, expected a duration.\n"
    )


@given(st.data())
def test_no_name_makes_a_command_or_a_property(outcomes: st.SearchStrategy[Outcome], data: st.DataObject) -> None:
    outcome = data.draw(outcomes)
    log = verdict_annotations(outcome)
    failing = [check for one in outcome.verdicts for check in one.checks if not check.held]
    found = commands(log)
    assert len(log.splitlines()) == len(found) == (1 if outcome.refusal else len(failing))
    for (name, properties, message), check in zip(found, failing, strict=False):
        assert name == ("warning" if check else "error")
        assert set(properties) == {"file", "line", "title"}
        assert properties["line"].isdecimal()
        assert visible(sentence(check)) in message
