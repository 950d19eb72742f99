"""A problem's model as the fast evaluator runs it: queries in NumPy, scores from the codes, no file and no runtime."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.numpy_reference import run, unsupported_ops
from converters.rewrite import LEAST_ELEMENTS, quantize_float_weights, rounded_to_int8
from converters.spec import DYNAMIC_INT8
from converters.tables.coded import Coded, Floats
from converters.tables.float32_rows import Float32Rows
from converters.tables.found import LOOKUP, Table, find_tables
from converters.tables.native_rows import NativeRows
from converters.tables.queries import QUERIES, Queries, queries_of
from converters.tables.replacement import stored_bias
from converters.tflite_file import TfliteFile
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec.models.roles import CATALOGUE
from edgerec.search.evaluator import evaluated
from edgerec.search.problem import Problem

_USERS_AT_ONCE = 512


def fast_model(problem: Problem) -> "FastModel | None":
    """Give a problem's model to the fast evaluator.

    None where its scores are not a product with one table, or something before it is not evaluated in NumPy: such a
    model is measured in the runtime alone.
    """
    queries = queries_of(problem.model) if problem.roles.served_kind == CATALOGUE else None
    if queries is None or unsupported_ops(tflite_file.parse(queries.model)):
        return None
    return FastModel(problem, queries)


class FastModel:
    """Gives queries for tables that are looked up in, and the quality of a table that is multiplied with."""

    def __init__(self, problem: Problem, queries: Queries) -> None:
        self._problem = problem
        self._tables = find_tables(problem.model)
        self._scored = self._table_at(queries.table)
        self._file = self._prepared(queries.model)
        self._places = {
            one.tensors[0]: own.tensors
            for own in _looked_up(bytes(self._file.data))
            for one in self._tables
            if np.array_equal(own.values, one.values)
        }
        self._bias = None if queries.bias is None else stored_bias(queries.bias).astype(np.float32)

    @property
    def scored(self) -> int:
        """The first tensor of the table that makes the scores."""
        return self._scored.tensors[0]

    @property
    def looked_up(self) -> tuple[int, ...]:
        """The first tensors of the tables that queries come from."""
        return tuple(self._places)

    def queries(self, coded: Mapping[int, Coded]) -> Floats:
        """Give the evaluation users' queries, float32 [users, columns], from tables as they are stored.

        `coded` goes by first tensor; a table that is not in it is as the recipe stores what it names no codec for.
        """
        decoded = {first: (coded.get(first) or self.plain(first)).decode() for first in self._places}
        constants = {place: decoded[first] for first, places in self._places.items() for place in places}
        users, runtime = self._problem.evaluation.users, self._problem.runtime
        parts = [
            run(self._file, self._inputs(start), runtime=runtime, constants=constants)[QUERIES]
            for start in range(0, users, _USERS_AT_ONCE)
        ]
        return np.concatenate(parts).reshape(users, -1)

    def measured(self, coded: Coded | None, queries: Floats) -> tuple[Quality, Ids]:
        """Give the quality of the table that makes the scores, and the evaluation users' lists, as `evaluated` does."""
        problem = self._problem
        table, bias = coded or self.plain(self.scored), self._bias
        return evaluated(table, queries, problem.evaluation, problem.k, bias=bias, runtime=problem.runtime)

    def plain(self, first: int) -> Coded:
        """Give a table as it is stored where no codec is named."""
        values = self._table_at(first).values
        if self._problem.precision != DYNAMIC_INT8 or values.size < LEAST_ELEMENTS:
            return Float32Rows(values)
        rounded, scale = rounded_to_int8(values)
        return NativeRows(rounded, np.full(len(rounded), scale, np.float32), 8)

    def _inputs(self, start: int) -> dict[str, NDArray[Any]]:
        """Give the inputs of some users in the shapes that the file asks for, as the harness does."""
        signature = self._file.signatures[0]
        shapes = {
            name: self._file.subgraphs[0].tensors[index].shape_signature[1:] for name, index in signature.inputs.items()
        }
        own = {name: values[start : start + _USERS_AT_ONCE] for name, values in self._problem.evaluation.inputs.items()}
        return {name: values.reshape(len(values), *shapes[name]) for name, values in own.items()}

    def _table_at(self, tensor: int) -> Table:
        return next(table for table in self._tables if tensor in table.tensors)

    def _prepared(self, model: bytes) -> TfliteFile:
        """Give the file that makes queries, its dense weights as they are stored, its tables as they were trained."""
        if self._problem.precision == DYNAMIC_INT8:
            tables = {tensor for table in _looked_up(model) for tensor in table.tensors}
            model = quantize_float_weights(model, leaving=tables)
        return tflite_file.parse(model)


def _looked_up(model: bytes) -> list[Table]:
    return [table for table in find_tables(model) if LOOKUP in table.uses]
