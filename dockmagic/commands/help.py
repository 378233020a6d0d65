"""``help``: list the verbs, or explain one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.help_text import help_text
from .cmdline.parameters import argument
from .cmdline.result import Text
from .cmdline.routing import find
from .cmdline.table import NOUNS, VERBS, summary

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "help",
    "[COMMAND]",
    ("help", "every command"),
    ("help images", "one of them"),
    returns="Text",
    takes_command=True,  # what comes after a verb does not matter
)
@argument("words", nargs=-1, metavar="[COMMAND]")
def command(ctx: CommandContext, words: tuple[str, ...]) -> Result:
    """Show what commands there are, or how one is used."""
    if not words:
        return Text(_overview(ctx.prog, list(VERBS)))
    if len(words) == 1 and words[0] in NOUNS:
        from .cmdline.table import ALIASES

        noun = words[0]
        names = sorted(name for name in (*VERBS, *ALIASES) if name.startswith(f"{noun} "))
        lines = _summaries(names, {name: ALIASES.get(name, name) for name in names})
        text = "\n".join(("", NOUNS[noun], "", "Commands:", *lines))
        return Text(f"Usage:  {ctx.prog} {noun} COMMAND\n{text}")
    called, found, _ = find(words, prog=ctx.prog)
    return Text(help_text(found, f"{ctx.prog} {called}"))


def _overview(prog: str, names: list[str]) -> str:
    lines = _summaries(names, {name: name for name in names})
    head = (
        f"Usage:  {prog} COMMAND",
        "",
        "Container images without a daemon, without root, without Docker",
        "",
        "Commands:",
    )
    return "\n".join((*head, *lines, "", f"Run '{prog} COMMAND --help' for more information on a command."))


def _summaries(names: list[str], verbs: dict[str, str]) -> list[str]:
    width = max(map(len, names))
    return [f"  {name.ljust(width)}   {summary(verbs[name]).rstrip('.')}" for name in names]
