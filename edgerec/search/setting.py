"""`[search]` of edgerec.toml: how long to search and with what."""

from dataclasses import dataclass

from edgerec.strict_toml import Table


@dataclass(frozen=True)
class SearchSetting:
    """Trials in all, in a round, and processes that run them (None: one a core, which changes no result); a seed.

    `no_progress_rounds` ends the search when so many rounds brought no better candidate, None never.
    """

    trials: int = 40
    round_size: int = 8
    workers: int | None = None
    seed: int = 0
    no_progress_rounds: int | None = None


DEFAULTS = SearchSetting()


def search_setting(table: Table | None) -> SearchSetting:
    """Give the setting that a `[search]` table holds, the defaults for none. Raises TomlError naming the line."""
    if table is None:
        return DEFAULTS
    setting = SearchSetting(
        trials=table.integer("trials", least=1) or DEFAULTS.trials,
        round_size=table.integer("round_size", least=1) or DEFAULTS.round_size,
        workers=table.integer("workers", least=1),
        seed=table.integer("seed", least=0) or 0,
        no_progress_rounds=table.integer("no_progress_rounds", least=1),
    )
    table.refuse_unknown()
    return setting
