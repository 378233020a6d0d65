"""Findings about a Dockerfile as docker prints them, each with the lines that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.builder.outcome.excerpt import excerpt
from dockmagic.commands.cmdline.result import Table
from dockmagic.engine.step_rows import warning_rows
from dockmagic.rows import WarningRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dockmagic.builder.outcome.events import BuildWarned
    from dockmagic.dockerfile import Dockerfile

__all__ = ["checked", "excerpt_lines"]

_RULE = "-" * 20


def checked(dockerfile: Dockerfile, warnings: Sequence[BuildWarned]) -> Table:
    """The table of ``build --check``; the command line fails where there is a warning, as docker's does."""
    lines = [_verdict(len(warnings))]
    for one in warnings:
        lines += ["", f"WARNING: {one.rule} - {one.url}", one.text]
        lines += [f"Fix: {one.fix}"] if one.fix else []
        found = excerpt(dockerfile.source, (one.line, one.line), first_line=dockerfile.first_line)
        lines += excerpt_lines(found, f"{dockerfile.name}:{one.line}")
    return Table(
        warning_rows(warnings),
        WarningRow,
        WarningRow.shown,
        subject=dockerfile,
        notes=() if warnings else (_verdict(0),),
        lines=tuple(lines) if warnings else (),
        exit_code=1 if warnings else 0,
    )


def _verdict(count: int) -> str:
    if not count:
        return "Check complete, no warnings found."
    return f"Check complete, {count} warning{' has' if count == 1 else 's have'} been found!"


def excerpt_lines(found: Iterable[tuple[int, str, bool]], place: str = "") -> list[str]:
    """The lines of a Dockerfile around those that something is about, which are marked; nothing for none.

    Args:
        found: number, text, and whether it is marked.
        place: stands above them.
    """
    shown = [f" {number:3d} | {'>>>' if marked else '   '} {text}" for number, text, marked in found]
    return [*([place] if place else []), _RULE, *shown, _RULE] if shown else []
