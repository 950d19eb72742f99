"""A guest's own mappings told from its emulator's, as QEMU's user mode shows both."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from device_tests.guest import Mapping, mapping, own_lines

PAGE = 4096
SIZES = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), min_size=1, max_size=12)


def line(start: int, pages: int, file: int) -> bytes:
    device, name = (b"fe:00", b"/lib/x.so") if file else (b"00:00", b"")
    return b"%x-%x r--p %08x %s %d   %s\n" % (start, start + pages * PAGE, 0, device, file, name)


def laid_out(sizes: Sequence[tuple[int, bool, bool]], moved: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Give a guest's maps, its process's smaps, and the lines of smaps that are the guest's.

    Each size is pages, whether the guest has the mapping, and whether it is of a file.
    """
    maps, smaps, own = [line(PAGE, 1, 99)], [line(PAGE + moved, 1, 99), b"Rss: 4 kB\n"], []
    own += smaps
    place = 8 * PAGE
    for number, (pages, guests, of_file) in enumerate(sizes, 1):
        found = [line(place + moved, pages, number * of_file), b"Rss: %d kB\n" % number]
        smaps += found
        if guests:
            maps.append(line(place, pages, number * of_file))
            own += found
        place += pages * PAGE
    smaps += [line(place + moved + 1_000_000 * PAGE, 3, 12_345), b"Rss: 7 kB\n"]
    return maps, smaps, own


@given(SIZES, st.sampled_from([0, PAGE, 0x1000000000]))
def test_only_mappings_of_the_guest_count_wherever_the_emulator_has_them(
    sizes: list[tuple[int, bool, bool]], moved: int
) -> None:
    maps, smaps, own = laid_out(sizes, moved)
    assert list(own_lines(maps, lambda: smaps)) == own


@given(SIZES)
def test_where_no_emulator_lies_beneath_everything_counts_and_what_came_since_too(
    sizes: list[tuple[int, bool, bool]],
) -> None:
    _, smaps, _ = laid_out(sizes, 0)
    maps = [each for each in smaps if mapping(each) is not None and not each.endswith(b" 0   \n")]
    assert list(own_lines(maps, lambda: smaps)) == smaps


def test_a_line_that_begins_a_mapping() -> None:
    begins = b"7f00-7f01 rw-s 00002000 fe:01 42     /tmp/model.tflite (deleted)\n"
    assert mapping(begins) == Mapping(0x7F00, 0x7F01, (b"fe:01", 42), 0x2000)
    assert mapping(b"Rss:                   7 kB\n") is None


def test_a_system_without_mappings_tells_all_that_it_has() -> None:
    assert list(own_lines([], lambda: [line(PAGE, 1, 7)])) == [line(PAGE, 1, 7)]
