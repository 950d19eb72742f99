"""`edgerec search` as a user runs it: the smallest bundle under budgets and floors, the same whatever happens."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
KilledAfter = Callable[..., None]
MINUTES = 600
REPOSITORY = Path(__file__).parents[3]
pytestmark = pytest.mark.tensorflow


@pytest.fixture
def project(gru: Path) -> Path:
    """Give a user's folder with a GRU, its data, and an edgerec.toml."""
    (gru / "edgerec.toml").write_text(
        "[model]\npath = 'gru.keras'\nk = 5\ninputs = { history = { role = 'history', padding_id = 80 } }\n\n"
        "[data]\npath = 'ratings.csv'\n\n[search]\ntrials = 8\nround_size = 4\n\n"
        "[budget]\nrecall_kept = '60 %'\ngolden = true\n"
    )
    return gru


def found(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """Give what a search found, without the folder that it lies in and how quiet the machine was."""
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return {name: told[name] for name in ("held", "winner", "result", "sensitivity")}


def test_the_winner_is_the_smallest_that_holds_and_is_the_same_with_one_worker_two_and_a_kill(
    edgerec: Edgerec,
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    killed_after: KilledAfter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path_factory.mktemp("one")))
    one = found(edgerec("search", "--workers", 1, "--json", cwd=project, timeout=MINUTES))
    winner = bundle_format.read(project / "gru-search.edgerec")
    candidates = one["result"]["candidates"]  # type: ignore[index]
    holding = [each["outcome"] for each in candidates if min(each["outcome"]["margins"].values()) >= 0]
    smallest = min(each["download_bytes"] for each in holding)
    assert winner.download_bytes == pytest.approx(smallest, abs=32)  # the manifest names the recipe
    assert one["winner"]["bundle"] == "gru-search.edgerec"  # type: ignore[index]
    assert {effect["tensor"] for effect in one["sensitivity"]} == {"items", "scores"}  # type: ignore[attr-defined]

    home = tmp_path_factory.mktemp("killed")
    monkeypatch.setenv("EDGEREC_HOME", str(home))
    killed_after("round 0", "search", "--workers", "2", cwd=project)
    two = found(edgerec("search", "--workers", 2, "--json", cwd=project, timeout=MINUTES))
    assert two == one
    assert bundle_format.read(project / "gru-search.edgerec").sha256 == winner.sha256

    checked = edgerec("check", "gru-search.edgerec", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_floors_that_no_candidate_holds_end_with_exit_code_1_and_the_best_is_shown(
    edgerec: Edgerec, project: Path
) -> None:
    arguments = ("--limit", "recall_kept=100 %", "--limit", "download_bytes=2 KiB", "--trials", 2, "--workers", 1)
    done = edgerec("search", *arguments, cwd=project, timeout=MINUTES)
    assert done.returncode == 1, done.stderr
    assert "No candidate of 2 holds every floor and limit: none holds download_bytes" in done.stdout
    assert "No candidate holds; nothing was written." in done.stdout
    assert not (project / "gru-search.edgerec").exists()
    assert "Traceback" not in done.stderr


def test_a_model_without_a_table_worth_coding_is_refused(edgerec: Edgerec, trained: Path) -> None:
    done = edgerec("search", "tiny.keras", "--data", "ratings.csv", cwd=trained, timeout=MINUTES)
    assert done.returncode == 2
    assert "tiny has no table of 1024 numbers or more: nothing to search" in done.stderr
