"""The table of drivers, the best first: a new one is a file of this package and a line here.

Imported by the shim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .chroot import Chroot
from .proot import Proot
from .root import Root
from .single import Single
from .subid import Subid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .driver import Driver

__all__ = ["DRIVERS"]

#: By name. The first one that works on this machine is chosen (`machine.tiers`).
DRIVERS: Final[Mapping[str, Driver]] = {one.name: one for one in (Root(), Subid(), Single(), Chroot(), Proot())}
