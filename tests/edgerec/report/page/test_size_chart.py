"""Recall by size: where labels stand, and which dots the line joins."""

from itertools import combinations

from edgerec.report.page.size_chart import HEIGHT, Point, size_and_recall
from edgerec.report.page.theme import WIDTH
from edgerec.statistics import Interval


def points(*sizes: float) -> list[Point]:
    return [
        Point(chr(65 + place), size, Interval(0.2 + place / 1000, 0.19, 0.22), place % 2 == 0)
        for place, size in enumerate(sizes)
    ]


def test_labels_of_dots_that_lie_close_do_not_cover_each_other() -> None:
    chart = size_and_recall(points(1, 1.02, 1.04, 1.04, 4), unit="MiB", k=10)
    dots = chart["data"][0]["values"]
    places = [(one["x"] / 4 * WIDTH + one["right"], (0.22 - one["y"]) / 0.03 * HEIGHT + one["down"]) for one in dots]
    for (left, top), (right, bottom) in combinations(places, 2):
        assert abs(left - right) >= 12 or abs(top - bottom) >= 11


def test_the_line_joins_the_front_by_size() -> None:
    chart = size_and_recall(points(3, 2, 1), unit="MiB", k=10)
    assert [one["x"] for one in chart["data"][1]["values"]] == [1, 3]


def test_one_file_makes_a_chart() -> None:
    assert size_and_recall(points(0), unit="B", k=10)["data"][0]["values"][0]["label"] == "A"
