"""Makes the built-in data set out of a folder with MovieTweetings 100K (ratings.dat, movies.dat, LICENSE).

Run as `python scripts/make_movietweetings.py SOURCE_FOLDER`; the same source gives the same bytes.
The source is https://github.com/sidooms/MovieTweetings, its snapshot of 100,000 ratings.
"""

import csv
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgerec.data.interactions import Interactions, k_core

TARGET = Path(__file__).resolve().parent.parent / "edgerec" / "data" / "movietweetings"


def main(source: Path, target: Path = TARGET) -> None:
    """Write ratings.npz, films.csv and LICENSE into target."""
    rows = [line.split("::") for line in (source / "ratings.dat").read_text(encoding="utf-8").splitlines()]
    user, item, rating, time = zip(*rows, strict=True)
    core = k_core(Interactions.from_columns(user, item, time, rating), 5)
    target.mkdir(exist_ok=True)
    (target / "ratings.npz").write_bytes(_ratings(core))
    (target / "films.csv").write_bytes(_films(core, source / "movies.dat"))
    (target / "LICENSE").write_bytes((source / "LICENSE").read_bytes())


def _ratings(core: Interactions) -> bytes:
    if core.weight is None:
        raise ValueError("ratings.dat has no ratings")
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "user_id": np.array([int(name) for name in core.user_ids], "<i4"),
        "count": np.diff(core.offsets).astype("<u2"),
        "item": core.item.astype("<u2"),
        "step": np.diff(core.time, prepend=0).astype("<i4"),
        "rating": core.weight.astype("u1"),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return stream.getvalue()


def _films(core: Interactions, source: Path) -> bytes:
    lines = source.read_text(encoding="utf-8").splitlines()
    films = {item: (title, genres) for item, title, genres in (line.split("::") for line in lines)}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["item", "title", "genres"])
    writer.writerows([item, *films[item]] for item in core.item_ids)
    return stream.getvalue().encode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
