"""`edgerec evaluate` in the real runtime of this machine."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.manifest import Input

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300


def test_a_user_of_the_evaluation_set_sees_their_list_beside_float32s(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path
) -> None:
    done = edgerec("evaluate", tiny_bundle.name, "--user", 3, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert "has seen 4 items" in done.stdout
    assert "100.0 % of float32's list is in this one" in done.stdout
    assert "Film " in done.stdout


def test_a_history_gives_what_numpy_gives_and_leaves_out_what_was_seen(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, tiny_model: object
) -> None:
    arguments = ("--history", "i5, i7", "--beside", tiny_bundle.name, "--json", "--k", 7)
    done = edgerec("evaluate", tiny_bundle.name, *arguments, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    scores = tiny_model.scores(np.array([[40, 40, 5, 7]]))[0]  # type: ignore[attr-defined]
    scores[[5, 7]] = -np.inf
    expected = [f"i{item}" for item in np.argsort(-scores, kind="stable")[:7]]
    assert [item["id"] for item in value["items"]] == expected
    assert value["float32"] == value["items"]
    assert [item["title"] for item in value["seen"]] == ["Film 5", "Film 7"]


def test_a_model_of_vectors_is_asked_by_a_row_of_the_evaluation_set(
    edgerec: Edgerec, tmp_path: Path, tiny_factors: Any
) -> None:
    bundle = tiny_factors.bundle(tmp_path / "factors.edgerec")
    done = edgerec("evaluate", bundle.name, "--user", 7, "--json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    scores = tiny_factors.float32.users[7] @ tiny_factors.float32.items.T
    scores[tiny_factors.evaluation.seen[7]] = -np.inf
    assert [item["id"] for item in value["items"]] == [f"i{item}" for item in np.argsort(-scores)[:10]]
    assert value["float32"] == value["items"]
    refused = edgerec("evaluate", bundle.name, "--history", "i5", cwd=tmp_path)
    assert refused.returncode == 2
    assert "this model takes vector (vector): a history alone is not enough; give --user" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--history", "i5,ii7"), "item 'ii7' is not in the bundle's catalogue (did you mean i7?)"),
        (("--user", "12"), "user '12' is not known: the bundle has rows 0 to 11"),
        (("--user", "3", "--history", "i5"), "give --user or --history, and not both"),
        ((), "give --user or --history"),
    ],
)
def test_who_the_bundle_cannot_be_asked_about_is_exit_code_2(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = edgerec("evaluate", tiny_bundle.name, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_model_with_a_user_table_is_asked_by_the_users_id(
    edgerec: Edgerec, tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_bundle: Path
) -> None:
    manifest = bundle_format.read(tiny_bundle).manifest
    user = Input("history", "user", 0, 41, None)
    members = rebuilt({bundle_format.USERS: b"anna\nbert\n"}, inputs=(user,))
    kept = {name: data for name, data in members.items() if name.startswith("app/")}
    bundle_format.write(tmp_path / "user.edgerec", kept)
    assert manifest.k == 10
    done = edgerec("evaluate", "user.edgerec", "--user", "ann", cwd=tmp_path)
    assert done.returncode == 2
    assert "user 'ann' is not in the bundle's 2 users (did you mean anna?)" in done.stderr
