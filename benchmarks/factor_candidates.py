"""The settings that are walked, from small to large, for each row of the table of sizes; and those of the baseline."""

from dataclasses import dataclass, replace

from benchmarks.factor_models import Fitting
from benchmarks.factor_settings import SHOWN, Codes, Integers, Setting


@dataclass(frozen=True)
class Grids:
    """What is chosen from on validation, for one data set.

    own      every item has a row of its own
    shared   rows may share codes
    dropped  items that are shown to nobody are left out
    """

    fittings: tuple[Fitting, ...]
    own: tuple[Setting, ...]
    shared: tuple[Setting, ...]
    dropped: tuple[Setting, ...]


_SHORT = ((8, 8), (24, 4))
_LONG = ((8, 8), (40, 4))
_THIRTY_TWO = ((2, 8), (6, 4), (24, 4))
_FORTY = ((2, 8), (6, 8), (32, 4))
_NEAR = 5.0


def _with_codes(to: float, codes: int) -> Setting:
    """Return a tier of integers and so many codes of 16 centroids for all rows after it."""
    return Setting((Integers(to, _SHORT, 0.2, 0.2), Codes(1, 32, codes, 16)), SHOWN, background=_NEAR)


MOVIETWEETINGS = Grids(
    fittings=tuple(Fitting(r, a) for r in (50.0, 100.0, 200.0, 400.0) for a in (10.0, 20.0, 40.0, 80.0)),
    own=(
        *(
            Setting((Integers(0.16, _SHORT, 0.2, 0.2), Integers(1, _THIRTY_TWO, step)), SHOWN, background=_NEAR)
            for step in (0.11, 0.1, 0.09, 0.08, 0.07)
        ),
        *(
            Setting((Integers(0.2, _LONG, 0.15, 0.2), Integers(1, _FORTY, step)), SHOWN, background=_NEAR)
            for step in (0.06, 0.05, 0.04)
        ),
    ),
    shared=(
        *(_with_codes(0.16, codes) for codes in (8, 10, 12)),
        *(_with_codes(to, 12) for to in (0.17, 0.18, 0.2)),
        _with_codes(0.2, 14),
    ),
    dropped=(
        *(Setting((Integers(1, _SHORT, step, 0.2),), SHOWN, kept=1.0, background=_NEAR) for step in (0.25, 0.2, 0.16)),
        *(Setting((Integers(1, _LONG, step, 0.2),), SHOWN, kept=1.0, background=_NEAR) for step in (0.2, 0.15)),
    ),
)

_8, _4, _4_AND_2 = ((64, 8),), ((64, 4),), ((8, 4), (56, 2))
# The rows that are shown at all lie in the first quarter.
_SHOWN = (Integers(0.07, _8, 0.04, 0), Integers(0.24, _4, 0.1))
_NEAR_MANY = 50.0


def _near(rest: Integers | Codes) -> Setting:
    """Return the rows that are shown in their own metrics, and what all rows after them are."""
    return Setting((Integers(0.07, _8, 0.15, 0), Integers(0.24, _4, 0.15, 0), rest), SHOWN, background=_NEAR_MANY)


def _codes(codes: int) -> Codes:
    return Codes(1, 64, codes, 64, gain=0.5, rounds=4)


def _shown(to: float, step: float) -> Setting:
    """Return the rows that are shown alone, in their own metrics, the first of them in 8 bits."""
    return Setting((Integers(to, _8, step, 0), Integers(1, _4, step, 0)), SHOWN, kept=1.0, background=_NEAR_MANY)


AMAZON = Grids(
    fittings=(Fitting(3, 20), Fitting(10, 40), Fitting(10, 80), Fitting(30, 80)),
    own=(
        _near(Integers(1, _4_AND_2, 0.2, 1)),
        *(Setting((*_SHOWN, Integers(1, _4_AND_2, step, 1)), SHOWN) for step in (0.2, 0.16, 0.13)),
        Setting((*_SHOWN, Integers(1, _4, 0.15, 0.7)), SHOWN),
    ),
    shared=(
        _near(_codes(4)),
        Setting((*_SHOWN, _codes(4)), SHOWN),
        Setting((Integers(0.08, _8, 0.035, 0), Integers(0.26, _4, 0.095), _codes(5)), SHOWN),
    ),
    dropped=(
        *(_shown(0.05, step) for step in (0.175, 0.165)),
        *(_shown(0.1, step) for step in (0.165, 0.15)),
        _shown(0.3, 0.14),
        Setting((Integers(0.3, _8, 0.04, 0), Integers(1, _4, 0.1)), SHOWN, kept=1.0),
    ),
)


def sharing(grids: Grids) -> Grids:
    """Return grids whose shared settings begin with those of rows of their own: sharing is allowed, not asked for."""
    return replace(grids, shared=(*grids.shared, *grids.own))
