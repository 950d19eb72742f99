"""What a user's second interaction with one item means; imports nothing, since `check` reads it too."""

from typing import Literal, get_args

Duplicates = Literal["refuse", "keep_first", "keep_last", "allow"]
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
