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
