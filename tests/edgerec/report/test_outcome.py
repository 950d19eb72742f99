from dataclasses import replace
from pathlib import Path

import pytest

from edgerec.gate.verdict import Location
from edgerec.report.outcome import Outcome, folder_in_repository, named_apart


def test_it_holds_when_every_verdict_does_and_there_is_one(outcome: Outcome, refused: Outcome) -> None:
    held, missed = outcome.verdicts
    assert Outcome((held,)).held
    assert not Outcome((held, missed)).held
    assert not Outcome().held
    assert not refused.held


def test_a_refusal_is_its_first_line_and_knows_the_line_it_names(outcome: Outcome, refused: Outcome) -> None:
    assert refused.refusal == "edgerec.toml:6: p50 is 2, expected a duration."
    assert refused.refused_at == Location("models/edgerec.toml", 6)
    assert Outcome.refused(ValueError("nothing to check"), "").refused_at is None
    assert outcome.refused_at is None


def test_a_check_belongs_to_its_limits_line_or_else_to_the_files_own_line_or_else_to_the_file(outcome: Outcome) -> None:
    verdict = outcome.verdicts[1]
    golden, size, _ = verdict.checks
    assert outcome.place(verdict, size) == Location("models/edgerec.toml", 12)
    assert outcome.place(verdict, golden) == Location("models/edgerec.toml", 2)
    assert outcome.place(verdict, replace(size, where="--limit")) == Location("models/edgerec.toml", 2)
    assert outcome.place(replace(verdict, where=""), golden) == Location("models/mf.edgerec", None)


def test_checks_of_one_limit_have_names_that_tell_them_apart(outcome: Outcome) -> None:
    golden, size, p50 = outcome.verdicts[1].checks
    on_pi = replace(p50, measurer="pi")
    named = named_apart((golden, size, p50, on_pi, golden, on_pi))
    assert [name for name, _ in named] == ["golden", "app_bytes", "p50", "p50 on pi", "golden 2", "p50 on pi 2"]


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("", "edgerec.toml", "edgerec.toml"),
        ("models", "./edgerec.toml", "models/edgerec.toml"),
        ("models/gru", "../edgerec.toml", "models/edgerec.toml"),
        ("models", "../../edgerec.toml", "../edgerec.toml"),
        ("models", "/etc/edgerec.toml", "/etc/edgerec.toml"),
        ("/", "../edgerec.toml", "/../edgerec.toml"),
    ],
)
def test_paths_are_those_of_the_repository(folder: str, path: str, expected: str) -> None:
    assert Outcome(folder=folder).in_repository(path) == expected


def test_the_folder_is_seen_from_the_root_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert folder_in_repository(inner) == ""
    (tmp_path / ".git").mkdir()
    assert folder_in_repository(inner) == "a/b"
    assert folder_in_repository(tmp_path) == ""
