"""``build --call``: what a Dockerfile is asked instead of being built, and its answers as docker prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.commands.cmdline.result import Document, Table
from dockmagic.dockerfile.outline import targets
from dockmagic.engine.answers import argument_rows, check_document, outline_document, target_rows, targets_document
from dockmagic.oci.errors import DockerfileError
from dockmagic.rows import ArgumentRow, TargetRow

from .lint_output import checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockmagic.builder.options import Options
    from dockmagic.commands.cmdline.result import Result
    from dockmagic.dockerfile import Dockerfile
    from dockmagic.dockerfile.outline import Outline
    from dockmagic.dockerfile.rules import Finding
    from dockmagic.engine.prepared_build import PreparedBuild

    from .call_option import Call

__all__ = ["asked", "unreadable"]


def asked(prepared: PreparedBuild, options: Options, call: Call) -> Result:
    """The answer to a call that is no build.

    Raises:
        DockerfileError: there is no such target, or a build would fail.
    """
    dockerfile = prepared.dockerfile
    if call.method == "check":
        result = _check_document(prepared, options) if call.json else checked(dockerfile, prepared.check(options))
        return replace(result, exit_code=0) if call.ignores_status else result
    if call.method == "targets":
        if call.json:
            return Document(targets_document(dockerfile), subject=dockerfile)
        rows = target_rows(dockerfile)
        return Table(rows, TargetRow, TargetRow.shown, subject=dockerfile, lines=tuple(_target_lines(dockerfile)))
    outline = prepared.outline(options)
    if call.json:
        return Document(outline_document(outline, dockerfile), subject=dockerfile)
    lines = tuple(_outline_lines(outline))
    return Table(argument_rows(outline), ArgumentRow, ArgumentRow.shown, subject=dockerfile, lines=lines)


def _check_document(prepared: PreparedBuild, options: Options) -> Document:
    error = None
    findings: tuple[Finding, ...] = ()
    try:
        findings, error = prepared.report(options)
        error = error or prepared.violation(options, findings)
    except DockerfileError as found:
        error = found
    dockerfile = prepared.dockerfile
    document = check_document(findings, dockerfile.name, dockerfile.source, error)
    return Document(document, subject=dockerfile, exit_code=1 if findings or error else 0)


def unreadable(error: DockerfileError, call: Call, *, first_line: int) -> Document | None:
    """``--call check,format=json`` of a text that is no Dockerfile; None if that is not asked, or the text not known.

    Args:
        error: what is wrong with it, and its text.
        call: what was asked.
        first_line: number of the text's first line.
    """
    if call.method != "check" or not call.json or not error.source:
        return None
    from dockmagic.dockerfile.lint import check_above

    findings = check_above(error.source, error.lines[0], name=error.file, first_line=first_line)
    document = check_document(findings, error.file, error.source, error)
    return Document(document, subject=error, exit_code=0 if call.ignores_status else 1)


def _target_lines(dockerfile: Dockerfile) -> list[str]:
    cells = [("TARGET", "DESCRIPTION")]
    for one in targets(dockerfile):
        name = " ".join(filter(None, (one.name, "(default)" if one.default else "")))
        cells.append((name, one.description))
    return _aligned(cells, 1)


def _outline_lines(outline: Outline) -> Iterator[str]:
    if outline.name or outline.description:
        about = [("TARGET:", outline.name or "(default)")]
        about += [("DESCRIPTION:", outline.description)] if outline.description else []
        yield from (*_aligned(about, 1), "")
    if outline.arguments:
        rows = [(one.name, one.value, one.description) for one in outline.arguments]
        yield from (*_aligned([("BUILD ARG", "VALUE", "DESCRIPTION"), *rows]), "")
    for word, mounts in (("SECRET", outline.secrets), ("SSH", outline.ssh)):
        if mounts:
            needed = [(one.name, "true" if one.required else "") for one in mounts]
            yield from (*_aligned([(word, "REQUIRED"), *needed]), "")


def _aligned(rows: Sequence[tuple[str, ...]], gap: int = 3) -> list[str]:
    """Cells in columns as wide as their longest one and the gap."""
    widths = [max(map(len, column)) + gap for column in zip(*rows, strict=True)]
    return ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
