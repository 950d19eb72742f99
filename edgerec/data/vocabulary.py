"""Ids as users write them, and the row numbers that models know them by."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]*|-?[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
MISSING = frozenset({"", "nan", "NaN", "null", "NULL", "None", "<NA>"})

CODE_LENGTH = 6

Ids = Sequence[Any] | npt.NDArray[Any]


def encode_ids(ids: Ids, column: str, *, allow_mixed: bool = False) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Return the int32 code of every id and the vocabulary in code order.

    The vocabulary is sorted, so it does not depend on the order of the rows: by value when every id is a whole
    number, else by code point. Raises DataError for ids that are missing or of mixed types.
    """
    if isinstance(ids, np.ndarray) and np.issubdtype(ids.dtype, np.integer):
        distinct, codes = np.unique(ids, return_inverse=True)
        return codes.reshape(-1).astype(np.int32), tuple(map(str, distinct.tolist()))
    texts = _texts(ids.tolist() if isinstance(ids, np.ndarray) else ids, column, allow_mixed=allow_mixed)
    known = dict.fromkeys(texts)
    for text in known:
        if text in MISSING or text.splitlines() != [text]:
            raise DataError(
                f"Column {column!r} holds {text!r} in row {texts.index(text) + 1}, which is no id: "
                "give every row an id of one line, or drop the row."
            )
    names = sorted(known, key=int if _all_integers(known, texts, column, allow_mixed=allow_mixed) else None)
    code = {name: number for number, name in enumerate(names)}
    return np.fromiter(map(code.__getitem__, texts), np.int32, len(texts)), tuple(names)


def read_lines(path: Path) -> tuple[str, ...]:
    """Read one value a line of a UTF-8 file. Raises DataError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # with the mark that spreadsheets put first
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; give a file of one value a line.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; save it as such again.") from error
    return tuple(text.removesuffix("\n").split("\n")) if text else ()


def read_ids(path: Path) -> tuple[str, ...]:
    """Read a model's own vocabulary: line i is the id of row i.

    Raises DataError for a file that cannot be read, and for an id that is empty or stands there twice.
    """
    ids = read_lines(path)
    for line, one in enumerate(ids, 1):
        if one in MISSING:
            raise DataError(f"{path}:{line}: holds {one!r}, which is no id; give every row of the table its own.")
    repeated, times = Counter(ids).most_common(1)[0] if ids else ("", 0)
    if times > 1:
        raise DataError(f"{path}: holds {repeated!r} {times} times; give every row of the table an id of its own.")
    return ids


def renumbered(
    codes: npt.NDArray[np.int32], ids: Sequence[str], vocabulary: Sequence[str], what: str
) -> npt.NDArray[np.int32]:
    """Return codes of `ids` as codes of another vocabulary, which has them all; `what` names an id in an error.

    Raises DataError with an id of the interactions that the vocabulary does not have, and their count.
    """
    row = {one: number for number, one in enumerate(vocabulary)}
    used = np.unique(codes)
    unknown = [ids[code] for code in used if ids[code] not in row]
    if unknown:
        raise DataError(
            f"{len(unknown)} {what} ids of the data, such as {unknown[0]!r}, are not among the model's {len(row)}: "
            "leave their interactions out, or give the vocabulary that the model was trained with."
        )
    new = np.zeros(len(ids), np.int32)
    new[used] = [row[ids[code]] for code in used]
    return new[codes]


def _texts(ids: Sequence[Any], column: str, *, allow_mixed: bool) -> Sequence[str]:
    kinds = {type(value) for value in ids}
    for kind in kinds:
        if kind is bool or not issubclass(kind, (str, int, np.integer)):
            row = next(number for number, value in enumerate(ids) if type(value) is kind)
            raise DataError(
                f"Column {column!r} holds {ids[row]!r} in row {row + 1}, which is no id: "
                "ids are whole numbers or text, and every row has one."
            )
    if len({issubclass(kind, str) for kind in kinds}) > 1 and not allow_mixed:
        raise DataError(
            f"Column {column!r} mixes whole numbers and text: turn all its ids into text, or all into numbers."
        )
    return ids if kinds <= {str} else [str(value) for value in ids]


def _all_integers(known: dict[str, None], texts: Sequence[str], column: str, *, allow_mixed: bool) -> bool:
    """Tell whether every id is a whole number; ASINs and other codes of one length are text."""
    integers = [text for text in known if INTEGER.fullmatch(text)]
    if len(integers) == len(known):
        return True
    lengths = set(map(len, known))
    if allow_mixed or not integers or (len(lengths) == 1 and min(lengths) >= CODE_LENGTH):
        return False
    other = next(text for text in known if not INTEGER.fullmatch(text))
    hint = "a column with gaps was saved as decimals" if DECIMAL.fullmatch(other) else "one of them may be a slip"
    raise DataError(
        f"Column {column!r} mixes ids: {integers[0]!r} in row {texts.index(integers[0]) + 1} is a whole number and "
        f"{other!r} in row {texts.index(other) + 1} is not ({hint}); "
        "mend it, or pass allow_mixed_ids=True to take all as text."
    )
