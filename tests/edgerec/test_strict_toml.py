from pathlib import Path

import pytest

from edgerec.strict_toml import TomlError, key_lines, parse_toml, read_toml

TEXT = '''# a comment with [brackets] and "quotes
top = 1
[model]
path = "a # no comment"  # a comment
note = """
path = "not a key"
[not.a.table]
"""
list = [
  "x = 1",  # [
  "y",
]
"quoted key" = { a = 1, b = [1,
  2] }
dotted.key = 3

[[bundle]]
path = 'one'
[bundle.budget]
p50 = "2 ms"

[[bundle]]
budget.p95 = "3 ms"
text = \'\'\'
p50 = 1\'\'\'
last = true
'''


def test_every_key_and_table_has_the_line_it_stands_on() -> None:
    lines = key_lines(TEXT)
    assert lines == {
        ("top",): 2,
        ("model",): 3,
        ("model", "path"): 4,
        ("model", "note"): 5,
        ("model", "list"): 9,
        ("model", "quoted key"): 13,
        ("model", "dotted"): 15,
        ("model", "dotted", "key"): 15,
        ("bundle", 0): 17,
        ("bundle", 0, "path"): 18,
        ("bundle", 0, "budget"): 19,
        ("bundle", 0, "budget", "p50"): 20,
        ("bundle", 1): 22,
        ("bundle", 1, "budget"): 23,
        ("bundle", 1, "budget", "p95"): 23,
        ("bundle", 1, "text"): 24,
        ("bundle", 1, "last"): 26,
    }


def test_lines_end_in_crlf_too() -> None:
    assert key_lines("a = 1\r\nb = 2\r\n") == {("a",): 1, ("b",): 2}


def test_a_key_inside_an_inline_table_stands_where_its_table_does() -> None:
    root = parse_toml("\ninput = { roel = 1 }\n", "x.toml")
    table = root.table("input")
    assert table is not None
    with pytest.raises(TomlError, match=r"x.toml:2: input.roel is not known"):
        table.refuse_unknown()


def test_unknown_keys_are_refused_with_the_one_that_was_meant() -> None:
    root = parse_toml("name = 'x'\nkidn = 'y'\n", "x.toml")
    root.text("name")
    root.text("kind")
    with pytest.raises(TomlError, match=r"x.toml:2: kidn is not known \(did you mean kind\?\)"):
        root.refuse_unknown()
    other = parse_toml("zzz = 1", "x.toml")
    other.text("name")
    with pytest.raises(TomlError, match=r"x.toml:1: zzz is not known; known here: name"):
        other.refuse_unknown()


@pytest.mark.parametrize(
    ("getter", "written", "expected"),
    [
        ("text", "7", "a string"),
        ("text", "''", "a string"),
        ("integer", "'7'", "a whole number of at least 1"),
        ("integer", "true", "a whole number of at least 1"),
        ("integer", "0", "a whole number of at least 1"),
        ("texts", "'x'", "a list of strings"),
        ("texts", "[1]", "a list of strings"),
        ("table", "1", r"a table, \[key\]"),
        ("tables", "{}", r"an array of tables, \[\[key\]\]"),
    ],
)
def test_a_wrong_type_says_line_key_received_and_expected(getter: str, written: str, expected: str) -> None:
    root = parse_toml(f"\nkey = {written}\n", "x.toml")
    arguments = {"least": 1} if getter == "integer" else {}
    with pytest.raises(TomlError, match=rf"^x.toml:2: key is .*, expected {expected}\.$"):
        getattr(root, getter)("key", **arguments)


def test_a_choice_outside_the_known_ones_names_them_and_the_closest() -> None:
    root = parse_toml("kind = 'catalog'", "x.toml")
    with pytest.raises(TomlError, match=r"expected one of catalogue, pointwise \(did you mean catalogue\?\)"):
        root.choice("kind", ("catalogue", "pointwise"))


def test_a_missing_key_that_has_to_be_there_names_its_table() -> None:
    table = parse_toml("\n[model]\n", "x.toml").table("model")
    assert table is not None
    with pytest.raises(TomlError, match=r"x.toml:2: model.path is missing"):
        table.required_text("path")


def test_what_is_no_toml_is_refused_with_the_parsers_line(tmp_path: Path) -> None:
    with pytest.raises(TomlError, match=r"x.toml: not TOML: .*line 2"):
        parse_toml("a = 1\nb = \n", "x.toml")
    (tmp_path / "x.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(TomlError, match="not UTF-8 at byte 5"):
        read_toml(tmp_path / "x.toml")
    with pytest.raises(TomlError, match="cannot be read: No such file"):
        read_toml(tmp_path / "gone.toml")
