"""The text of ``--help``: usage, what a verb does, examples, and flags with the usual ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .command import Verb

__all__ = ["help_text"]


def help_text(verb: Verb, path: str) -> str:
    """What ``--help`` shows.

    Args:
        verb: which.
        path: the program's name and the verb as the user wrote them.
    """
    prog = path.split(" ", 1)[0]
    lines = [f"Usage:  {path} {verb.usage}".rstrip(), "", (verb.help or "").strip()]
    shown = [(f"{prog} {line}", about) for line, about in verb.examples]
    width = max(len(line) for line, _ in shown)
    lines += ["", "Examples:", *(f"  {line.ljust(width)}   {about}" for line, about in shown)]
    flags = [parameter for parameter in verb.params if isinstance(parameter, click.Option) and not parameter.hidden]
    usual = [one for name in verb.common for one in flags if name in one.opts]
    others = [one for one in flags if one not in usual]
    width = max((len(_flag_names(one)) for one in flags), default=0)
    if usual:
        lines += ["", "Common options:", *_lines(usual, width)]
    if others:
        lines += ["", "Further options:" if usual else "Options:", *sorted(_lines(others, width), key=_flag_order)]
    return "\n".join(lines)


def _lines(flags: Sequence[click.Option], width: int) -> list[str]:
    return [f"  {_flag_names(one).ljust(width)}   {(one.help or '').rstrip('.')}" for one in flags]


def _flag_order(line: str) -> str:
    return line.split("--", 1)[-1]


def _flag_names(parameter: click.Option) -> str:
    short = next((name for name in parameter.opts if not name.startswith("--")), "")
    long = next((name for name in parameter.opts if name.startswith("--")), "")
    kind = "" if parameter.is_flag else f" {parameter.metavar or ('int' if parameter.type is click.INT else 'string')}"
    return f"{short + ', ' if short else '    '}{long}{kind}"
