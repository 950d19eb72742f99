"""The codecs by name: those of this package, and those that other packages add by entry point."""

from collections.abc import Callable
from functools import partial

from edgerec.codecs.centroids import Additive, Product
from edgerec.codecs.codec import Codec
from edgerec.codecs.column_groups import ColumnGroups
from edgerec.codecs.compositional import MEmCom, QuotientRemainderRows
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.integers import BlockIntegers, Integers, NativeIntegers
from edgerec.codecs.low_rank import LowRank
from edgerec.codecs.shared import Shared
from edgerec.codecs.tiered import Tiered
from edgerec.codecs.turned import Turned
from edgerec.registry import Registry

GROUP = "edgerec.codecs"  # an entry point here names a callable that gives a Codec

CODECS: dict[str, Callable[..., Codec]] = {
    "int8": partial(Integers, 8),
    "int4": partial(Integers, 4),
    "int2": partial(Integers, 2),
    "native8": partial(NativeIntegers, 8),
    "native4": partial(NativeIntegers, 4),
    "native2": partial(NativeIntegers, 2),
    "block4": BlockIntegers,
    "float16": Float16,
    "product": Product,
    "additive": Additive,
    "shared": Shared,
    "tiered": Tiered,
    "columns": ColumnGroups,
    "turned": Turned,
    "low_rank": LowRank,
    "memcom": MEmCom,
    "quotient_remainder": QuotientRemainderRows,
}


_REGISTRY = Registry("codec", GROUP, CODECS, CodecError)

names, factory, codec = _REGISTRY.names, _REGISTRY.factory, _REGISTRY.make
