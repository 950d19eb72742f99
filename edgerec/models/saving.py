"""A recommender written as a legacy Keras file, which any Keras tool, and edgerec itself, reads."""

from pathlib import Path

from edgerec import storage
from edgerec.models.recommender import Recommender


def save(recommender: Recommender, path: Path) -> None:
    """Write the model as a `.keras` or `.h5` file, whole or not at all; roles are not in it. Raises StorageError."""
    with storage.scratch() as scratch:
        recommender.model.save(scratch / path.name)
        storage.write_bytes(path, (scratch / path.name).read_bytes())
