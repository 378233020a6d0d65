"""How a front door invokes a verb: ``invoke(door, argv)`` → `Result`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from .result import Table
from .routing import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .door import Door
    from .result import Result

__all__ = ["invoke"]

# Under every table while they are on: nobody shall take a stand-in for the real thing.
_STAND_INS: Final = "Samples: stand-ins made on this machine, not Docker Hub's images"


def invoke(door: Door, argv: Sequence[str]) -> Result:
    """Parse a command line without the program's name (``["images", "-a"]``), do it, and say what came of it.

    Raises:
        UsageMistake: the command line cannot be understood (an `InvalidInput`; has `usage`).
        NotSupported: the verb or flag is refused by name.
        DockmagicError: what the verb raises.
    """
    called, verb, rest = find(argv, prog=door.prog)
    result = verb.run(door, called, rest)
    if isinstance(result, Table) and door.engine.samples is not None:
        return msgspec.structs.replace(result, notes=(*result.notes, _STAND_INS))
    return result
