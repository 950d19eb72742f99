from pathlib import Path

import pytest

from edgerec.strict_toml import MOST_BYTES, TomlError, parse_toml, read_toml
from hostile import limits


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "its values lie too deep in each other"),
        ("a = " + "{a=" * 5000 + "1" + "}" * 5000, "its values lie too deep in each other"),
        ("a = " + "9" * 5000, "a value that cannot be read"),
        ("a = 0x" + "f" * 5000, "a whole number of 20000 bits, expected at most 64"),
        ("a = [{ b = 9223372036854775808 }]", "a whole number of 64 bits"),
        ('a = "x\\u0000y"', "'x\\x00y' holds a zero byte"),
        ('"a\\u0000" = 1', "holds a zero byte"),
        ("a." * 40 + "a = 1", "x.toml:1: a key of more than 32 parts"),
        ("b = 1\n[" + "a." * 40 + "a]", "x.toml:2: a key of more than 32 parts"),
        ("b = { " + "'a' . " * 40 + "a = 1 }", "x.toml:1: a key of more than 32 parts"),
        ("#" * (MOST_BYTES + 1), "262,145 characters, expected at most 262,144"),
    ],
    ids=lambda value: value[:12],
)
def test_toml_that_nobody_writes_is_refused(text: str, says: str) -> None:
    with pytest.raises(TomlError) as refused:
        parse_toml(text, "x.toml")
    assert says in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("text", ["a." * 130_000 + "a = 1", '"\\' * 130_000, "a = " + '"\\' * 130_000, "a" * 260_000])
def test_the_largest_text_takes_no_square_of_its_time(text: str) -> None:
    with limits.timed(), pytest.raises(TomlError):
        parse_toml(text, "x.toml")


def test_a_long_value_is_shortened_where_it_is_refused() -> None:
    root = parse_toml(f"key = '{'x' * 100_000}'", "x.toml")
    with pytest.raises(TomlError) as refused:
        root.integer("key", least=1)
    assert len(str(refused.value)) < 400


def test_a_configuration_that_is_no_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(TomlError, match="cannot be read: it is there and is not a file"):
        read_toml(Path("/dev/zero"))
    with pytest.raises(TomlError, match="cannot be read: embedded null byte"):
        read_toml(Path("a\0b"))
    (tmp_path / "large.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(TomlError, match="more than 262,144 bytes"):
        read_toml(tmp_path / "large.toml")
