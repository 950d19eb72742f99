"""Members asked in the real runtime of this machine without a bundle that stays."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.errors import HarnessError
from device_tests.evaluation import Golden
from edgerec import draft
from edgerec.errors import EdgerecError
from edgerec.targets import environment


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_asked_is_answered_and_nothing_stays(tiny_members: dict[str, bytes], scratch: Path) -> None:
    report = draft.ask(tiny_members, environment.DEFAULT, ("quality",))
    assert report.quality is not None
    assert (report.golden, report.latency, report.memory) == (None, None, None)


def test_the_lists_are_those_of_the_bundle_or_of_the_length_asked_for(
    tiny_members: dict[str, bytes], scratch: Path
) -> None:
    manifest = bundle_format.decode(bundle_format.encode(tiny_members)).manifest
    golden = Golden.from_members(tiny_members, manifest, 12)
    assert golden is not None
    np.testing.assert_array_equal(draft.lists(tiny_members, environment.DEFAULT), golden.float_top)
    np.testing.assert_array_equal(draft.lists(tiny_members, environment.DEFAULT, 3), golden.float_top[:, :3])


def test_what_the_harness_refuses_is_said_and_leaves_nothing(tiny_members: dict[str, bytes], scratch: Path) -> None:
    without = {name: data for name, data in tiny_members.items() if "golden" not in name}
    with pytest.raises((EdgerecError, HarnessError), match="golden"):
        draft.ask(without, environment.DEFAULT, ("golden",))
