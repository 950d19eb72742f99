"""Valid inputs made hostile by a seeded generator: bytes, JSON values and lines of text changed at random places."""

import json
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORDS = (
    *(0, 1, 2, 3, 4, 5, 8, 16, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000),
    *(2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1, 2**32 - 2, 2**32 - 4, 2**32 - 16),
)
NUMBERS = (
    *(0, -1, 1, 2, 3, 2**16, 2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**64), 10**400),
    *(0.0, -0.0, 0.5, 1e-320, 1e308, -1e308, 1.7976931348623157e308),
)
TEXTS = (
    *(
        "",
        " ",
        "\0",
        "\n",
        "a\nb",
        "\x1b[2J",
        "\x1b]8;;x\x07",
        "\u202e",
        "\ud800",
        "\U0001f600",
        "\x7f\x9b",
        "::error::x",
    ),
    *(
        "##[error]x",
        "../../etc/passwd",
        "/dev/zero",
        "<script>",
        "|",
        "`",
        "%s{0}",
        "n" * 3000,
        "9" * 5000,
        "a" * 64,
        "0" * 64,
    ),
)
TOKENS = (
    *(
        b"[",
        b"[[",
        b"]",
        b"]]",
        b"{",
        b"}",
        b"=",
        b".",
        b",",
        b'"',
        b'"""',
        b"'",
        b"'''",
        b"#",
        b"\\",
        b"\n",
        b"\r\n",
        b" ",
    ),
    *(b"true", b"nan", b"inf", b"-inf", b"0x" + b"f" * 40, b"9" * 30, b"9" * 5000, b"1e999", b"1979-05-27T07:32:00Z"),
    *(
        b'"\\u0000"',
        b'"\\u001b[2J"',
        b'"\\u202e"',
        b"\xff",
        b"\xc3\xa9",
        b"a." * 40 + b"a = 1\n",
        b"[" * 600,
        b"{a=" * 400,
    ),
    *(
        b'"99999999 GiB"',
        b'"98 %"',
        b'"1e400 s"',
        b'"' + b"9" * 400 + b' KiB"',
        b"[budget]\n",
        b"[[bundle]]\n",
        b"[target.x]\n",
    ),
)

Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def changed_bytes(data: bytes, drawn: Random, others: Sequence[bytes]) -> bytes:
    """Return `data` after one to six changes: bits, words at a boundary, offsets to elsewhere, cuts, splices."""
    changed = bytearray(data)
    for _ in range(drawn.choice((1, 1, 1, 2, 3, 6))):
        if changed:
            drawn.choice(_CHANGES)(changed, drawn, others)
    return bytes(changed)


def changed_text(data: bytes, drawn: Random, others: Sequence[bytes]) -> bytes:
    """Return a text after one to six changes: tokens put in, lines taken out, doubled or brought in, bytes changed."""
    changed = bytearray(data)
    for _ in range(drawn.choice((1, 1, 2, 3, 6))):
        drawn.choice((_token, _token, _token, _lines, _lines, _bit, _cut))(changed, drawn, others)
    return bytes(changed)


def changed_json(data: bytes, drawn: Random, others: Sequence[bytes]) -> bytes:
    """Return the text of a JSON value with one to four of its parts replaced, left out, doubled or renamed."""
    if drawn.random() < 0.1:
        return changed_text(data, drawn, others)
    value = json.loads(data)
    for _ in range(drawn.choice((1, 1, 1, 2, 4))):
        value = changed_value(value, drawn)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=drawn.random() < 0.1)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _bit(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    if data:
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)


