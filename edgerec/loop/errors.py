"""What a loop refuses."""

from edgerec.errors import EdgerecError


class LoopError(EdgerecError):
    """A loop that nothing would end, or rounds that cannot be read."""
