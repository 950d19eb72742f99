"""Things by name that a third party can add to: the built-in ones, and those of an entry point group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean

Made = TypeVar("Made")


@dataclass(frozen=True)
class Registry(Generic[Made]):
    """Factories by name of one `kind` of thing; entry points of `group` add to them, and name callables too.

    What is refused is raised as `error`.
    """

    kind: str
    group: str
    built_in: Mapping[str, Callable[..., Made]]
    error: type[EdgerecError]

    def names(self) -> tuple[str, ...]:
        """Every name that can be asked for; nothing of another package is imported."""
        return (*self.built_in, *sorted(self._others()))

    def factory(self, name: str) -> Callable[..., Made]:
        """What makes the thing of a name. Raises `error` for an unknown name, or a package that cannot be loaded.

        Raises it too where another package has taken the name of a built-in one.
        """
        return self.built_in.get(name) or self._loaded(name)

    def make(self, name: str, /, **settings: Any) -> Made:
        """The thing of a name, with settings of its own. Raises `error` as `factory` and for a wrong setting."""
        make = self.factory(name)
        try:
            return make(**settings)
        except TypeError as error:
            raise self.error(f"{self.kind} {name} got settings {settings}, and they do not fit it: {error}") from error

    def _others(self) -> dict[str, EntryPoint]:
        found = {entry.name: entry for entry in entry_points(group=self.group)}
        taken = [f"{name} ({found[name].value})" for name in found if name in self.built_in]
        if taken:
            raise self.error(
                f"an installed package adds {self.kind} {', '.join(taken)}, and edgerec has one of that name: "
                "uninstall it, or have it renamed"
            )
        return found

    def _loaded(self, name: str) -> Callable[..., Made]:
        others = self._others()
        if name not in others:
            known = self.names()
            raise self.error(f"no {self.kind} {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
        try:
            make: Callable[..., Made] = others[name].load()
        except (ImportError, AttributeError) as error:
            raise self.error(f"{self.kind} {name} cannot be loaded from {others[name].value}: {error}") from error
        return make
