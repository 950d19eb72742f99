"""What ends a search: bad input, a journal of another search, workers that cannot start."""

from edgerec.errors import EdgerecError


class SearchError(EdgerecError):
    """A search that cannot begin or go on."""
