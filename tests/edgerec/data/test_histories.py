import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data.errors import DataError
from edgerec.data.histories import histories, training_pairs
from edgerec.data.interactions import Interactions

ANY = st.from_type(Interactions)


def padded(items: list[int], length: int, padding_id: int) -> list[int]:
    return [padding_id] * (length - len(items)) + items[-length:]


@settings(deadline=None)
@given(ANY, st.integers(1, 7))
def test_histories_and_pairs_are_those_of_a_plain_loop(interactions: Interactions, length: int) -> None:
    sequences = [interactions.item[interactions.user == user].tolist() for user in range(interactions.users)]
    expected = [padded(items, length, 99) for items in sequences]
    assert histories(interactions, length, 99).tolist() == expected
    pairs = [(padded(items[:place], length, 99), items[place]) for items in sequences for place in range(1, len(items))]
    history, target = training_pairs(interactions, length, 99)
    assert history.tolist() == [pair[0] for pair in pairs]
    assert target.tolist() == [pair[1] for pair in pairs]
    assert history.dtype == target.dtype == np.int32
    assert history.shape == (len(pairs), length)


def test_a_user_without_rows_has_an_empty_history() -> None:
    whole = Interactions.from_columns([1, 2], [5, 6], [1, 1])
    assert histories(whole.rows(whole.user == 0), 2, 9).tolist() == [[9, 0], [9, 9]]


def test_a_history_of_no_length_is_refused() -> None:
    with pytest.raises(DataError, match="at least 1 item, not 0"):
        histories(Interactions.from_columns([1], [5], [1]), 0, 9)
