"""What an update refuses."""

from edgerec.errors import EdgerecError


class UpdateError(EdgerecError):
    """A bundle, a model and new interactions of which no update can be made."""
