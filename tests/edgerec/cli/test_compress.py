"""`edgerec compress` as a user runs it: a Keras file and interactions become a bundle that holds."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300
GENTLE = "[[step]]\ndo = 'prune'\nsparsity = 0.5\nepochs = 4\n\n[convert]\nprecision = 'dynamic_int8'\n"


@pytest.fixture
def project(trained: Path) -> Path:
    """Give the user's folder with a recipe and an edgerec.toml that says what the flags would."""
    (trained / "gentle.toml").write_text(GENTLE)
    (trained / "edgerec.toml").write_text(
        "[model]\npath = 'tiny.keras'\nk = 5\n\n[data]\npath = 'ratings.csv'\n\n"
        "[budget]\nrecall_kept = '80 %'\ngolden = true\n"
    )
    return trained


def test_a_model_a_recipe_and_data_become_a_bundle_that_bench_and_check_hold(edgerec: Edgerec, project: Path) -> None:
    arguments = ("--data", "ratings.csv", "--recipe", "gentle.toml", "-o", "out/gru.edgerec")
    planned = edgerec("compress", "tiny.h5", *arguments, "--dry-run", cwd=project, timeout=MINUTES)
    assert planned.returncode == 0, planned.stderr
    assert "prune sparsity=0.5" in planned.stdout
    assert "weights in the file" in planned.stdout
    assert not (project / "out").exists()

    done = edgerec("compress", "tiny.h5", *arguments, cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("out/gru.edgerec: ")
    assert "golden outputs hold in tflite-runtime==2.14.0" in done.stdout
    assert "prune" in done.stdout
    assert done.stdout.rstrip().endswith("bench out/gru.edgerec -o out/gru.report.json")
    bundle = bundle_format.read(project / "out/gru.edgerec")
    assert (bundle.manifest.name, bundle.manifest.recipe, bundle.manifest.k) == ("tiny", "gentle", 5)
    assert bundle.item_ids[7] == "i07"

    again = edgerec("compress", "tiny.h5", *arguments, "--json", cwd=project, timeout=MINUTES)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["sha256"] == bundle.sha256
    assert "epoch" not in again.stderr
    cached = edgerec("compress", "tiny.h5", *arguments, "--dry-run", "--json", cwd=project, timeout=MINUTES)
    assert [step["cached"] for step in json.loads(cached.stdout)["steps"]] == [True, True]

    measured = edgerec("bench", "out/gru.edgerec", "-o", "out/gru.report.json", cwd=project, timeout=MINUTES)
    assert measured.returncode == 0, measured.stderr
    checked = edgerec("check", "out/gru.edgerec", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_edgerec_toml_says_what_the_flags_would(edgerec: Edgerec, project: Path) -> None:
    done = edgerec("compress", cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert bundle_format.read(project / "tiny-int8.edgerec").manifest.k == 5


@pytest.fixture
def renamed(project: Path) -> Path:
    """Give interactions whose items sort the other way round than the model's rows, one of them taken by many more."""
    users = {f"u{user}": [(7 * user + 3 * step) % 40 for step in range(8)] for user in range(60)}
    for one in range(40):
        others = [(11 * one + step) % 39 + 1 for step in range(5)]
        users[f"v{one}"] = [*others, 0] if one % 2 else [0, *others]
    rows = [f"{user},n{99 - item},{time}" for user, items in users.items() for time, item in enumerate(items)]
    (project / "renamed.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    (project / "items.txt").write_text("".join(f"n{99 - item}\n" for item in range(40)))
    return project


def test_the_models_own_vocabulary_puts_the_data_in_its_order_and_a_wrong_order_shows(
    edgerec: Edgerec, renamed: Path
) -> None:
    arguments = ("compress", "--data", "renamed.csv", "--json")
    wrong = edgerec(*arguments, cwd=renamed, timeout=MINUTES)
    assert wrong.returncode == 0, wrong.stderr
    guessed, below = json.loads(wrong.stdout)["warnings"]
    assert guessed.startswith("history 'history' has a table of 41 rows for 40 items")
    assert below.startswith("recall@5 of the float32 model is 0.")
    assert f"warning: {below}" in wrong.stderr.splitlines()

    right = edgerec(*arguments, "--items", "items.txt", cwd=renamed, timeout=MINUTES)
    assert right.returncode == 0, right.stderr
    assert json.loads(right.stdout)["warnings"] == [guessed]
    bundle = bundle_format.read(renamed / "tiny-int8.edgerec")
    assert bundle.item_ids == tuple((renamed / "items.txt").read_text().split())

    (renamed / "items.txt").write_text("".join(f"n{98 - item}\n" for item in range(40)))
    refused = edgerec(*arguments, "--items", "items.txt", "--dry-run", cwd=renamed, timeout=MINUTES)
    assert refused.returncode == 2
    assert "renamed.csv: 1 item ids of the data, such as 'n99', are not among the model's 40" in refused.stderr


def test_a_model_or_data_that_is_not_named_says_how_to_name_it(edgerec: Edgerec, tmp_path: Path) -> None:
    for arguments, message in (
        ((), 'no model: name a .keras or .h5 file, or write [model] path = "..." in edgerec.toml'),
        (("m.keras",), "no data: give --data FILE.csv, or --data movietweetings for the built-in set"),
    ):
        done = edgerec("compress", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {message}")


def test_a_recipe_that_is_not_there_names_the_one_that_was_meant(edgerec: Edgerec, tmp_path: Path) -> None:
    done = edgerec("compress", "m.keras", "--recipe", "prune80_int", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean prune80_int8?" in done.stderr


def week(*rows: tuple[int, int]) -> str:
    """Give interactions of a week: users and the numbers of their items, i40 and above being new."""
    told = [f"u{user},i{item:02},{2000 + time}" for time, (user, item) in enumerate(rows)]
    return "\n".join(["user,item,time", *told]) + "\n"


def test_a_bundle_and_a_week_become_a_small_update(edgerec: Edgerec, project: Path) -> None:
    rows = [(user, item) for user in range(12) for item in ((7 * user + 24) % 40, 40, (7 * user + 27) % 40)]
    (project / "week.csv").write_text(week(*rows, *((user, 40) for user in range(12, 20))))
    (project / "rows8.toml").write_text(
        "[[table]]\ncodec = 'int8'\nlayers = ['*']\n\n[convert]\nprecision = 'dynamic_int8'\n"
    )
    first = edgerec("compress", "--recipe", "rows8.toml", "-o", "v1.edgerec", cwd=project, timeout=MINUTES)
    assert first.returncode == 0, first.stderr
    arguments = ("compress", "--recipe", "rows8.toml", "--from", "v1.edgerec", "--new-interactions", "week.csv")
    done = edgerec(*arguments, "--json", cwd=project, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["path"], told["new_items"]) == ("v1-next.edgerec", 1)
    assert told["update"]["delta_bytes"] < told["rebuild"]["delta_bytes"]
    made = [bundle_format.read(project / name) for name in ("v1.edgerec", "v1-next.edgerec")]
    assert made[1].item_ids == (*made[0].item_ids, "i40")

    (project / "week.csv").write_text("user,item,time\nu1,other1,2000\nu1,other2,2001\n")
    refused = edgerec(*arguments, cwd=project, timeout=MINUTES)
    assert refused.returncode == 2
    assert (
        "2 of the 2 items in the new interactions are not in the bundle, such as 'other1', 'other2'" in refused.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--new-interactions", "week.csv"), "--new-interactions goes with --from, the bundle that they came after"),
        (("--from", "v1.edgerec", "--dry-run"), "--dry-run tells the steps of a first bundle"),
        (("--from", "v1.edgerec"), "cannot read v1.edgerec"),
    ],
)
def test_half_of_an_update_is_refused(
    edgerec: Edgerec, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = edgerec("compress", "m.keras", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
