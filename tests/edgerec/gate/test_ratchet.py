from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.baseline import NOTHING, Accepted, Figure, StoredTensor
from edgerec.gate.ratchet import Moved, ratcheted

SIZE = Figure("app_bytes", "", 1000, (), "read from the file", "", "ab" * 32)
RECALL = Figure("recall_at_10", "", 0.2, (), "measured", "pi.json", "ab" * 32)
P50 = Figure("p50", "pi", 1000, (980, 1020), "measured", "pi.json", "ab" * 32)


def accepted(*figures: Figure, table: int = 100) -> Accepted:
    return Accepted(figures, (StoredTensor("table", "INT8", (table,), table),))


def amounts(found: Accepted) -> dict[str, float]:
    return {one.name: one.amount for one in found.figures}


def test_the_first_figures_are_all_taken_up() -> None:
    found, moved = ratcheted(NOTHING, accepted(SIZE, RECALL), bundle="a")
    assert found == accepted(SIZE, RECALL)
    assert moved == (
        Moved("a", "app_bytes", "", None, 1000),
        Moved("a", "recall_at_10", "", None, 0.2),
        Moved("a", "tensors", "", None, 100),
    )


def test_what_became_better_is_taken_up_and_what_became_worse_is_not() -> None:
    new = accepted(replace(SIZE, amount=900), replace(RECALL, amount=0.19), table=90)
    found, moved = ratcheted(accepted(SIZE, RECALL), new)
    assert amounts(found) == {"app_bytes": 900, "recall_at_10": 0.2}
    assert found.tensors == new.tensors
    assert [(one.name, one.before, one.after) for one in moved] == [("app_bytes", 1000, 900), ("tensors", 100, 90)]


def test_worse_figures_and_larger_tensors_are_taken_up_only_where_that_is_said() -> None:
    new = accepted(replace(SIZE, amount=1100), replace(RECALL, amount=0.19), table=110)
    assert ratcheted(accepted(SIZE, RECALL), new) == (accepted(SIZE, RECALL), ())
    assert ratcheted(accepted(SIZE, RECALL), new, allow_growth=True)[0] == new


def test_a_change_below_the_threshold_moves_nothing() -> None:
    old = accepted(SIZE)
    for amount in (996, 1004):
        assert ratcheted(old, accepted(replace(SIZE, amount=amount)), threshold=0.005, allow_growth=True) == (old, ())


def test_a_faster_call_within_the_noise_does_not_lower_the_baseline_and_one_beyond_it_does() -> None:
    lucky = accepted(replace(P50, amount=985, interval=(970, 1000)))
    faster = accepted(replace(P50, amount=900, interval=(890, 910)))
    assert ratcheted(accepted(P50), lucky)[1] == ()
    assert amounts(ratcheted(accepted(P50), faster)[0]) == {"p50": 900}


def test_figures_of_another_machine_are_kept_apart_and_those_not_measured_again_stay() -> None:
    found, _ = ratcheted(accepted(P50), accepted(replace(P50, measurer="phone", amount=5000, interval=())))
    assert {one.key: one.amount for one in found.figures} == {("p50", "pi"): 1000, ("p50", "phone"): 5000}


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20), st.floats(0, 0.1))
def test_without_the_word_a_ratchet_never_rises(sizes: list[int], threshold: float) -> None:
    state, before = accepted(replace(SIZE, amount=sizes[0])), float(sizes[0])
    for size in sizes[1:]:
        state, _ = ratcheted(state, accepted(replace(SIZE, amount=size)), threshold=threshold)
        assert amounts(state)["app_bytes"] <= before
        before = amounts(state)["app_bytes"]
    assert before * (1 - threshold) <= min(sizes) + 1e-6
