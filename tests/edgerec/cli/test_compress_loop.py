"""`edgerec compress` by a recipe with a loop, as a user runs it: rounds, their end, a kill, and what is refused."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converters import tflite_file
from device_tests import bundle as bundle_format

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
KilledAfter = Callable[..., None]
MINUTES = 900
REPOSITORY = Path(__file__).parents[3]
PRUNED = """
float_overlap = 0.1
[[step]]
do = "prune"
sparsity = 0.3
epochs = 1
[loop]
grow = "prune"
by = 0.2
rounds = 3
[convert]
precision = "dynamic_int8"
"""
NARROWED = PRUNED.replace("prune", "narrow").replace("sparsity = 0.3", "remove = 0.25").replace("0.2\n", "0.25\n")
TOML = """
[model]
path = "gru.keras"
k = 5
inputs = { history = { role = "history", padding_id = 80 } }
[data]
path = "ratings.csv"
candidates = 9
"""
pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one home for the tests of this module: what one of them trained, the others find."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def project(gru: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a user's folder with a GRU, its data, and recipes with loops."""
    (gru / "pruned.toml").write_text(PRUNED)
    (gru / "narrowed.toml").write_text(NARROWED)
    with_environments(home, monkeypatch)
    return gru


def with_environments(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep everything in a home, but the runtimes where the suite has them."""
    from edgerec import storage

    if not (home / "environments").exists():
        (home / "environments").symlink_to(storage.folder("environments"))
    monkeypatch.setenv("EDGEREC_HOME", str(home))


def budget(project: Path, *limits: str) -> None:
    (project / "edgerec.toml").write_text("\n".join((TOML, "[budget]", *limits)) + "\n")


def looped(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Give what a loop told, without the folder that its journal lies in and how quiet the machine was."""
    told: dict[str, Any] = json.loads(done.stdout)
    return {name: told[name] for name in ("held", "bundle", "recipe", "rounds", "ended", "best", "why")}


def test_rounds_grow_from_one_another_until_the_last_and_the_smallest_that_holds_is_the_bundle(
    edgerec: Edgerec, project: Path
) -> None:
    budget(project, 'recall_kept = "60 %"', "golden = true")
    done = edgerec("compress", "--recipe", "pruned.toml", "-o", "made.edgerec", "--json", cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    told = looped(done)
    assert [one["gone"] for one in told["rounds"]] == [0, 0.3, 0.5, 0.7]
    downloads = [one["download_bytes"] for one in told["rounds"]]
    assert downloads == sorted(downloads, reverse=True)
    assert told["ended"] == "round 3 was the last: that is as many as the loop has"
    assert told["best"] == 3
    made = bundle_format.read(project / "made.edgerec")
    assert made.manifest.recipe == "pruned_round3"
    assert made.app_bytes == told["rounds"][3]["app_bytes"]
    assert made.download_bytes == told["rounds"][3]["download_bytes"]
    steps = json.loads(made.members[bundle_format.LINEAGE])["recipe"]["steps"]
    assert [step["sparsity"] for step in steps] == [0.3, 0.5, 0.7]
    for one in told["rounds"]:
        assert set(one["recall"]) == {"train", "validation"}
        assert one["halves"].keys() == {"popular_half", "unpopular_half"}
    said = [line for line in done.stderr.splitlines() if line.startswith("round ")]
    assert [line.split(":")[0] for line in said] == ["round 0", "round 1", "round 2", "round 3"]

    again = edgerec("compress", "--recipe", "pruned.toml", "-o", "again.edgerec", cwd=project, timeout=MINUTES)
    assert again.returncode == 0, again.stderr
    assert (project / "again.edgerec").read_bytes() == (project / "made.edgerec").read_bytes()
    assert "epoch" not in again.stderr
    assert "rank for training" not in again.stderr
    assert "Round 3 is given back: of the 3 that hold" in again.stdout
    assert edgerec("check", "again.edgerec", cwd=project).returncode == 0


def test_a_size_asked_for_ends_the_rounds_and_a_floor_that_none_keeps_gives_nothing(
    edgerec: Edgerec, project: Path
) -> None:
    budget(project, 'download_bytes = "1 MiB"')
    done = edgerec("compress", "--recipe", "pruned.toml", "--json", cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    told = looped(done)
    assert told["ended"] == "round 1 is within the size that was asked for, download_bytes = 1,048,576"
    assert (told["best"], len(told["rounds"]), told["bundle"]) == (1, 2, "gru-pruned.edgerec")

    (project / "gru-pruned.edgerec").unlink()
    budget(project, 'recall_kept = "100 %"', 'download_bytes = "1 KiB"')
    done = edgerec("compress", "--recipe", "pruned.toml", cwd=project, timeout=MINUTES)
    assert done.returncode == 1, done.stderr
    assert "holds every floor and size; round" in done.stdout
    assert done.stdout.endswith("Nothing was written.\n")
    assert not (project / "gru-pruned.edgerec").exists()
    assert "Traceback" not in done.stderr


def test_columns_go_for_real_round_by_round(edgerec: Edgerec, project: Path) -> None:
    budget(project, 'recall_kept = "10 %"')
    words = ("compress", "--recipe", "narrowed.toml", "-o", "made.edgerec", "--json")
    done = edgerec(*words, cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    told = looped(done)
    assert [one["gone"] for one in told["rounds"]] == pytest.approx([0, 0.25, 0.5, 0.75])
    model = tflite_file.parse(bundle_format.read(project / "made.edgerec").model)
    shapes = [tensor.shape for graph in model.subgraphs for tensor in graph.tensors]
    left = 16 - 16 * told["best"] // 4
    assert (81, left) in [tuple(shape) for shape in shapes]


def test_a_killed_loop_goes_on_and_gives_the_same_bytes(
    edgerec: Edgerec,
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    killed_after: KilledAfter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget(project, 'recall_kept = "60 %"', "golden = true")
    words = ("compress", "--recipe", "pruned.toml", "-o", "made.edgerec", "--json")
    expected = edgerec(*words, cwd=project, timeout=MINUTES)
    assert expected.returncode == 0, expected.stderr
    made = (project / "made.edgerec").read_bytes()

    killed = tmp_path_factory.mktemp("killed")
    with_environments(killed, monkeypatch)
    for line in ("round 0:", "epoch 1", "pruned_round2: rank", "round 2:"):
        (project / "made.edgerec").unlink(missing_ok=True)
        killed_after(line, *words, cwd=project)
        assert not (project / "made.edgerec").exists()
    done = edgerec(*words, cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert looped(done) == looped(expected)
    assert (project / "made.edgerec").read_bytes() == made
    journals = [Path(json.loads(each.stdout)["journal"]) for each in (done, expected)]
    assert journals[0] != journals[1]
    assert journals[0].read_bytes() == journals[1].read_bytes()


def test_what_nothing_would_end_or_no_update_can_follow_is_refused(edgerec: Edgerec, project: Path) -> None:
    budget(project, "recall_at_5 = 0.1")
    done = edgerec("compress", "--recipe", "pruned.toml", cwd=project, timeout=MINUTES)
    assert done.returncode == 2
    assert "pruned has a loop, and the budget has nothing to end it at" in done.stderr
    assert "Traceback" not in done.stderr

    searched = edgerec("search", "--recipe", "pruned.toml", cwd=project, timeout=MINUTES)
    assert searched.returncode == 2
    assert "pruned has a loop, which ends by what its rounds keep: give it to edgerec compress" in searched.stderr

    planned = edgerec("compress", "--recipe", "pruned.toml", "--dry-run", cwd=project, timeout=MINUTES)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.count("prune sparsity=") == 3
