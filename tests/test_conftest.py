"""What tests/conftest.py does to a run: in CI a test that is skipped has failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest
def test_within(): pytest.skip("the system forbids it")
@pytest.mark.skipif(True, reason="no such system")
def test_marked(): pass
@pytest.mark.xfail
def test_known(): raise AssertionError
"""


@pytest.mark.parametrize(("ci", "told"), [("", "2 skipped, 1 xfailed"), ("true", "1 failed, 1 xfailed, 1 error")])
def test_a_skipped_test_fails_in_ci_and_nowhere_else(tmp_path: Path, ci: str, told: str) -> None:
    conftest = (Path(__file__).parent / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow\n  tensorflow\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout
    assert done.stdout.count("the system forbids it") == done.stdout.count("no such system") >= 1
