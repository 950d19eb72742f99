"""The fields of options beside those that the generated reader reads."""

import inspect
import re
from collections.abc import Mapping

import pytest
from ai_edge_litert import schema_py_generated as generated

from converters.option_fields import FIRST_OPTIONS, SECOND_OPTIONS, OptionField

CODES = {"Int8": "b", "Uint8": "B", "Int32": "i", "Uint32": "I", "Int64": "q", "Float32": "f", "Bool": "?"}
DEFAULTS = {"True": 1, "False": 0}


def read_by(union: str) -> dict[int, tuple[OptionField, ...]]:
    """Give the fields of every options table of a union as the source of its generated reader reads them."""
    numbers = {value: name for name, value in vars(getattr(generated, union)).items() if isinstance(value, int)}
    found = {number: fields_of(getattr(generated, name)) for number, name in numbers.items() if number}
    return {number: fields for number, fields in found.items() if fields}


def fields_of(reader: type) -> tuple[OptionField, ...]:
    fields = {}
    for name, method in vars(reader).items():
        if not inspect.isfunction(method) or name in {"Init", "GetRootAs"} or re.search("AsNumpy|Length|IsNone", name):
            continue
        source = inspect.getsource(method)
        slot = int(re.search(r"Offset\((\d+)\)", source)[1])  # type: ignore[index]
        text, vector = ".String(" in source, "Vector(o)" in source
        code = "B" if text else CODES[re.search(r"number_types\.(\w+)Flags, [oa] \+", source)[1]]  # type: ignore[index]
        default = re.findall(r"return (\S+)\s*$", source)[-1]
        told = 0 if vector or text else DEFAULTS[default] if default in DEFAULTS else int(float(default))
        fields[slot] = OptionField(slot, code, vector or text, told)
    return tuple(fields[slot] for slot in sorted(fields))


@pytest.mark.parametrize(("union", "ours"), [("BuiltinOptions", FIRST_OPTIONS), ("BuiltinOptions2", SECOND_OPTIONS)])
def test_every_field_is_one_that_the_generated_reader_reads(
    union: str, ours: Mapping[int, tuple[OptionField, ...]]
) -> None:
    assert len(ours) > 20
    assert dict(ours) == read_by(union)
