"""Rounds without a model: so many users of one held-out item each, of which so many rank first."""

from collections.abc import Callable

import pytest

from device_tests.report import Quality
from edgerec.loop.round import Round

USERS = 300
Make = Callable[..., Round]


def quality(hits: int) -> Quality:
    ranks = tuple(1 if user < hits else 9 for user in range(USERS))
    among = tuple(min(6, rank) for rank in ranks)
    segments = {"popular_half": tuple(range(USERS)), "unpopular_half": ()}
    return Quality(1, 10, USERS, tuple(range(USERS + 1)), ranks, (5,), 9.0, segments, 5, among)


@pytest.fixture(scope="session")
def made() -> Make:
    """Give a function that makes a round by number, bytes to download, and hits of the users that choose."""

    def make(number: int, download_bytes: int, hits: int = 250, *, train: int = 300) -> Round:
        return Round(
            number=number,
            share=number / 10,
            app_bytes=2 * download_bytes,
            download_bytes=download_bytes,
            model_sha256=f"{number:064x}",
            train=quality(train),
            validation=quality(hits),
        )

    return make
