"""Recipes for models that are more than two tables, from small to large: which table is stored how."""

from collections.abc import Mapping

from converters.spec import DYNAMIC_INT8
from edgerec.codecs.naming import decode
from edgerec.compress.recipe import Recipe, TableCoding
from edgerec.compress.steps import Tuning
from edgerec.errors import EdgerecError

LEAST_OVERLAP = 0.3  # of the lists; quality is held by floors
_TUNED = Tuning(epochs=3, learning_rate=5e-4, distill=0.9)


def recipe(codecs: Mapping[str, str], tuning: Tuning | None = None) -> Recipe:
    """Return the recipe that stores tables by their layers' names, or shell patterns, in codecs of these names."""
    tables = []
    for layer, name in codecs.items():
        codec = decode(name)
        if codec is None:
            raise EdgerecError(f"no codec is named {name!r}")
        tables.append(TableCoding(codec, (layer,)))
    told = ", ".join(f"{layer} {name}" for layer, name in codecs.items()) + (", tuned" if tuning else "")
    return Recipe(told, (), DYNAMIC_INT8, LEAST_OVERLAP, tables=tuple(tables), tuning=tuning)


def _gru(items: str, scores: str, tuning: Tuning | None = None) -> Recipe:
    return recipe({"items": items, "scores": scores}, tuning)


def _neumf(users: str, items: str, deep: str) -> Recipe:
    """Return NeuMF's: the two tables that are multiplied, and those that the perceptron reads."""
    return recipe({"users_product": users, "items_product": items, "*_deep": deep})


CANDIDATES: Mapping[str, tuple[Recipe, ...]] = {
    "gru": (
        _gru("axes8-aq4x16", "axes16-cols4x8and12x4", _TUNED),
        _gru("axes16-aq8x16", "axes16-cols8x8and8x4"),
        _gru("axes8-cols4x8and4x4", "axes16-cols8x8and8x4", _TUNED),
        _gru("axes16-cols4x8and12x4", "axes24-cols8x8and16x4", _TUNED),
    ),
    "neumf": (
        _neumf("aq20x16", "aq12x16", "axes8-cols8x8"),
        _neumf("aq24x16", "aq16x16", "axes16-cols8x8and8x4"),
        _neumf("aq32x16", "aq20x16", "axes16-cols16x8"),
        _neumf("axes48-cols16x8and32x4", "aq20x16", "axes16-cols16x8"),
    ),
}
