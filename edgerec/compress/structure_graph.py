"""Columns by number while a model is followed: which are tied, and which must not go or be turned, and why."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


@dataclass
class ColumnGraph:
    """Numbers of columns, joined where columns only go together (union by the lower number).

    made   by layer: the columns it makes, [width]
    taken  by layer: the columns that the rows of its kernel multiply, [inputs]
    """

    made: dict[str, Labels] = field(default_factory=dict)
    taken: dict[str, Labels] = field(default_factory=dict)
    _parents: list[int] = field(default_factory=list)
    _fixed: list[tuple[Labels, str]] = field(default_factory=list)
    _bent: list[tuple[Labels, str]] = field(default_factory=list)

    def new(self, count: int) -> Labels:
        """Numbers of `count` columns that nothing ties."""
        start = len(self._parents)
        self._parents.extend(range(start, start + count))
        return np.arange(start, start + count, dtype=np.int64)

    def fresh(self, tensor: Any, reason: str) -> Labels:
        """New columns of a Keras tensor that cannot go; none for one of unknown width or without columns."""
        width = tensor.shape[-1] if len(tensor.shape) > 1 else None
        labels = self.new(width or 0)
        self.fix(labels, reason)
        return labels

    def makes(self, layer: Any, width: int) -> Labels:
        """The columns that a layer makes, the same at each of its calls."""
        if layer.name not in self.made:
            self.made[layer.name] = self.new(width)
        return self.made[layer.name]

    def takes(self, layer: Any, labels: Labels) -> None:
        """Say that the rows of a layer's kernel multiply these columns; its other calls are tied to it."""
        self.tie(self.taken.setdefault(layer.name, labels), labels)

    def tie(self, one: Labels, other: Labels) -> None:
        """Join each column with the other one at its place."""
        for left, right in zip(one.tolist(), other.tolist(), strict=True):
            first, second = sorted((self._root(left), self._root(right)))
            self._parents[second] = first

    def fix(self, labels: Labels, reason: str) -> None:
        """Say why these columns cannot go."""
        self._fixed.append((labels, reason))

    def bend(self, labels: Labels, layer: Any) -> None:
        """Say that a layer is not linear in these columns."""
        self._bent.append((labels, f"{type(layer).__name__} {layer.name} is not linear in them"))

    def roots(self, labels: Labels) -> Labels:
        """One number for all columns that are tied."""
        return np.array([self._root(label) for label in labels.tolist()], np.int64)

    @property
    def fixed(self) -> dict[int, str]:
        """Why columns cannot go, by root; the first reason told."""
        return self._reasons(self._fixed)

    @property
    def bent(self) -> dict[int, str]:
        """What is not linear in columns, by root."""
        return self._reasons(self._bent)

    def _root(self, label: int) -> int:
        while self._parents[label] != label:
            self._parents[label] = self._parents[self._parents[label]]
            label = self._parents[label]
        return label

    def _reasons(self, told: list[tuple[Labels, str]]) -> dict[int, str]:
        found: dict[int, str] = {}
        for labels, reason in told:
            for root in self.roots(labels).tolist():
                found.setdefault(root, reason)
        return found
