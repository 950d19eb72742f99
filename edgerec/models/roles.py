"""What the inputs and the output of a recommender mean; needs no TensorFlow."""

from dataclasses import dataclass

from device_tests.manifest import Input

CATALOGUE = "catalogue"
POINTWISE = "pointwise"
TWO_TOWERS = "two_towers"
KINDS = (CATALOGUE, POINTWISE, TWO_TOWERS)


@dataclass(frozen=True)
class Roles:
    """The roles of one model.

    name    what it is called in bundles and tables
    kind    catalogue: user-side inputs -> scores [batch, items]; pointwise: user-side inputs and an item -> scores
            [batch, 1]; two_towers: user and item side -> their vectors side by side [batch, 2 x columns]
    inputs  one Input for every input that the device feeds, by name
    items   size of the catalogue
    """

    name: str
    kind: str
    inputs: tuple[Input, ...]
    items: int

    @property
    def served_kind(self) -> str:
        """The kind that runs on the device: two towers become a catalogue scorer."""
        return CATALOGUE if self.kind == TWO_TOWERS else self.kind

    def of_role(self, role: str) -> Input | None:
        """The input of a role, or None."""
        return next((entry for entry in self.inputs if entry.role == role), None)
