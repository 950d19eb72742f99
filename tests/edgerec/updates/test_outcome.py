"""What is counted of an update, on numbers by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from device_tests import bundle as bundle_format
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from device_tests.report import Quality
from edgerec.codecs.change import Change
from edgerec.updates.outcome import LayerRows, layer_rows, shipped


def test_quality_is_over_users_and_that_of_new_items_over_items(tiny_bundle: Path, tiny_quality: Quality) -> None:
    bundle = bundle_format.read(tiny_bundle)
    k = bundle.manifest.k
    relevant = Ragged(np.array([0, 1, 3], np.int32), np.array([2, 9, 8], np.int32))
    judged = EvaluationSet({}, Ragged(np.zeros(3, np.int32), np.zeros(0, np.int32)), relevant, np.ones(10, np.int32))
    quality = replace(tiny_quality, users=2, offsets=(0, 1, 3), ranks=(1, k, k + 1), segments={})
    found = shipped(bundle, quality, judged, 123, old_items=8)
    assert (found.recall, found.new_hit_rate, found.delta_bytes) == (0.75, 0.5, 123)
    assert (found.app_bytes, found.download_bytes) == (bundle.app_bytes, bundle.download_bytes)
    assert shipped(bundle, quality, judged, 123, old_items=10).new_hit_rate is None


def test_a_new_row_is_not_counted_as_touched_too() -> None:
    change = Change(np.array([0, 1, 2, -1, 3]), np.array([True, False, False, True, False]))
    assert layer_rows("items", change) == LayerRows("items", 5, 1, 1)
