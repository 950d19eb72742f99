"""The word that was probably meant."""

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say ` (did you mean X?)` for the known word closest to this one, or nothing when none is close."""
    import difflib  # noqa: PLC0415  only a mistake pays for it

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""
