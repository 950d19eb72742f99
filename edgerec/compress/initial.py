"""The model before it was trained, from a file that a step names: what a reset goes back to."""

from pathlib import Path

from edgerec.compress.errors import RecipeError
from edgerec.models.flattening import flat
from edgerec.models.keras_file import model_of
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving


def read_initial(path: str) -> bytes:
    """The bytes of the file. Raises RecipeError where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise RecipeError(f"initial is {path}, and it cannot be read: {error.strerror}") from error


def initial_of(recommender: Recommender, data: bytes, name: str) -> Recommender:
    """The recommender as it ships, before it was trained, from the bytes of a .keras or .h5 file.

    `name` names the file. Raises ModelError for bytes that are no such model, and RecipeError for a model of other
    layers or shapes than the recommender's.
    """
    now, found = serving(recommender), serving(recommender.with_model(flat(model_of(data, name))))
    expected, got = ({layer.name: _shapes(layer) for layer in each.model.layers} for each in (now, found))
    for layer in expected:
        if expected[layer] and got.get(layer) != expected[layer]:
            raise RecipeError(
                f"initial is {name}, whose layer {layer} has weights {got.get(layer, 'of no such layer')}, expected "
                f"{expected[layer]}: name a file of this very model before it was trained, and no step before this one "
                "that narrows it"
            )
    return found


def _shapes(layer: object) -> list[tuple[int, ...]]:
    return [values.shape for values in layer.get_weights()]  # type: ignore[attr-defined]
