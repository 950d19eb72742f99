"""What a codec refuses."""

from edgerec.errors import EdgerecError


class CodecError(EdgerecError):
    """A codec that does not exist, does not fit a table, or lacks what it needs."""
