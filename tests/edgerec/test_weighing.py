"""How parts are looked at: whole where they are small, in evenly spaced blocks where not."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.stored_numbers import Numbers
from edgerec.weighing import Part, weigh


def part(data: bytes) -> Part:
    return Part((memoryview(data),), lambda pieces: Numbers(sum(map(len, pieces)), None, None))


def deflated(data: bytes) -> int:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return len(packer.compress(data) + packer.flush())


def test_a_small_part_is_deflated_and_counted_whole() -> None:
    data = b"recommender" * 20_000
    (found,) = weigh([part(data)])
    assert (found.bytes, found.looked_at_bytes, found.estimated) == (len(data), len(data), False)
    assert found.deflated_bytes == deflated(data)
    assert found.numbers == Numbers(len(data), None, None)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300_000), min_size=1, max_size=6), st.integers(0, 400_000))
def test_no_more_is_read_than_allowed_and_small_parts_first(sizes: list[int], most: int) -> None:
    found = weigh([part(bytes(size)) for size in sizes], most)
    assert sum(one.looked_at_bytes for one in found) <= most
    smallest = min(found, key=lambda one: one.bytes)
    assert smallest.looked_at_bytes == smallest.bytes or smallest.bytes > most // len(sizes)
    assert all(one.numbers is not None and one.numbers.elements == one.looked_at_bytes for one in found)


def test_an_estimate_is_near_what_deflating_all_gives() -> None:
    random = np.random.default_rng(3)
    # The first half compresses well and the second not at all: blocks of one end alone would say so of all.
    data = bytes(2_000_000) + random.bytes(2_000_000)
    (found,) = weigh([part(data)], 400_000)
    assert found.estimated
    assert found.deflated_bytes == pytest.approx(deflated(data), rel=0.03)


def test_everything_is_read_when_asked_for() -> None:
    data = np.random.default_rng(3).bytes(5 << 20)
    (sampled,) = weigh([part(data)])
    (whole,) = weigh([part(data)], None)
    assert (sampled.estimated, whole.estimated) == (True, False)
    assert whole.deflated_bytes == deflated(data)


def test_a_part_in_pieces_is_deflated_as_one() -> None:
    pieces = (b"abc" * 100, b"abc" * 200)
    (found,) = weigh([Part(tuple(map(memoryview, pieces)))])
    assert found.deflated_bytes == deflated(b"".join(pieces))
