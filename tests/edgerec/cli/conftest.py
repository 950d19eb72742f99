"""The command line as a user calls it, and a trained recommender as a user's files."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
ITEMS, LENGTH = 40, 4


def called(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `edgerec` in a folder as a process of its own would, but in this one: it spares an interpreter's start."""
    from edgerec.cli.main import run

    out, error = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
        patch.chdir(folder)
        patch.setattr(sys, "argv", [str(REPOSITORY / "edgerec/cli/__main__.py"), *arguments])
        patch.setattr(tempfile, "tempdir", environment.get("TMPDIR"))
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)  # which the command changes
        for name, value in environment.items():
            patch.setenv(name, value)
        code = run(arguments)
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), error.getvalue())


@pytest.fixture
def edgerec(request: pytest.FixtureRequest) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `edgerec` with these arguments in a folder, and give its exit code, stdout and stderr.

    Where TensorFlow is needed it is a process of its own: what this one has done to TensorFlow is not a user's.
    """
    own_process = request.node.get_closest_marker("tensorflow") is not None

    def run(*arguments: object, cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        environment = {"EDGEREC_HOME": str(REPOSITORY / ".edgerec-test"), **os.environ, "PYTHONPATH": str(REPOSITORY)}
        if not own_process:
            return called(list(map(str, arguments)), cwd, environment)
        return subprocess.run(
            [sys.executable, "-m", "edgerec.cli", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def killed_after() -> Callable[..., None]:
    """Run `edgerec` in a folder and kill it, children and all, when it has said a line with these words in it."""

    def kill(line: str, *arguments: str, cwd: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "edgerec.cli", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running:
            assert running.stderr is not None
            assert any(line in said for said in running.stderr), "it ended before it said so"
            os.killpg(running.pid, signal.SIGKILL)

    return kill


def ratings(items: int, users: int = 60) -> str:
    """Give interactions of users with `items` items as csv: everybody goes three items further each time."""
    rows = [f"u{user},i{(7 * user + 3 * step) % items:02},{1000 + step}" for user in range(users) for step in range(8)]
    return "\n".join(["user,item,time", *rows]) + "\n"


@pytest.fixture(scope="session")
def keras_files(keras: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give ratings.csv, a GRU trained on it as tiny.keras and tiny.h5, one with dropout and one with a NaN weight."""
    from edgerec.data.reading import read_interactions
    from edgerec.models import reference, training
    from edgerec.models.session import session
    from edgerec.models.training import Fit

    made = tmp_path_factory.mktemp("keras")
    (made / "ratings.csv").write_text(ratings(ITEMS))
    session().seed(0)
    untrained = reference.gru(ITEMS, length=LENGTH, columns=16, dropout=0.0)
    model = training.train(untrained, read_interactions(made / "ratings.csv"), Fit(epochs=60, batch=64)).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is the older format
        model.save(made / "tiny.h5")
    model.save(made / "tiny.keras")
    reference.gru(ITEMS, length=LENGTH, columns=16, dropout=0.5).model.save(made / "dropout.keras")
    weights = model.get_weights()
    weights[0][3, 2] = float("nan")
    model.set_weights(weights)
    model.save(made / "nan.keras")
    return made


@pytest.fixture
def trained(tmp_path: Path, keras_files: Path) -> Path:
    """Give a user's folder with the Keras files and the data they were trained on."""
    for path in keras_files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture(scope="session")
def gru_files(keras: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a GRU with tables of more than 1,024 numbers, as gru.keras, and ratings.csv that it was trained on."""
    from edgerec.data.reading import read_interactions
    from edgerec.models import reference, training
    from edgerec.models.session import session
    from edgerec.models.training import Fit

    made = tmp_path_factory.mktemp("gru")
    (made / "ratings.csv").write_text(ratings(80, users=120))
    session().seed(0)
    untrained = reference.gru(80, length=LENGTH, columns=16, dropout=0.0)
    trained = training.train(untrained, read_interactions(made / "ratings.csv"), Fit(epochs=40, batch=64))
    trained.model.save(made / "gru.keras")
    return made


@pytest.fixture
def gru(tmp_path: Path, gru_files: Path) -> Path:
    """Give a user's folder with the GRU and the data that it was trained on."""
    for path in gru_files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path
