"""The text below a magic in a cell: what the verb above it does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.notebook.progress.build import cell_dockerfile
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from dockmagic.commands.cmdline.invocation import Invocation

__all__ = ["with_text"]


def with_text(call: Invocation, text: bytes) -> Invocation:
    """The call that uses a cell's text.

    Raises:
        InvalidInput: it has no use for it, so that the text would be lost without a word.
    """
    cell = call.verb.cell
    if cell is not None and cell.dockerfile:
        return cell_dockerfile(call, text)
    if not text.strip() or call.name == "help":
        return call
    if cell is None:
        raise InvalidInput(
            f"{call.name} reads nothing, and there is text below it in the cell",
            hint="Leave the text out; under %%docker alone each line is a command",
        )
    if all(call.parameters[name] != value for name, value in cell.read_by):
        raise InvalidInput(
            f"this {call.name} reads nothing, and there is text below it in the cell",
            hint=f"{_asking(call)}, or leave the text out",
        )
    return call


def _asking(call: Invocation) -> str:
    """What to write so that the call reads the text."""
    name, value = call.verb.cell.read_by[-1] if call.verb.cell is not None else ("", None)
    parameter = next(one for one in call.verb.params if one.name == name)
    if parameter.param_type_name == "argument":
        return f"Write {value} as {parameter.human_readable_name}"
    if isinstance(value, bool):
        return f"Write {parameter.opts[0]}" if value else f"Leave {parameter.opts[0]} out"
    return f"Write {parameter.opts[0]} {value}"
