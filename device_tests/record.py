"""Frozen dataclasses to plain JSON and back, strictly: nothing missing, nothing unknown, nothing of another type."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from typing import Any, Callable, TypeVar, Union, get_args, get_origin, get_type_hints

from device_tests.errors import HarnessError

T = TypeVar("T")
Fail = type[HarnessError]

_INTEGERS = 1 << 63
"""Whole numbers lie from -2**63 to 2**63 - 1: what is larger was never counted, and no float holds it."""

_NAMES: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    list: "a list",
    dict: "an object",
}


def to_json(value: Any) -> Any:
    """Return a dataclass as dicts, lists and scalars; tuples become lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_json(each) for each in value]
    if isinstance(value, dict):
        return {key: to_json(each) for key, each in value.items()}
    return value


def dumps(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, a newline at the end; NaN raises ValueError."""
    plain = to_json(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def parse(text: Union[str, bytes], where: str, error: Fail = HarnessError) -> Any:
    """Return the value of a JSON text in UTF-8; refuses NaN, infinity, a key given twice and anything after the end."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as why:
        raise error(f"{where} is not JSON: {str(why) or 'it cannot be read'}") from None


def from_json(cls: type[T], value: Any, where: str = "manifest", error: Fail = HarnessError) -> T:
    """Return an instance of the dataclass `cls` from what `to_json` gave; `error` names the place that is wrong."""
    result: T = _read(cls, value, where, error)
    return result


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands there twice")
    return result


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


@functools.cache
def _fields(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _read(kind: Any, value: Any, where: str, error: Fail) -> Any:
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, value, where, error)
    return _READERS[get_origin(kind) or kind](kind, value, where, error)


def _expect(kind: Any, value: Any, where: str, error: Fail) -> Any:
    if type(value) is not kind:
        raise error(f"{where} should be {_NAMES[kind]}, not {_NAMES.get(type(value), type(value).__name__)}")
    return value


def _read_integer(kind: Any, value: Any, where: str, error: Fail) -> int:
    result: int = _expect(kind, value, where, error)
    if not -_INTEGERS <= result < _INTEGERS:
        raise error(f"{where} should be a whole number of 64 bits, not one of {result.bit_length()}")
    return result


def _read_record(kind: Any, value: Any, where: str, error: Fail) -> Any:
    fields = _fields(kind)
    _expect(dict, value, where, error)
    for key in sorted(fields.keys() ^ value.keys()):
        raise error(f"{where} {'lacks' if key in fields else 'has an unknown'} key {key[:60]!r}")
    return kind(**{name: _read(hint, value[name], f"{where}.{name}", error) for name, hint in fields.items()})


def _read_float(_kind: Any, value: Any, where: str, error: Fail) -> float:
    if type(value) is int and abs(value) < 1 << 53:
        return float(value)
    result: float = _expect(float, value, where, error)
    if not math.isfinite(result):
        raise error(f"{where} should be a finite number, not {result}")
    return result


def _read_text(_kind: Any, value: Any, where: str, error: Fail) -> str:
    result: str = _expect(str, value, where, error)
    if not result.isascii() and any("\ud800" <= letter <= "\udfff" for letter in result):
        raise error(f"{where} holds half a character")
    return result


def _read_tuple(kind: Any, value: Any, where: str, error: Fail) -> tuple[Any, ...]:
    _expect(list, value, where, error)
    inner = get_args(kind)[0]
    if inner is int and all(type(each) is int for each in value) and _has_64_bits(value):
        return tuple(value)
    return tuple(_read(inner, each, f"{where}[{index}]", error) for index, each in enumerate(value))


def _has_64_bits(values: list[int]) -> bool:
    return not values or (min(values) >= -_INTEGERS and max(values) < _INTEGERS)


def _read_dict(kind: Any, value: Any, where: str, error: Fail) -> dict[str, Any]:
    _expect(dict, value, where, error)
    inner = get_args(kind)[1]
    for key in value:
        _read_text(str, key, f"{where}, in a key,", error)
    return {key: _read(inner, each, f"{where}.{key[:60]}", error) for key, each in value.items()}


def _read_optional(kind: Any, value: Any, where: str, error: Fail) -> Any:
    (inner,) = (each for each in get_args(kind) if each is not type(None))
    return None if value is None else _read(inner, value, where, error)


_READERS: dict[Any, Callable[[Any, Any, str, Fail], Any]] = {
    int: _read_integer,
    bool: _expect,
    float: _read_float,
    str: _read_text,
    tuple: _read_tuple,
    dict: _read_dict,
    Union: _read_optional,
}
