"""The journal of a run's folder: finished trials in trial order, one line each, whole after any kill.

It is a file of Optuna's JournalStorage, so that its tools read it too. A trial is written when it is finished, in one
line. Optuna reads past a last line that was torn, but writes the next one behind it, which spoils both: so a torn end
is cut off before the file is opened. Its own lock would outlive a killed search by half a minute, and is not used.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgerec import storage, system
from edgerec.search.errors import SearchError
from edgerec.search.optuna_study import frozen, optuna, quiet, thawed
from edgerec.search.space import Space
from edgerec.search.trial import Finished, SizeLimits

FILE_NAME = "journal.jsonl"
_LOCK_NAME = "search.lock"  # journal.jsonl.lock is what Optuna waits for
_IDENTITY = "edgerec"


class Journal:
    """One study of an open journal: what is finished in it, and a way to add to that."""

    def __init__(self, study: Any, space: Space, limits: SizeLimits, path: Path) -> None:
        self._study, self._space, self._limits, self._path = study, space, limits, path

    def finished(self) -> tuple[Finished, ...]:
        """Give the finished trials in trial order."""
        found = tuple(thawed(trial) for trial in self._study.get_trials(deepcopy=False))
        if [one.trial.number for one in found] != list(range(len(found))):
            raise SearchError(f"{self._path} leaves out a trial or has one twice; take another folder")
        return found

    def add(self, finished: Finished) -> None:
        """Write the next finished trial; it is on the disk when this returns. Raises StorageError."""
        with storage.telling(self._path), quiet():
            self._study.add_trial(frozen(finished, self._space, self._limits))


@contextmanager
def opened(
    folder: Path, study: str, space: Space, limits: SizeLimits, identity: Mapping[str, Any]
) -> Iterator[Journal]:
    """Open a study of the journal in `folder`, made when it is not there, waiting while another search has it open.

    `identity`, JSON-able, is all that trials and proposals follow from. Raises SearchError where the study was begun
    with another, or the journal is damaged before its end, and StorageError.
    """
    path = folder / FILE_NAME
    with storage.telling(path):
        folder.mkdir(parents=True, exist_ok=True)
    with system.locked(folder / _LOCK_NAME), quiet() as package:
        with storage.telling(path):
            cut_torn_end(path)
            backend = package.storages.journal.JournalFileBackend(str(path), lock_obj=_HeldAlready())
            lines = package.storages.JournalStorage(backend)
            new = study not in package.get_all_study_names(lines)
            kept = (package.create_study if new else package.load_study)(storage=lines, study_name=study)
            _refuse_other(kept, {**identity, "optuna": optuna().__version__}, path)
        yield Journal(kept, space, limits, path)


def cut_torn_end(path: Path) -> None:
    """Cut off a last line that was not written whole. Raises SearchError where another line is not JSON."""
    if not path.exists():
        return
    data, whole = path.read_bytes(), 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        end = whole + len(line)
        if not (line.endswith(b"\n") and _is_json(line)):
            if end < len(data):
                raise SearchError(f"{path}:{number} is damaged; take another folder, or cut the file before that line")
            os.truncate(path, whole)
            return
        whole = end


class _HeldAlready:
    """The lock that Optuna asks for around each write: the folder's is held all along."""

    def acquire(self) -> bool:
        """Have it."""
        return True

    def release(self) -> None:
        """Keep it."""


def _refuse_other(study: Any, identity: Mapping[str, Any], path: Path) -> None:
    """Say what the study is of where it is new, and refuse it where it is of something else."""
    plain = json.loads(json.dumps(identity))
    kept = study.user_attrs.get(_IDENTITY)
    if kept is None:
        study.set_user_attr(_IDENTITY, plain)
        return
    other = sorted(name for name in kept.keys() | plain.keys() if kept.get(name) != plain.get(name))
    if other:
        raise SearchError(
            f"{path} was begun with another {', '.join(other)}; take another folder, or delete that one to begin anew"
        )


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
