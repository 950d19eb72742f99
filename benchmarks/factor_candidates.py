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


_NARROW = ((4, 8), (12, 8), (16, 8))
_WIDE = ((4, 8), (12, 8), (32, 8))
_MIXED = ((4, 8), (12, 8), (16, 4))
_THIRTY_TWO = ((2, 8), (6, 4), (24, 4))
_FORTY = ((2, 8), (6, 8), (32, 4))

MOVIETWEETINGS = Grids(
    fittings=tuple(Fitting(r, a) for r in (50.0, 100.0, 200.0, 400.0) for a in (10.0, 20.0, 40.0, 80.0)),
    own=(
        *(
            Setting((Integers(0.16, _NARROW, 0.04, 0.2), Integers(1, _THIRTY_TWO, step)), SHOWN)
            for step in (0.1, 0.09, 0.08, 0.07, 0.06)
        ),
        *(
            Setting((Integers(0.2, _NARROW, 0.03, 0.2), Integers(1, _FORTY, step)), SHOWN)
            for step in (0.06, 0.05, 0.04)
        ),
    ),
    shared=(
        Setting((Integers(0.16, _NARROW, 0.04, 0.2), Codes(1, 32, 8, 16)), SHOWN),
        Setting((Integers(0.16, _NARROW, 0.04, 0.2), Codes(1, 32, 10, 16)), SHOWN),
        Setting((Integers(0.2, _NARROW, 0.03, 0.2), Codes(1, 32, 10, 16)), SHOWN),
        Setting((Integers(0.16, _MIXED, 0.04, 0.2), Codes(1, 32, 12, 16)), SHOWN),
        Setting((Integers(0.18, _MIXED, 0.04, 0.2), Codes(1, 32, 12, 16)), SHOWN),
        Setting((Integers(0.2, _MIXED, 0.04, 0.2), Codes(1, 32, 12, 16)), SHOWN),
        Setting((Integers(0.2, _NARROW, 0.03, 0.2), Codes(1, 32, 12, 16)), SHOWN),
        Setting((Integers(0.2, _WIDE, 0.03, 0.2), Codes(1, 32, 14, 16)), SHOWN),
    ),
    dropped=(
        *(Setting((Integers(1, _NARROW, step, 0.2),), SHOWN, kept=1.0) for step in (0.06, 0.05, 0.04, 0.03)),
        *(Setting((Integers(1, _WIDE, step, 0.2),), SHOWN, kept=1.0) for step in (0.04, 0.03)),
    ),
)

_8, _4, _2 = ((64, 8),), ((64, 4),), ((64, 2),)


def _coded(finest: float, to: float, fine: float, more: int, fewer: int) -> Setting:
    """Return 5 % of the rows at 8 bits, those up to `to` at 4, then `more` codes up to half of the rows and `fewer`."""
    codes = (Codes(0.5, 64, more, 64, gain=0.5, rounds=4), Codes(1, 64, fewer, 64, gain=0.5, rounds=4))
    return Setting((Integers(0.05, _8, finest, 0), Integers(to, _4, fine), *codes))


AMAZON = Grids(
    fittings=(Fitting(3, 20), Fitting(10, 40), Fitting(10, 80), Fitting(30, 80)),
    own=(
        *(
            Setting((Integers(0.05, _8, 0.05, 0), Integers(0.25, _4, 0.12), Integers(1, _2, step, 1)))
            for step in (0.2, 0.18, 0.15)
        ),
        Setting((Integers(0.06, _8, 0.04, 0), Integers(0.4, _4, 0.11), Integers(1, _2, 0.18, 1))),
        *(Setting((Integers(0.05, _8, 0.05, 0), Integers(1, _4, step, 0.6))) for step in (0.15, 0.13)),
    ),
    shared=(
        _coded(0.045, 0.22, 0.11, 6, 4),
        _coded(0.045, 0.25, 0.11, 6, 4),
        _coded(0.04, 0.22, 0.11, 8, 4),
        _coded(0.045, 0.3, 0.11, 8, 5),
        _coded(0.045, 0.35, 0.11, 8, 6),
    ),
    dropped=(
        Setting((Integers(0.2, _8, 0.05, 0), Integers(1, _4, 0.13)), SHOWN, kept=0.95),
        Setting((Integers(0.25, _8, 0.05, 0), Integers(1, _4, 0.12)), SHOWN, kept=1.0),
        Setting((Integers(0.3, _8, 0.04, 0), Integers(1, _4, 0.1)), SHOWN, kept=1.0),
        Setting((Integers(0.3, _8, 0.04, 0), Integers(1, _8, 0.08)), SHOWN, kept=1.0),
    ),
)


def sharing(grids: Grids) -> Grids:
    """Return grids whose shared settings begin with those of rows of their own: sharing is allowed, not asked for."""
    return replace(grids, shared=(*grids.shared, *grids.own))
