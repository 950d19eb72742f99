"""The journal of a loop: its finished rounds, one line of JSON each, in a file that is whole whenever it is there."""

from collections.abc import Sequence
from pathlib import Path

from device_tests import record
from device_tests.errors import HarnessError
from edgerec import storage
from edgerec.loop.errors import LoopError
from edgerec.loop.round import Round


def read_rounds(path: Path) -> tuple[Round, ...]:
    """The rounds in a journal, float32 first; none where there is no file. Raises LoopError for a damaged one."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise LoopError(f"{path} cannot be read: {error.strerror}") from error
    try:
        found = tuple(
            record.from_json(Round, record.parse(line, f"{path}:{number}"), f"{path}:{number}")
            for number, line in enumerate(lines, 1)
        )
    except HarnessError as error:
        raise _damaged(str(error)) from error
    if [one.number for one in found] != list(range(len(found))):
        raise _damaged(f"{path} leaves out a round or has one twice")
    return found


def write_rounds(path: Path, rounds: Sequence[Round]) -> None:
    """Write these rounds in place of those that were there; after a crash there is the old file or the new one."""
    storage.write_text(path, "".join(record.dumps(one) for one in rounds))


def _damaged(what: str) -> LoopError:
    return LoopError(f"{what}; delete that file, and its rounds are measured again")
