from edgerec.toml_lines import key_lines

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
