from edgerec.config import parse_config
from edgerec.floors import DEFAULT, Floor, Floors
from edgerec.gate.from_quality import floors_of


def test_the_floors_of_a_budget_are_its_limits_on_what_is_kept_and_the_default_ones() -> None:
    default = parse_config('[budget]\np50 = "2 ms"\nfloors = "default"\n').budget
    assert floors_of(default, 10) == Floors() == Floors(DEFAULT, strict=False)
    own = parse_config('[budget]\nstrict = true\ncandidates_kept = "80 %"\nmrr_kept_at_5 = 0.9\n').budget
    halves = tuple(Floor("candidates", 7, 0.8, half) for half in ("popular_half", "unpopular_half"))
    assert floors_of(own, 7) == Floors((*halves, Floor("mrr", 5, 0.9)), strict=True)
    assert floors_of(parse_config("").budget, 10) == Floors(())
