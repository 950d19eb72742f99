import builtins
import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.data.reading import read_interactions

IDS = st.from_regex(r"[a-zA-Z,\"' äß;][a-z0-9,\"' é]{0,6}", fullmatch=True).filter(lambda text: text.strip())


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(IDS, IDS, st.integers(0, 2**40), st.integers(-5, 10)), min_size=1, unique_by=lambda row: row[:2]
    ),
    st.permutations(["user_id", "itemId", "timestamp", "rating", "comment"]),
    st.booleans(),
)
def test_csv_round_trips(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, int]], order: list[str], packed: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / ("rows.csv.gz" if packed else "rows.csv")
    names = ("user_id", "itemId", "timestamp", "rating", "comment")
    opener = gzip.open if packed else open
    with opener(path, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, order)
        writer.writeheader()
        writer.writerows(dict(zip(names, (*row, "a, b"), strict=True)) for row in rows)
    user, item, time, weight = zip(*rows, strict=True)
    expected = Interactions.from_columns(user, item, time, weight)
    assert read_interactions(path).digest() == expected.digest()


def write(folder: Path, text: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffuser,item,time\r\n1,2,3\r\n\r\n1,3,4\r\n")
    assert read_interactions(path).item_ids == ("2", "3")


def test_named_columns_win_over_known_names(tmp_path: Path) -> None:
    path = write(tmp_path, "who,what,when,user,item,time\na,x,1,b,y,2\n")
    assert read_interactions(path, user="who", item="what", time="when").user_ids == ("a",)
    assert read_interactions(path).user_ids == ("b",)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("user,item\na,x\n", {}, "has no column 'time'; it has ['user', 'item']: say which one is the time"),
        ("usr,item,time\na,x,1\n", {}, "has no column 'user' (did you mean usr?)"),
        ("user,item,time\na,x,1\n", {"weight": "ratng"}, "has no column 'ratng'"),
        ("user,item,time\na,x,1\n", {"user": "users"}, "has no column 'users' (did you mean user?)"),
        ("user,user_id,item,time\na,a,x,1\n", {}, "more than one column for the user, ['user', 'user_id']"),
        ("", {}, "is empty"),
        ("user,item,time\n", {}, "has column names and no rows"),
        ("user,item,time\na,x,1\na,y\n", {}, "has 2 values in line 3 and 3 column names"),
        ("user,item,time\na,x,1\na,y,-2\n", {}, "-2 in row 2 is negative"),
        ("user,item,time\na,x,1\na,y,nan\n", {}, "nan in row 2 is missing"),
        ("user,item,time\na,x,1\na,y,soon\n", {}, "'soon' in row 2: expected seconds"),
        ("user,item,time\na,x,1\n7,y,2\n", {}, "mixes ids"),
        ("user,item,time\na,x,1\n,y,2\n", {}, "'' in row 2, which is no id"),
        ("user,item,time\na,x,1\na,x,2\n", {}, "1 interactions repeat"),
        ('user,item,time\n"a,x,1\n', {}, "is not readable as UTF-8 csv"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_that_names_it(
    tmp_path: Path, text: str, options: dict[str, str], words: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as refusal:
        read_interactions(path, **options)  # type: ignore[arg-type]
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(str(path))


def test_files_that_cannot_be_opened_or_are_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_interactions(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"give a file that ends in \.csv, \.csv\.gz, \.parquet"):
        read_interactions(tmp_path / "rows.json")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("user,item,time\nä,x,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="not readable as UTF-8 csv"):
        read_interactions(latin)
    with pytest.raises(DataError, match="not readable as UTF-8 csv"):
        read_interactions(write(tmp_path, "user,item,time\na,x,1\n", "plain.csv.gz"))
    whole = gzip.compress(b"user,item,time\n" + b"a,x,1\n" * 50)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-10])
    with pytest.raises(DataError, match="not readable as UTF-8 csv"):
        read_interactions(tmp_path / "cut.csv.gz")


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = {
        "userId": pyarrow.array(["b", "a", "a"]).dictionary_encode(),
        "movieId": [30, 4, 30],
        "timestamp": pyarrow.array([5_000, 7_900, 3_000], pyarrow.timestamp("ms")),
        "rating": pyarrow.array([1, 2, 3], pyarrow.int8()),
        "unused": ["p", "q", "r"],
    }
    parquet.write_table(pyarrow.table(table), tmp_path / "rows.parquet")
    path = write(tmp_path, "userId,movieId,timestamp,rating\nb,30,5,1\na,4,7,2\na,30,3,3\n")
    assert read_interactions(tmp_path / "rows.parquet").digest() == read_interactions(path).digest()
    table["movieId"] = [30, None, 30]
    parquet.write_table(pyarrow.table(table), tmp_path / "gap.parquet")
    with pytest.raises(DataError, match="'item' holds None in row 2"):
        read_interactions(tmp_path / "gap.parquet")
    with pytest.raises(DataError, match=r"not a readable parquet file"):
        read_interactions(write(tmp_path, "user,item,time\n", "text.parquet"))


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pyarrow(name: str, *rest: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(DataError, match=r'pip install "edgerec\[compress\]"'):
        read_interactions(tmp_path / "rows.parquet")
