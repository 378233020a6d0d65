"""How a front end runs a command line at once: ``invoke(ctx, argv)`` → `Result`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .invocation import bind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import CommandContext
    from .result import Result

__all__ = ["invoke"]


def invoke(ctx: CommandContext, argv: Sequence[str]) -> Result:
    """Bind a command line without the program's name (``["images", "-a"]``), do it, and say what came of it.

    Raises:
        UsageMistake: the command line cannot be understood (an `InvalidInput`; has `usage`).
        NotSupported: the verb or flag is refused by name.
        DockmagicError: what the verb raises.
    """
    return bind(argv, prog=ctx.prog).run(ctx)
