"""What every trial of a search over table codecs needs, in a folder: a trial needs nothing else, and no TensorFlow."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_tests import bundle, record
from device_tests.evaluation import EvaluationSet
from device_tests.report import Quality
from edgerec import packing, storage
from edgerec.criteria.statistics import Statistics, Taken
from edgerec.floors import Floor, Floors
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue, Promise
from edgerec.search.errors import SearchError

_FLOAT32 = "float32.edgerec"
_REST = "problem.json"
_STATISTICS = "statistics.npz"


@dataclass(frozen=True, eq=False)
class SearchedTable:
    """A table that codecs are tried on: what choices call it, its first tensor in the file, what is known of it."""

    name: str
    tensor: int
    statistics: Statistics


@dataclass(frozen=True, eq=False)
class Structure:
    """The same model with fewer columns: what choices call it, its float32 .tflite and the tables there."""

    name: str
    model: bytes
    tables: tuple[SearchedTable, ...]


@dataclass(frozen=True, eq=False)
class Problem:
    """A float32 model, who judges what becomes of it, and what it has to keep.

    model       the float32 .tflite
    tables      its tables
    narrowed    the model with fewer columns, its tables under the same names
    precision   of the rest, as Recipe has it
    evaluation  the users that trials are judged by, of whom nothing is reported
    float32     what the float32 model reaches with them
    floors      the least share of that
    """

    model: bytes
    roles: Roles
    tables: tuple[SearchedTable, ...]
    precision: str
    runtime: str
    evaluation: EvaluationSet
    catalogue: Catalogue
    float32: Quality
    floors: Floors
    k: int
    seed: int
    narrowed: tuple[Structure, ...] = ()

    def as_narrowed(self, structure: Structure) -> "Problem":
        """Give the problem of one of its narrowed models alone."""
        return replace(self, model=structure.model, tables=structure.tables, narrowed=())


@dataclass(frozen=True)
class _Place:
    """A table's structure, "" for the problem's own, its name and its first tensor."""

    structure: str
    name: str
    tensor: int


@dataclass(frozen=True)
class _Rest:
    """What of a problem is neither a bundle nor arrays."""

    roles: Roles
    tables: tuple[_Place, ...]
    precision: str
    runtime: str
    float32: Quality
    floors: tuple[Floor, ...]
    strict: bool
    k: int
    seed: int
    statistics_sha256: str
    narrowed_sha256: tuple[str, ...]


def members(
    problem: Problem, model: bytes, recipe: str, precision: str, evaluation: EvaluationSet | None
) -> dict[str, bytes]:
    """The members of a bundle with some model in place of the problem's own, an evaluation set all its proof."""
    promise = Promise(recipe, precision, problem.runtime, 0.0)
    proof = packing.proof_of(evaluation)
    return packing.members(model, problem.roles, promise, problem.catalogue, problem.k, proof=proof)


def save(problem: Problem, folder: Path) -> str:
    """Write a problem into a folder, each file whole, and give the SHA-256 of it all. Raises StorageError."""
    known = io.BytesIO()
    np.savez(known, allow_pickle=False, **dict(_arrays(problem)))
    rest = _Rest(
        problem.roles,
        tuple(_Place(structure, table.name, table.tensor) for structure, table in _tables(problem)),
        problem.precision,
        problem.runtime,
        problem.float32,
        problem.floors.each,
        problem.floors.strict,
        problem.k,
        problem.seed,
        hashlib.sha256(known.getvalue()).hexdigest(),
        tuple(hashlib.sha256(structure.model).hexdigest() for structure in problem.narrowed),
    )
    with storage.telling(folder):
        folder.mkdir(parents=True, exist_ok=True)
    bundle.write(folder / _FLOAT32, members(problem, problem.model, "float32", "float32", problem.evaluation))
    for structure in problem.narrowed:
        storage.write_bytes(folder / f"{structure.name}.tflite", structure.model)
    storage.write_bytes(folder / _STATISTICS, known.getvalue())
    storage.write_text(folder / _REST, record.dumps(rest))
    return digest(folder)