def _byte(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    data[drawn.randrange(len(data))] = drawn.randrange(256)


def _word(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    width = drawn.choice((2, 4, 4, 4, 8))
    _put(data, drawn, (drawn.choice(WORDS) % 2 ** (8 * width)).to_bytes(width, "little"))


def _near(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    """Add a little to a word, as an offset that is off by one entry."""
    at = drawn.randrange(max(1, len(data) - 3)) & ~3
    if at + 4 <= len(data):
        (word,) = struct.unpack_from("<I", data, at)
        struct.pack_into("<I", data, at, (word + drawn.choice((-64, -8, -4, -2, -1, 1, 2, 4, 8, 64))) % 2**32)


def _elsewhere(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    """Make the offset at one place lead to what lies somewhere else, perhaps to where another one leads."""
    at, to = (drawn.randrange(max(1, len(data) - 3)) & ~3 for _ in range(2))
    if at + 4 <= len(data):
        struct.pack_into("<I", data, at, (to - at) % 2**32)


def _copy(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    start, size = drawn.randrange(len(data)), drawn.choice((2, 4, 8, 32))
    _put(data, drawn, bytes(data[start : start + size]))


def _put(data: bytearray, drawn: Random, piece: bytes) -> None:
    at = drawn.randrange(max(1, len(data) - len(piece) + 1)) & (~3 if drawn.random() < 0.8 else ~0)
    data[at : at + len(piece)] = piece


def _cut(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    start = drawn.randrange(len(data) + 1)
    del data[start : start + drawn.choice((1, 4, 4, 8, 64, len(data)))]


def _doubled(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    start = drawn.randrange(len(data)) & ~3
    size = drawn.choice((4, 8, 64, 256))
    data[start:start] = data[start : start + size]


def _splice(data: bytearray, drawn: Random, others: Sequence[bytes]) -> None:
    other = drawn.choice(others)
    start, size = drawn.randrange(len(other)) & ~3, drawn.choice((8, 64, 512, len(other)))
    _put(data, drawn, other[start : start + size])


def _token(data: bytearray, drawn: Random, _others: Sequence[bytes]) -> None:
    at = drawn.randrange(len(data) + 1)
    data[at : at + drawn.choice((0, 0, 1, 4))] = drawn.choice(TOKENS)


def _lines(data: bytearray, drawn: Random, others: Sequence[bytes]) -> None:
    lines, others_lines = data.split(b"\n"), drawn.choice(others).split(b"\n")
    at, number = drawn.randrange(len(lines) + 1), drawn.choice((0, 1, 1, 3))
    lines[at : at + number] = drawn.choice((lines, others_lines))[drawn.randrange(3) :][: drawn.choice((0, 1, 2, 5))]
    data[:] = b"\n".join(lines)


_CHANGES: tuple[Change, ...] = (
    _bit,
    _byte,
    _word,
    _word,
    _word,
    _near,
    _near,
    _elsewhere,
    _copy,
    _cut,
    _doubled,
    _splice,
)


def changed_value(value: Any, drawn: Random) -> Any:
    """Return a JSON value with one part of it changed, at a depth that is drawn."""
    if isinstance(value, dict) and value and drawn.random() < 0.9:
        key = drawn.choice(sorted(value))
        if drawn.random() < 0.05:
            return {(drawn.choice(TEXTS) if name == key else name): each for name, each in value.items()}
        if drawn.random() < 0.03:
            return {name: each for name, each in value.items() if name != key}
        return {**value, key: changed_value(value[key], drawn)}
    if isinstance(value, list) and value and drawn.random() < 0.8:
        at = drawn.randrange(len(value))
        if drawn.random() < 0.2:
            return [*value[:at], *([value[at]] * drawn.choice((0, 2, 30))), *value[at + 1 :]]
        return [*value[:at], changed_value(value[at], drawn), *value[at + 1 :]]
    return _other_value(value, drawn)


def _other_value(value: Any, drawn: Random) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and drawn.random() < 0.8:
        return drawn.choice((value + 1, value - 1, value * 2, -value, *NUMBERS))
    if isinstance(value, str) and drawn.random() < 0.8:
        return drawn.choice((*TEXTS, value[:-1], f"{value}\x1b"))
    return drawn.choice((None, True, False, [], {}, [[]] * 3, *TEXTS, *NUMBERS, value))
