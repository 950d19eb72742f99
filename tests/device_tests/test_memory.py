"""Memory: a model's growth is seen where it happens."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize("columns", [64, 1024])
def test_a_table_that_is_read_is_mapped(
    columns: int, make: Callable, new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    """The dense layer of 2,000 rows: its pages come from the file, or are packed into memory of the process's own."""
    made = make(tmp_path / "x.bundle", new_catalogue(items=2000, columns=columns))
    grown = harness(made.path, "--only", "memory").report.memory
    table = 2000 * columns * 4
    assert grown.private_run + grown.mapped_run > table
    assert grown.private_run + grown.mapped_run < 12 << 20 | 4 * table
    assert grown.peak > 20 << 20
