"""A coded table after an update: rows with nothing new keep their bytes and their place, the others are coded anew.

New and changed rows are coded as their codec would, under the codebooks, the grading of scales and the metric that the
table has: nothing that all rows share moves.
"""

from dataclasses import replace

from converters.tables.coded import Floats
from converters.tables.shared_rows import SharedRows
from edgerec.codecs.change import Change, Stored
from edgerec.codecs.codec import Codec
from edgerec.codecs.own_rows import refuse_bound, updated_rows
from edgerec.codecs.shared import Shared
from edgerec.codecs.tiered import Tiered
from edgerec.codecs.updated_sharing import updated_sharing
from edgerec.codecs.updated_tiers import updated_tiers
from edgerec.criteria.statistics import Statistics


def updated(before: Stored, values: Floats, change: Change, statistics: Statistics, *, seed: int) -> Stored:
    """The table with the rows that `change` names coded anew from `values` float32 [rows, columns].

    `statistics` are of all `values`, with the second moment that the table was coded under. Tiers and rows that share
    are told in `updated_tiers` and `updated_sharing`. Raises CodecError as `refuse_fixed` does.
    """
    codec, coded = before.codec, before.coded
    refuse_fixed(codec)
    if isinstance(codec, Tiered):
        return updated_tiers(before, values, change, statistics, codec=codec, seed=seed)
    if isinstance(codec, Shared) and isinstance(coded, SharedRows):
        new = updated_sharing(before, values, change, statistics, codec=codec, coded=coded, seed=seed)
        return replace(before, values=values, coded=new)
    return replace(before, values=values, coded=updated_rows(before, values, change, statistics, seed=seed))


def refuse_fixed(codec: Codec) -> None:
    """Raise CodecError for a codec whose rows, or those of a codec inside it, cannot change one by one."""
    for one in [tier.of for tier in codec.tiers] if isinstance(codec, Tiered) else [codec]:
        refuse_bound(one.of if isinstance(one, Shared) and one is codec else one)
