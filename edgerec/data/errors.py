"""The error of data that cannot be used."""

from edgerec.errors import EdgerecError


class DataError(EdgerecError):
    """Interactions, a split or a file of them cannot be used as given."""
