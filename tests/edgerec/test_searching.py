"""What a search refuses before it converts anything."""

from typing import Any, cast

import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import find
from edgerec.gate.budget import budget_of_flags
from edgerec.search.asked import Asked
from edgerec.search.setting import SearchSetting
from edgerec.searching import prepare


def test_a_recipe_that_drops_items_is_refused_before_a_model_is_loaded() -> None:
    nothing = cast("Any", None)
    asked = Asked(nothing, find("drop75_rows4_int8"), budget_of_flags([("recall_kept", "95 %")]), SearchSetting(8, 4))
    with pytest.raises(RecipeError, match=r'drop75_rows4_int8 says rows = "drop", .* leave it out'):
        prepare(asked, nothing)
