"""`scripts/demo` as the README shows it, where the scripts' own environment is there: it is made by `scripts/test`."""

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STATE = REPOSITORY / ".venv" / "edgerec-state"  # written by scripts/environment.sh, "installing" until it is whole


@pytest.mark.tensorflow
@pytest.mark.skipif(not STATE.exists(), reason="no .venv made by the scripts: scripts/test makes it and runs this")
def test_the_demo_ends_with_a_table_and_a_bundle(tmp_path: Path) -> None:
    arguments = ("--epochs", "1", "--recipe", "float32", "-o", str(tmp_path / "out"))
    done = subprocess.run(
        [REPOSITORY / "scripts" / "demo", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "float32" in done.stdout
    (bundle,) = (tmp_path / "out").glob("*.edgerec")
    assert bundle.with_suffix(".report.json").exists()
    assert bundle.name in done.stdout


@pytest.mark.parametrize(
    ("there", "asked", "enough"),
    [
        ("compress,report,test", "compress", True),
        ("compress,report,test", "compress,report,test", True),
        ("compress", "compress,report,test", False),
        ("installing", "compress", False),
    ],
)
def test_the_demo_takes_the_environment_of_the_tests_as_it_is(
    tmp_path: Path, there: str, asked: str, enough: bool
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    (tmp_path / "edgerec-state").write_text(f"digest {there}\n")
    script = (
        f'unset PYTHON; source scripts/environment.sh; venv="$0"; state="$0/edgerec-state"; installed digest {asked}'
    )
    done = subprocess.run(["bash", "-c", script, tmp_path], cwd=REPOSITORY, check=False)
    assert (done.returncode == 0) == enough
