"""`[search]` as it is read."""

from edgerec.search.setting import SearchSetting, search_setting
from edgerec.strict_toml import parse_toml


def test_what_is_not_said_has_a_default_and_zero_is_a_seed() -> None:
    assert search_setting(None) == search_setting(parse_toml("", "x.toml")) == SearchSetting()
    said = search_setting(parse_toml("trials = 7\nround_size = 2\nworkers = 3\nseed = 0\nno_progress_rounds = 1", "x"))
    assert said == SearchSetting(7, 2, 3, 0, 1)
