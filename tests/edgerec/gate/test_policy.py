from pathlib import Path

import pytest

from edgerec.config import parse_config
from edgerec.gate.policy import STRICT, Policy
from edgerec.strict_toml import TomlError


def test_a_policy_says_where_the_baseline_lies_what_is_no_change_and_what_passes_undecided() -> None:
    text = '[policy]\nbaseline = "b.json"\nthreshold = "0.5 %"\ninconclusive = "pass"\nunproven = "fail"\n'
    policy = parse_config(text, folder=Path("app")).policy
    assert policy == Policy(Path("app/b.json"), 0.005, frozenset(["inconclusive"]))
    assert parse_config('[policy]\nno_evidence = "pass"\n').policy.tolerated == {"no evidence"}


def test_without_one_nothing_passes_undecided() -> None:
    assert parse_config("").policy == STRICT == Policy()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('threshold = "2 KiB"', "edgerec.toml:2: policy.threshold is '2 KiB', expected a share"),
        ('inconclusive = "ignore"', "edgerec.toml:2: policy.inconclusive is 'ignore', expected one of fail, pass"),
        ('missed = "pass"', "edgerec.toml:2: policy.missed is not known"),
    ],
)
def test_what_a_policy_cannot_say_is_refused_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(TomlError, match=sentence):
        parse_config(f"[policy]\n{line}\n")