def load(folder: Path) -> Problem:
    """The problem in a folder. Raises SearchError where a file is missing or is not what `save` wrote."""
    try:
        rest = record.from_json(_Rest, record.parse((folder / _REST).read_text(encoding="utf-8"), _REST))
        known = (folder / _STATISTICS).read_bytes()
    except OSError as error:
        raise SearchError(f"{folder} holds no problem to search: {error.strerror}; begin the search anew") from error
    if hashlib.sha256(known).hexdigest() != rest.statistics_sha256:
        raise SearchError(f"{folder / _STATISTICS} is not what was written there; begin the search anew")
    kept = bundle.read(folder / _FLOAT32)
    with np.load(io.BytesIO(known), allow_pickle=False) as arrays:
        tables: dict[str, list[SearchedTable]] = {"": []}
        for place, table in enumerate(rest.tables):
            found = SearchedTable(table.name, table.tensor, _statistics(dict(arrays), place))
            tables.setdefault(table.structure, []).append(found)
    evaluation = EvaluationSet.from_members(kept.members, kept.manifest)
    if evaluation is None:
        raise SearchError(f"{folder / _FLOAT32} holds no evaluation set; begin the search anew")
    users = bundle.split_lines(kept.members[bundle.USERS], bundle.USERS) if bundle.USERS in kept.members else ()
    return Problem(
        model=bytes(kept.members[bundle.MODEL]),
        roles=rest.roles,
        tables=tuple(tables.pop("")),
        precision=rest.precision,
        runtime=rest.runtime,
        evaluation=evaluation,
        catalogue=Catalogue(kept.item_ids, users),
        float32=rest.float32,
        floors=Floors(rest.floors, rest.strict),
        k=rest.k,
        seed=rest.seed,
        narrowed=tuple(
            Structure(name, _model(folder / f"{name}.tflite", sha256), tuple(found))
            for (name, found), sha256 in zip(tables.items(), rest.narrowed_sha256, strict=True)
        ),
    )


def digest(folder: Path) -> str:
    """SHA-256 of the problem in a folder; "" where there is none that is whole."""
    found = hashlib.sha256()
    with suppress(OSError):
        for name in (_FLOAT32, _STATISTICS, _REST):
            found.update(hashlib.sha256((folder / name).read_bytes()).digest())
        return found.hexdigest()
    return ""


def _model(path: Path, sha256: str) -> bytes:
    try:
        model = path.read_bytes()
    except OSError as error:
        raise SearchError(f"{path} is missing: {error.strerror}; begin the search anew") from error
    if hashlib.sha256(model).hexdigest() != sha256:
        raise SearchError(f"{path} is not what was written there; begin the search anew")
    return model


def _tables(problem: Problem) -> list[tuple[str, SearchedTable]]:
    own = [("", table) for table in problem.tables]
    return own + [(structure.name, table) for structure in problem.narrowed for table in structure.tables]


def _arrays(problem: Problem) -> Iterator[tuple[str, NDArray[Any]]]:
    for place, (_, table) in enumerate(_tables(problem)):
        for field in fields(Statistics):
            value = getattr(table.statistics, field.name)
            if isinstance(value, Taken):
                yield f"{place}/taken/rows", value.rows
                yield f"{place}/taken/partners", value.partners
            elif isinstance(value, np.ndarray):
                yield f"{place}/{field.name}", value


def _statistics(arrays: dict[str, NDArray[Any]], place: int) -> Statistics:
    own: dict[str, Any] = {
        name.partition("/")[2]: values for name, values in arrays.items() if name.partition("/")[0] == str(place)
    }
    taken = Taken(own.pop("taken/rows"), own.pop("taken/partners")) if "taken/rows" in own else None
    return Statistics(**own, taken=taken)
