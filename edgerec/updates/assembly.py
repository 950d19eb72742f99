"""From edgerec.toml and flags to the interactions of every update since the first bundle."""

from dataclasses import replace
from pathlib import Path

from edgerec.assembly import Asked, data_setting, holdout, in_vocabulary_of, interactions, model_setting
from edgerec.config import Config
from edgerec.updates.errors import UpdateError
from edgerec.updates.update import Weeks


def weeks_of(config: Config, asked: Asked, given: tuple[Path, ...] = ()) -> Weeks:
    """The weeks in the files `given`, else in those that edgerec.toml names, read like the old interactions.

    Raises UpdateError where neither names any.
    """
    data = data_setting(config, asked)
    files = given or data.new
    if not files:
        raise UpdateError(
            'no new interactions: give --new-interactions FILE.csv, or write [data] new = ["FILE.csv"] in edgerec.toml'
        )
    old, _ = in_vocabulary_of(model_setting(config, asked), data)
    new = tuple(interactions(replace(data, path=each, built_in=False))[0] for each in files)
    return Weeks(old, new, holdout(data.holdout), data.duplicates, data.candidates)
