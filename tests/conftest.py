"""What every test shares: a folder of the tests' own, a builder of .tflite files, and which tests need TensorFlow."""

import importlib.util
import os
import signal
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent

# Before anything of edgerec runs: environments and finished steps of the tests never mix with the user's.
os.environ.setdefault("EDGEREC_HOME", str(ROOT / ".edgerec-test"))

# What is started in the background may have these ignored, and children inherit that: nothing to test then.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture(scope="session")
def keras():
    """Legacy Keras in this process; a test that asks for it counts as a TensorFlow test."""
    from edgerec.models.session import session

    return session().keras


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """Give the script that makes the fixture files, for its builder of .tflite files."""
    spec = importlib.util.spec_from_file_location("make_fixtures", ROOT / "scripts" / "make_fixtures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is left out: a test that cannot run there has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"CI leaves no test out, and this one says: {reason}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "keras" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.tensorflow)
    # The fast ones first: what they find is seen within a minute.
    items.sort(key=lambda item: item.get_closest_marker("tensorflow") is not None)
