"""The error of recipes and of what carries them out."""

from edgerec.errors import EdgerecError


class RecipeError(EdgerecError):
    """A recipe that cannot be carried out as it stands."""
