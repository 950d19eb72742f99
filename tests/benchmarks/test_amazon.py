from pathlib import Path

import pytest

from benchmarks.amazon import read_split
from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions


def written(folder: Path, train: str, test: str) -> Path:
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)
    return folder


def pairs(part: Interactions) -> set[tuple[int, int]]:
    return set(zip(part.user.tolist(), part.item.tolist(), strict=True))


def test_the_published_parts_are_kept_and_validation_comes_out_of_train(tmp_path: Path) -> None:
    split = read_split(written(tmp_path, "0 4 3 1 0 2\n1 2\n", "0 5\n1 3\n"))
    assert pairs(split.test) == {(0, 5), (1, 3)}
    assert pairs(split.train) | pairs(split.validation) == {(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 2)}
    assert [len(split.train), len(split.validation)] == [5, 1]
    assert (split.train.users, split.train.items) == (2, 6)


def test_repeated_items_and_items_of_train_count_once(tmp_path: Path) -> None:
    split = read_split(written(tmp_path, "0 1 1 2\n1\n", "0 2 3 3\n1 0\n"))
    assert pairs(split.train) | pairs(split.validation) == {(0, 1), (0, 2)}
    assert (pairs(split.test), len(split.test)) == ({(0, 3), (1, 0)}, 2)


def test_the_seed_chooses_validation(tmp_path: Path) -> None:
    folder = written(tmp_path, "0 " + " ".join(map(str, range(50))) + "\n", "0 50\n")
    one, same, other = (pairs(read_split(folder, seed=seed).validation) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("train", ["", "0\n", "0 x\n", "0 -1\n"])
def test_other_files_are_refused(tmp_path: Path, train: str) -> None:
    with pytest.raises(DataError, match=r"train\.txt"):
        read_split(written(tmp_path, train, "0 1\n"))


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.txt cannot be read"):
        read_split(tmp_path)
