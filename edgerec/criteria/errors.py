"""The error of criteria and of what is chosen by them."""

from edgerec.errors import EdgerecError


class CriterionError(EdgerecError):
    """A criterion that cannot rank what it was given."""
