"""The fields of every operator's options, in the order of their slots, to compare options that need not be understood.

Source: TensorFlow's `tensorflow/compiler/mlir/lite/schema/schema.fbs` as of LiteRT 2.3.0, compared with its generated
Python reader in the tests. Options without fields are left out.
"""

from dataclasses import dataclass

# A union's number, and a field each: a `struct` code, after "*" for a vector (or a string, as bytes), with the default
# where it is not 0; "-" for a field that was withdrawn.
_FIRST = """
1 b i i b i=1 i=1 b
2 b i i i b i=1 i=1
3 i *i *i
4 b
5 b i i i i b
6 i b ?
7 b ?
8 b b ? ? b *B
9 f
10 i b
11 b ?=1
12 b
13 i f f f
14 b f f b ?
15 - - ? ?
16 I
17 *i
18 i i ?
19 i
20 b
21 b
23 i i
27 ?
28 b ?=1
29 b
30 *i
31 ? b ?
32 i i i i i ?
35 i
37 b b
40 b
49 b i i b b
50 ?
55 b
57 b
58 f f i ?
59 i i
61 i
64 i i
69 b f f ? ?=1 ?
70 ? b ? ?
71 b f f ? ? ?
74 ? ?
75 f
77 b
79 i
80 b=2
87 i i
92 i i
93 i i
94 i
101 ? ? ?
102 ? ?
103 i
106 b i i i b i=1 i=1 i=1
107 i b b
111 *B *B
114 q q
115 *f
116 ?
"""
_SECOND = """
1 q
2 *q
3 *q *q *q
4 *q *q *q *q *? q q *q q q *q q q *q q q *I
5 *B ? *B i *i *B
6 *q i
7 ? *q *q *q q ? i
8 I I
9 *q
10 *q *q *q
11 q
12 *q *q *q *q *I
13 *q *q *q *q *q i
14 q ? i
15 i i
16 *q *q *q q *q ?
17 *q
19 b
20 i
21 *B i *B b i
23 *i
"""


@dataclass(frozen=True, slots=True)
class OptionField:
    """One field: its vtable slot, the `struct` code of its value or of a vector's, and what is read where it is not."""

    slot: int
    code: str
    vector: bool
    default: int


def _fields(words: list[str]) -> tuple[OptionField, ...]:
    found = []
    for index, word in enumerate(words):
        code, _, default = word.removeprefix("*").partition("=")
        if word != "-":
            found.append(OptionField(4 + 2 * index, code, word.startswith("*"), int(default or 0)))
    return tuple(found)


def _read(text: str) -> dict[int, tuple[OptionField, ...]]:
    return {int(number): _fields(words) for number, *words in map(str.split, text.strip().splitlines())}


# By number in the unions BuiltinOptions and BuiltinOptions2.
FIRST_OPTIONS = _read(_FIRST)
SECOND_OPTIONS = _read(_SECOND)
