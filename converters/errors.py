"""The errors of the converters, one base for all that a user can mend."""


class ConverterError(Exception):
    """Something given to the converters cannot be used; the message is one sentence and perhaps a next step."""


class TfliteError(ConverterError):
    """A file is not a .tflite file, or not one that can be read to its end."""


class UnsupportedOp(ConverterError):  # noqa: N818 - the name says what happened
    """An operator, or a way of storing a tensor, that is not evaluated here."""


class ConversionFailed(ConverterError):  # noqa: N818 - the name says what happened
    """The converter refused a model, or died of a signal."""


class Misfit(ConverterError):  # noqa: N818 - the name says what happened
    """A .tflite is not as a bundle promises it, or its runtime would not take it."""


class TableError(ConverterError):
    """A table of what a runtime takes is not one, or there is none of a runtime."""
