"""Passwords on standard input, or typed by whoever is asked (``login``, ``serve``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.registry.secret import Secret

if TYPE_CHECKING:
    from dockmagic.commands.cmdline.context import CommandContext

__all__ = ["asked_password", "nobody_to_ask", "piped_password"]


def piped_password(ctx: CommandContext) -> Secret:
    """What ``--password-stdin`` reads.

    Raises:
        InvalidInput: there is nothing to read, or it is not text.
    """
    if ctx.stdin is None:
        raise InvalidInput("there is no standard input", hint="Leave --password-stdin out, to be asked")
    try:
        return Secret(ctx.stdin.read().decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        raise InvalidInput("the password on standard input is not text", hint="Write it in UTF-8") from None


def asked_password(ctx: CommandContext, verb: str) -> Secret:
    """What is typed.

    Raises:
        NotSupported: there is nobody to ask.
    """
    try:
        return Secret(ctx.ask("Password: ", secret=True))
    except EOFError:
        raise nobody_to_ask(verb) from None


def nobody_to_ask(verb: str) -> NotSupported:
    """The error where no one can be asked."""
    return NotSupported(
        f"{verb} needs somebody to ask",
        hint=f"Write `{verb} -u NAME --password-stdin`, with the password on standard input",
    )
