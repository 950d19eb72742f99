"""What an app that has one bundle downloads to have the next one."""

from device_tests.bundle import Bundle, encode


def delta_bytes(before: Bundle, after: Bundle) -> int:
    """Return the bytes of a bsdiff patch from one app part to the other, each as the container of its `app/` members.

    Source: C. Percival, Naive Differences of Executable Code, 2003; the patch is compressed with bzip2.
    """
    import bsdiff4  # noqa: PLC0415  of the [compress] extra

    patch: bytes = bsdiff4.diff(encode(before.app), encode(after.app))
    return len(patch)
