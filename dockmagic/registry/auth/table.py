"""The table of authentication schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .basic import BasicScheme
from .bearer import BearerScheme

if TYPE_CHECKING:
    from .scheme import Scheme

__all__ = ["SCHEMES"]

#: Where a registry offers several, the first of these is used.
SCHEMES: Final[tuple[type[Scheme], ...]] = (BearerScheme, BasicScheme)
