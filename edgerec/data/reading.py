"""Interactions out of a user's own csv, csv.gz or parquet file."""

import csv
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from edgerec.data.duplicates import Duplicates
from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.suggestion import did_you_mean

Columns = Mapping[str, Sequence[Any] | npt.NDArray[Any]]
Choose = Callable[[Sequence[str]], Mapping[str, str]]

KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "user": ("user", "userid", "uid", "customer", "customerid", "reviewerid", "visitorid", "sessionid"),
    "item": (
        "item",
        "itemid",
        "iid",
        "movie",
        "movieid",
        "film",
        "product",
        "productid",
        "asin",
        "article",
        "articleid",
    ),
    "time": ("time", "timestamp", "unixtime", "ts", "date", "datetime", "unixreviewtime"),
    "weight": ("weight", "rating", "score", "count", "stars", "overall"),
}
"""Names taken for each column, read without case, spaces, `_` and `-`."""


def read_interactions(
    path: Path | str,
    *,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    duplicates: Duplicates = "refuse",
    allow_mixed_ids: bool = False,
) -> Interactions:
    """Return the interactions in a .csv, .csv.gz or .parquet file.

    Columns are found by the names given, else by the usual ones (`user_id`, `movieId`, `timestamp`, `rating`, ...);
    a weight is optional. Raises DataError for a file that cannot be read, a column that is missing or could be two, and
    whatever `Interactions.from_columns` refuses. Parquet needs pyarrow, which `edgerec[compress]` brings.
    """
    path = Path(path)
    given = {"user": user, "item": item, "time": time, "weight": weight}

    def choose(names: Sequence[str]) -> Mapping[str, str]:
        return _chosen(names, given, path)

    try:
        columns = _reader(path)(path, choose)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}; give the path of a readable file."
        ) from None
    if not len(columns["user"]):
        raise DataError(f"{path} has column names and no rows: give at least one interaction.")
    try:
        return Interactions.from_columns(
            columns["user"],
            columns["item"],
            columns["time"],
            columns.get("weight"),
            duplicates=duplicates,
            allow_mixed_ids=allow_mixed_ids,
        )
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _reader(path: Path) -> Callable[[Path, Choose], Columns]:
    name = path.name.lower()
    readers = {".csv": _read_csv, ".csv.gz": _read_csv, ".parquet": _read_parquet}
    for ending, reader in readers.items():
        if name.endswith(ending):
            return reader
    raise DataError(f"{path} has an ending that is not known: give a file that ends in {', '.join(readers)}.")


def _read_csv(path: Path, choose: Choose) -> Columns:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, strict=True)
            header = next(rows, None)
            if not header:
                raise DataError(f"{path} is empty: give a file with a line of column names and a line an interaction.")
            places = {role: header.index(name) for role, name in choose(header).items()}
            columns: dict[str, list[str]] = {role: [] for role in places}
            for row in rows:
                if len(row) != len(header):
                    if not row:
                        continue
                    raise DataError(
                        f"{path} has {len(row)} values in line {rows.line_num} and {len(header)} column names: mend it."
                    )
                for role, place in places.items():
                    columns[role].append(row[place])
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not readable as UTF-8 csv ({error}): save it as such again.") from None
    return columns


def _read_parquet(path: Path, choose: Choose) -> Columns:
    try:
        import pyarrow as pa  # noqa: PLC0415  only parquet pays for it
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise DataError(
            f'{path} needs pyarrow to be read: pip install "edgerec[compress]", or save it as csv.'
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            chosen = choose(file.schema_arrow.names)
            table = file.read(columns=list(chosen.values()))
    except pa.ArrowException as error:
        raise DataError(
            f"{path} is not a readable parquet file ({str(error).splitlines()[0]}): write it again."
        ) from None
    columns = {role: table.column(name) for role, name in chosen.items()}
    return {role: column.to_pylist() if column.null_count else column.to_numpy() for role, column in columns.items()}


def _chosen(names: Sequence[str], given: Mapping[str, str | None], path: Path) -> dict[str, str]:
    """Return which column of the file plays each role."""
    chosen = {}
    for role, wanted in given.items():
        found = [name for name in names if (name == wanted if wanted else _plain(name) in KNOWN_NAMES[role])]
        if len(found) > 1:
            raise DataError(f"{path} has more than one column for the {role}, {found}: say which with {role}=NAME.")
        if found:
            chosen[role] = found[0]
        elif wanted or role != "weight":
            looked_for = wanted or role
            raise DataError(
                f"{path} has no column {looked_for!r}{did_you_mean(looked_for, names)}; it has {list(names)}: "
                f"say which one is the {role} with {role}=NAME."
            )
    return chosen


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-")
