"""The errors of the host pipeline, one base for all that a user can mend."""


class EdgerecError(Exception):
    """Something the user gave cannot be used; the message is one sentence and the next step."""

    exit_code = 2
