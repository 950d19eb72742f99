"""What every test shares: a folder of the tests' own, and which tests need TensorFlow."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Before anything of edgerec runs: environments and finished steps of the tests never mix with the user's.
os.environ.setdefault("EDGEREC_HOME", str(ROOT / ".edgerec-test"))


@pytest.fixture(scope="session")
def keras():
    """Legacy Keras in this process; a test that asks for it counts as a TensorFlow test."""
    from edgerec.models.session import session

    return session().keras


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "keras" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.tensorflow)
    # The fast ones first: what they find is seen within a minute.
    items.sort(key=lambda item: item.get_closest_marker("tensorflow") is not None)
