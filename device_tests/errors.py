"""What the harness and the files it shares with the host refuse, from one base."""


class HarnessError(Exception):
    """Base of everything this package refuses; the message is one sentence for a person."""


class BundleError(HarnessError):
    """A bundle that is not whole, not ours, or cannot be read or written."""


class ReportError(HarnessError):
    """A device report that is not whole, not ours, or cannot be read or written."""


class RuntimeUnavailable(HarnessError):  # noqa: N818 -- it says what is the case
    """No TFLite runtime that works here."""


class ModelError(HarnessError):
    """A model that the runtime refuses, that does not fit its manifest, or that was asked for what it does not have."""
