"""Small interactions of every shape, for hypothesis."""

from hypothesis import strategies as st

from edgerec.data.interactions import Interactions

ROWS = st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 6))


def interactions_of(rows: list[tuple[int, int, int]]) -> Interactions:
    user, item, time = zip(*rows, strict=True)
    return Interactions.from_columns(user, item, time, list(range(len(rows))))


st.register_type_strategy(
    Interactions, st.lists(ROWS, min_size=1, max_size=40, unique_by=lambda row: row[:2]).map(interactions_of)
)
