"""The command line as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def edgerec() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `edgerec` with these arguments in a folder, and give its exit code, stdout and stderr."""

    def run(*arguments: object, cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edgerec.cli", *map(str, arguments)],
            cwd=cwd,
            env={"EDGEREC_HOME": str(REPOSITORY / ".edgerec-test"), **os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
