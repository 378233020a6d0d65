"""What the images, containers and volumes of an engine have in common: they can be listed, counted and found."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dockmagic.oci.errors import AmbiguousName, InvalidInput, NotFound

from .options.convert import items, mapping, text, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Collection", "Filters", "filter_words"]

_Item = TypeVar("_Item")

if TYPE_CHECKING:
    #: ``{"label": ["a", "b=1"], "dangling": True}``, or ``KEY=VALUE`` as a command line takes them.
    Filters = Mapping[str, Any] | Sequence[str] | str
else:
    Filters = object


def filter_words(filters: Filters) -> tuple[str, ...]:
    """``KEY=VALUE`` for each value of each filter.

    Raises:
        TypeError: neither a mapping nor texts.
    """
    from collections.abc import Mapping

    if not isinstance(filters, Mapping):
        return tuple(text("filters", one) for one in items("filters", filters))
    return tuple(
        f"{name}={_value(name, one)}"
        for name, value in mapping("filters", filters)
        for one in (value if isinstance(value, (list, tuple, set, frozenset)) else [value])
    )


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value_text(f"filters[{name!r}]", value)


class Collection(ABC, Generic[_Item]):
    """Everything of one kind that an engine has: ``for one in …``, ``len(…)``, ``NAME in …``, ``…[NAME]``."""

    @abstractmethod
    def list(self, *, filters: Filters = ()) -> tuple[_Item, ...]:
        """All of them, or those that filters let through."""

    @abstractmethod
    def get(self, name: str) -> _Item:
        """The one that a name means."""

    def all(self) -> tuple[_Item, ...]:
        """All of them; `list` does the same."""
        warnings.warn(f"{type(self).__name__}.all is called list now", DeprecationWarning, stacklevel=2)
        return self.list()

    def __iter__(self) -> Iterator[_Item]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __bool__(self) -> bool:
        """True: an engine without images has its collection, too."""
        return True

    def __contains__(self, name: object) -> bool:
        """Whether a name, an ID or the beginning of one means something that is here."""
        if not isinstance(name, str):
            return any(one == name for one in self.list())
        try:
            self.get(name)
        except AmbiguousName:
            return True
        except (NotFound, InvalidInput):
            return False
        return True

    def __getitem__(self, name: str) -> _Item:
        """The same as `get`."""
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__} are found by name or ID, not by {type(name).__name__}")
        return self.get(name)

    def __repr__(self) -> str:
        return f"<{len(self)} {type(self).__name__.lower()}>"
