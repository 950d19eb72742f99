"""A recommender that may not have been made yet: its key, its roles, and how to get it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from edgerec.compress import cache
from edgerec.models.flattening import flat
from edgerec.models.recommender import Recommender, read_roles
from edgerec.models.roles import Roles


@dataclass(frozen=True)
class Stage:
    """A recommender by the key of what it is made from; nothing is trained, built or even imported before it is needed.

    `make` gives the recommender; what it gives is kept in the step cache.
    """

    key: str
    make: Callable[[], Recommender]

    @cached_property
    def recommender(self) -> Recommender:
        """The recommender, trained or read from the cache."""
        # Always built from the files: a model fresh from TF-MOT shares its layers with the ones it was made of.
        return Recommender.from_files(self._files())

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the recommender itself: its roles, architecture and weights, whatever code made them."""
        digest = hashlib.sha256()
        for name, data in sorted(self._files().items()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        return digest.hexdigest()

    @property
    def finished(self) -> bool:
        """Whether it is in the cache."""
        return cache.read(self.key) is not None

    @cached_property
    def roles(self) -> Roles:
        """The roles of the recommender, read without TensorFlow where it was finished before."""
        found = cache.read(self.key)
        return self.recommender.roles if found is None else read_roles(found)

    def _files(self) -> dict[str, bytes]:
        def made() -> dict[str, bytes]:
            recommender = self.make()
            # One that was made in Python may hold models, whose layers no step would see.
            return recommender.with_model(flat(recommender.model)).to_files()

        return cache.files_of(self.key, made)
