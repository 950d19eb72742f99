"""One compressed model on the host: a recipe and the .tflite that it gave."""

import hashlib
from dataclasses import dataclass

from edgerec.compress.recipe import Recipe


@dataclass(frozen=True)
class StepGain:
    """What one step did to the file: bytes on disk and deflated, before and after."""

    step: str
    bytes_before: int
    bytes_after: int
    deflated_before: int
    deflated_after: int

    @property
    def smaller(self) -> bool:
        """Whether the file shrank on disk or as a download."""
        return self.bytes_after < self.bytes_before or self.deflated_after < self.deflated_before


@dataclass(frozen=True)
class Candidate:
    """A recipe, the .tflite it gave, what each step gained, and where it came from; needs no TensorFlow.

    `kept` are the items that it scores, rising, where others were dropped; None where it scores the whole catalogue.
    """

    name: str
    recipe: Recipe
    tflite: bytes
    gains: tuple[StepGain, ...]
    lineage: dict[str, object]
    kept: tuple[int, ...] | None = None

    @property
    def sha256(self) -> str:
        """Digest of the .tflite."""
        return hashlib.sha256(self.tflite).hexdigest()
