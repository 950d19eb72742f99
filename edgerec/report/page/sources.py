"""What the page calls each file and each report: A, B, C, and the reports of A are A1, A2."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgerec.report.exhibit import Exhibit, Exhibition, Measurement
from edgerec.report.page.html import Html, joined, link, shown

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Named:
    """A file under its letter, and its reports under theirs; `name` is without its folder where that tells it apart."""

    letter: str
    name: str
    exhibit: Exhibit
    is_baseline: bool
    reports: tuple[tuple[str, Measurement], ...]

    @property
    def title(self) -> str:
        """Give the letter and the file's name."""
        return f"{self.letter} {shown(self.name)}{', the baseline' if self.is_baseline else ''}"

    @property
    def read(self) -> Html:
        """Give a link to where the file's own figures come from."""
        return link(f"source-{self.letter}", "file")

    def of(self, measurement: Measurement | None) -> str:
        """Give the name of a report, empty without one."""
        return next((name for name, one in self.reports if one is measurement), "")


def named(exhibition: Exhibition) -> tuple[Named, ...]:
    """Give the files of an exhibition under their letters."""
    paths = [Path(one.inspection.name) for one in exhibition.exhibits]
    alone = len({path.name for path in paths}) == len(paths)
    names = [path.name if alone else str(path) for path in paths]
    return tuple(
        Named(letter, names[place], exhibit, place == exhibition.baseline, tuple(_reports(letter, exhibit)))
        for place, (letter, exhibit) in enumerate(zip(_letters(), exhibition.exhibits, strict=False))
    )


def source(*names: str) -> Html:
    """Give links to the reports that a figure comes from, or that there is none."""
    told = [link(f"source-{name}", name) for name in names if name]
    return joined(part for place, one in enumerate(told) for part in ((", ", one) if place else (one,))) or Html(
        "not measured"
    )


def _letters() -> Iterator[str]:
    length = 0
    while True:
        length += 1
        for number in range(len(_LETTERS) ** length):
            digits = [_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in reversed(range(length))]
            yield "".join(digits)


def _reports(letter: str, exhibit: Exhibit) -> Iterator[tuple[str, Measurement]]:
    for number, one in enumerate(exhibit.measurements, 1):
        yield f"{letter}{number}", one
