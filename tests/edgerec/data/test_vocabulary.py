from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data.errors import DataError
from edgerec.data.vocabulary import encode_ids, read_ids, read_lines, renumbered


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(-(10**9), 10**9)), min_size=1))
def test_codes_lead_back_to_the_ids_and_numbers_sort_by_value(ids: list[int]) -> None:
    codes, names = encode_ids(ids, "user")
    assert [int(names[code]) for code in codes] == ids
    assert [int(name) for name in names] == sorted(set(ids))
    assert codes.dtype == np.int32


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z][a-z0-9 ]{0,5}", fullmatch=True), min_size=1), st.randoms())
def test_text_sorts_by_code_point_whatever_the_order_of_rows(ids: list[str], random: object) -> None:
    codes, names = encode_ids(ids, "user")
    assert [names[code] for code in codes] == ids
    assert list(names) == sorted(set(ids))


def test_numbers_as_text_numbers_and_arrays_mean_the_same() -> None:
    expected = ([2, 1, 0], ("9", "10", "200"))
    for ids in ([200, 10, 9], ["200", "10", "9"], np.array([200, 10, 9]), np.array(["200", "10", "9"], object)):
        codes, names = encode_ids(ids, "item")
        assert (codes.tolist(), names) == expected


def test_codes_of_one_length_are_text_even_when_some_look_like_numbers() -> None:
    assert encode_ids(["B00005N5PF", "1234567890", "0002251760"], "item")[1] == (
        "0002251760",
        "1234567890",
        "B00005N5PF",
    )


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([1, "a"], "mixes whole numbers and text"),
        (["7", "12.0"], "'7' in row 1 is a whole number and '12.0' in row 2 is not (a column with gaps"),
        (["1234", "anna"], "is not (one of them may be a slip)"),
        (["7", "a"], "'a' in row 2 is not"),
        (["12", "anna"], "one of them may be a slip"),
        (["7", "07"], "'07' in row 2"),
        (["anna", ""], "'' in row 2, which is no id"),
        (["anna", "nan"], "'nan' in row 2"),
        (["two\nlines"], "which is no id"),
        ([1, None], "None in row 2, which is no id"),
        ([1.5, 2.0], "1.5 in row 1, which is no id"),
        (np.array([1.0, np.nan]), "1.0 in row 1, which is no id"),
        ([True, False], "True in row 1, which is no id"),
    ],
)
def test_ids_that_are_mixed_or_missing_are_refused_with_their_row(ids: list[object], words: str) -> None:
    with pytest.raises(DataError) as refusal:
        encode_ids(ids, "user")
    assert words in str(refusal.value)
    assert "'user'" in str(refusal.value)


def test_mixed_ids_become_text_on_request() -> None:
    codes, names = encode_ids([12, "anna", "7"], "user", allow_mixed=True)
    assert names == ("12", "7", "anna")
    assert codes.tolist() == [0, 2, 1]


def test_a_vocabulary_is_one_id_a_line(tmp_path: Path) -> None:
    (tmp_path / "items.txt").write_bytes("\ufeffa b\r\n\u2028c\n".encode())
    assert read_lines(tmp_path / "items.txt") == read_ids(tmp_path / "items.txt") == ("a b", "\u2028c")
    (tmp_path / "items.txt").write_text("a\n\na")
    assert read_lines(tmp_path / "items.txt") == ("a", "", "a")
    (tmp_path / "items.txt").write_text("")
    assert read_lines(tmp_path / "items.txt") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ok\n\xff\n", "not UTF-8 at byte 3"),
        (b"a\n\nb\n", "items.txt:2: holds '', which is no id"),
        (b"a\nb\nb\nb\n", "holds 'b' 3 times"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "items.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_ids(tmp_path / "items.txt")


def test_codes_are_told_in_another_vocabulary() -> None:
    codes = np.array([0, 2, 0], np.int32)
    found = renumbered(codes, ("a", "unused", "c"), ("z", "c", "a"), "item")
    assert (found.tolist(), found.dtype) == ([2, 1, 2], np.int32)
    with pytest.raises(DataError, match="2 item ids of the data, such as 'a', are not among the model's 1"):
        renumbered(codes, ("a", "unused", "c"), ("z",), "item")
