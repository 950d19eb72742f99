import pytest

from converters import schema
from converters.op_versions import OLDEST_RUNTIME, oldest_runtime


@pytest.mark.parametrize(
    ("op", "runtime"),
    [
        (("FULLY_CONNECTED", 9), "2.3.0"),
        (("FULLY_CONNECTED", 11), "2.15.0"),
        (("FULLY_CONNECTED", 12), "2.17.0"),
        (("FULLY_CONNECTED", 13), "2.18.0"),
        (("FULLY_CONNECTED", 14), "2.21.0"),
        (("EMBEDDING_LOOKUP", 4), "2.18.0"),
        (("EMBEDDING_LOOKUP", 5), "2.21.0"),
        (("GATHER", 7), "2.15.0"),
        (("BROADCAST_TO", 2), "2.5.0"),
        (("WHERE", 2), "2.8.0"),
    ],
)
def test_figures_of_the_source(op: tuple[str, int], runtime: str) -> None:
    assert OLDEST_RUNTIME[op] == runtime


def test_every_name_is_an_operator_of_the_schema() -> None:
    assert {name for name, _ in OLDEST_RUNTIME} <= set(schema.OPERATORS)


def test_versions_are_compared_as_numbers() -> None:
    assert oldest_runtime([("FULLY_CONNECTED", 9), ("FULLY_CONNECTED", 10), ("ADD", 1)]) == "2.11.0"


def test_an_unknown_pair_gives_no_guess() -> None:
    assert oldest_runtime([("ADD", 1), ("ADD", 99)]) is None
    assert oldest_runtime([("BROADCAST_TO", 1)]) is None
    assert oldest_runtime([]) == ""
