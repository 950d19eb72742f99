"""The journal as a file: torn ends, other searches, damage."""

import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from edgerec.search.errors import SearchError
from edgerec.search.journal import FILE_NAME, Journal, cut_torn_end, opened
from edgerec.search.space import Numbers, OneOf, Space
from edgerec.search.trial import Finished, Outcome, SizeLimits, Trial
from edgerec.storage import StorageError

SPACE = Space({"codec": OneOf(("int8", "int4", True)), "rows": Numbers(0.1, 1.0)})
FINISHED = (
    Finished(Trial(0, {"codec": "int8", "rows": 0.1 + 0.2}), Outcome(900, 1000, {"recall": 1 / 3}, {"seconds": 0.25})),
    Finished(Trial(1, {"codec": True, "rows": 1.0}), None, "the worker was killed by SIGKILL"),
    Finished(Trial(2, {"codec": "int4", "rows": 0.5}), Outcome(800, 900, {"recall": -0.1}, {})),
)


def journal(folder: Path, **identity: Any) -> Any:
    return opened(folder, "search", SPACE, SizeLimits(download_bytes=850), identity or {"seed": 1})


def filled(folder: Path) -> Path:
    with journal(folder) as opening:
        for one in FINISHED:
            opening.add(one)
    return folder / FILE_NAME


def test_what_was_added_is_there_to_the_last_bit_when_it_is_opened_again(tmp_path: Path) -> None:
    filled(tmp_path / "run")
    with journal(tmp_path / "run") as again:
        assert again.finished() == FINISHED


def test_optuna_reads_the_file_as_its_own(tmp_path: Path) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(filled(tmp_path)))
    study = optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))
    assert [one.state.name for one in study.trials] == ["COMPLETE", "FAIL", "COMPLETE"]
    assert [one.constraints for one in study.trials[::2]] == [
        {"recall": -1 / 3, "download_bytes": 50 / 850},
        {"recall": 0.1, "download_bytes": -50 / 850},
    ]


@pytest.mark.parametrize("lost_bytes", [1, 2, 40])
def test_a_last_line_that_was_torn_is_lost_and_nothing_else(tmp_path: Path, lost_bytes: int) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    with journal(tmp_path) as again:
        assert again.finished() == FINISHED[:2]
        again.add(FINISHED[2])
    with journal(tmp_path) as whole:
        assert whole.finished() == FINISHED


def test_a_file_torn_anywhere_opens_and_takes_what_is_missing(tmp_path: Path) -> None:
    data = filled(tmp_path / "whole").read_bytes()
    for kept in range(0, len(data), 97):
        folder = tmp_path / str(kept)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(data[:kept])
        with journal(folder) as torn:
            for one in FINISHED[len(torn.finished()) :]:
                torn.add(one)
            assert torn.finished() == FINISHED


def test_a_line_that_is_whole_and_no_json_is_cut_at_the_end_and_refused_before_it(tmp_path: Path) -> None:
    path = filled(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data + bytes(100) + b"\n")  # what a crash of the system leaves
    cut_torn_end(path)
    assert path.read_bytes() == data
    lines = data.splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b'{"op_code":\n', *lines[1:]]))
    with pytest.raises(SearchError, match=r"journal.jsonl:2 is damaged; take another folder"), journal(tmp_path):
        pass


def test_a_journal_of_another_search_is_refused_by_what_differs(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(SearchError, match="was begun with another limits, seed; take"), journal(tmp_path, limits=1):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_one_search_at_a_time_has_the_folder(tmp_path: Path) -> None:
    import fcntl

    with journal(tmp_path), (tmp_path / "search.lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / "search.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_two_studies_lie_in_one_file(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path, "sensitivity", SPACE, SizeLimits(), {}) as other:
        assert other.finished() == ()
        other.add(FINISHED[0])
    with journal(tmp_path) as again:
        assert again.finished() == FINISHED


def test_a_trial_that_is_not_the_next_is_not_believed(tmp_path: Path) -> None:
    with journal(tmp_path) as opening:
        opening.add(FINISHED[1])
        with pytest.raises(SearchError, match="leaves out a trial"):
            opening.finished()


def test_a_study_that_others_wrote_to_is_refused(tmp_path: Path) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(filled(tmp_path)))
    study = optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))
    study.ask()
    with journal(tmp_path) as again, pytest.raises(SearchError, match=r"trial 3 .* was not written by edgerec"):
        again.finished()


def test_a_folder_that_cannot_be_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"), journal(tmp_path / "file"):
        pass


def test_a_failed_write_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with journal(tmp_path) as opening:
        assert isinstance(opening, Journal)
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space is left"):
            opening.add(FINISHED[0])
