"""The bytes between two app parts."""

from collections.abc import Callable
from pathlib import Path

import bsdiff4
import numpy as np

from device_tests import bundle as bundle_format
from edgerec.updates.delta import delta_bytes


def test_a_patch_is_of_the_app_part_alone_and_grows_with_what_changes_there(
    tiny_bundle: Path, rebuilt: Callable[..., dict[str, bytes]]
) -> None:
    before = bundle_format.read(tiny_bundle)

    def after(changes: dict[str, bytes]) -> bundle_format.Bundle:
        return bundle_format.decode(bundle_format.encode(rebuilt(changes)))

    titles = after({bundle_format.TITLES: before.members[bundle_format.TITLES].replace(b"Film", b"Movie")})
    assert delta_bytes(before, titles) == delta_bytes(before, before)
    noise = np.random.default_rng(0).bytes(500)
    longer = after({bundle_format.MODEL: before.model + noise})
    assert delta_bytes(before, longer) > delta_bytes(before, before) + 400


def test_a_patch_makes_the_app_part_of_the_next_bundle(
    tiny_bundle: Path, rebuilt: Callable[..., dict[str, bytes]]
) -> None:
    before = bundle_format.read(tiny_bundle)
    after = bundle_format.decode(bundle_format.encode(rebuilt({bundle_format.MODEL: before.model + b"more"})))
    parts = [bundle_format.encode(each.app) for each in (before, after)]
    patch = bsdiff4.diff(*parts)
    assert bsdiff4.patch(parts[0], patch) == parts[1]
    assert len(patch) == delta_bytes(before, after)
