"""Metadata of a verb besides its parameters, from which completion, progress and the use of a cell are derived."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CellText", "Transfer"]

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class CellText(NamedTuple):
    """How a verb uses the text below its magic in a cell.

    Attributes:
        read_by: parameters with the values that ask for standard input, which the text is; one of them suffices.
        dockerfile: the text is the Dockerfile, unless the command line asks for it itself.
        defaults: parameters that have this default where there is such a text.
    """

    read_by: tuple[tuple[str, object], ...]
    dockerfile: bool = False
    defaults: Mapping[str, str] = _NONE


class Transfer(NamedTuple):
    """That a verb moves blobs, and shows how far they are.

    Attributes:
        title: what it does: ``Pulling``.
        of: the parameter that names what is moved.
        silent: flags with which nothing is shown.
        certain: whether it is what the verb is for; else it is shown only once something moves, as where ``run`` pulls.
    """

    title: str
    of: str
    silent: tuple[str, ...] = ("quiet",)
    certain: bool = True

    def describe(self, parameters: Mapping[str, Any]) -> str:
        """What a call moves, in a line that stays the same: ``Pulling ubuntu``."""
        named = parameters[self.of]
        return f"{self.title} {named if named not in (None, '', '-') else 'standard input'}"
