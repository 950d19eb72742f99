"""`edgerec compress` killed at random moments and started again gives the bundle of an uninterrupted run."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from device_tests import bundle
from edgerec import storage

ROOT = Path(__file__).parents[2]
KILLS, SEED = 10, 7
ITEMS = 96
RECIPE = """
float_overlap = 0.1
[[step]]
do = "prune"
sparsity = 0.5
epochs = 1
[convert]
precision = "dynamic_int8"
"""


@dataclass(frozen=True)
class Project:
    """A model, its data and a recipe, and `edgerec compress` on them as a process of its own."""

    folder: Path

    def home(self, name: str) -> Path:
        """A home with an empty step cache and the suite's environments of the runtimes."""
        home = self.folder / name
        home.mkdir()
        for part in ("environments", "harness"):
            (home / part).symlink_to(storage.folder(part))
        return home

    def start(self, home: Path, out: Path) -> subprocess.Popen[bytes]:
        (home / "tmp").mkdir(exist_ok=True)
        settings = {"EDGEREC_HOME": str(home), "TMPDIR": str(home / "tmp"), "PYTHONPATH": str(ROOT)}
        words = ["compress", "tiny.keras", "--data", "ratings.csv", "--recipe", "mine.toml", "-o", str(out)]
        with (home / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "edgerec.cli", *words],
                cwd=self.folder,
                env={**os.environ, **settings},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def finish(self, home: Path, out: Path) -> bytes:
        process = self.start(home, out)
        assert process.wait() == 0, (home / "log").read_text()
        return out.read_bytes()


@pytest.fixture
def project(keras: Any, tmp_path: Path) -> Project:
    from edgerec.data.reading import read_interactions
    from edgerec.models import reference, training
    from edgerec.models.session import session

    rows = [f"u{user},i{(7 * user + 3 * step) % ITEMS:02},{1000 + step}" for user in range(60) for step in range(8)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    data = read_interactions(tmp_path / "ratings.csv")
    session().seed(0)
    untrained = reference.matrix_factorization(data.users, data.items, columns=16, dropout=0.0)
    training.train(untrained, data, training.Fit(20, learning_rate=0.02)).model.save(tmp_path / "tiny.keras")
    (tmp_path / "mine.toml").write_text(RECIPE)
    (tmp_path / "out").mkdir()
    return Project(tmp_path)


def processes_of(home: Path) -> list[int]:
    """Processes that were given this home, whoever started them."""

    def found() -> Iterator[int]:
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"EDGEREC_HOME={home}\0".encode() in entry.read_bytes():
                    yield int(entry.parent.name)
            except OSError:
                continue  # it ended just now

    return list(found())


def assert_alone(home: Path) -> None:
    """No process outlives the one that was killed; the harness may finish what takes it a moment."""
    until = time.monotonic() + 5
    while left := processes_of(home):
        assert time.monotonic() < until, left
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_kills_change_no_byte(project: Project) -> None:
    out = project.folder / "out" / "made.edgerec"
    began = time.monotonic()
    expected = project.finish(project.home("uninterrupted"), out)
    whole_run_s = time.monotonic() - began
    out.unlink()

    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    home, homes, kills = project.home("home 0"), 1, 0
    while kills < KILLS:
        process = project.start(home, out)
        try:
            process.wait(moments.uniform(0.05, 0.95) * whole_run_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            assert_alone(home)
            assert not out.exists() or out.read_bytes() == expected
            continue
        # What earlier runs had finished was not done again, so this one came to its end before its moment.
        assert process.returncode == 0, (home / "log").read_text()
        assert out.read_bytes() == expected
        out.unlink()
        home, homes = project.home(f"home {homes}"), homes + 1
    assert project.finish(home, out) == expected
    assert bundle.read(out).members
    visible = [path.name for path in out.parent.iterdir() if not path.name.startswith(".")]
    assert visible == [out.name]
