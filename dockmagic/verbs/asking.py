"""``build --call``: what a Dockerfile is asked instead of being built, and its answers as docker prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from click import ParamType
from msgspec.structs import replace

from dockmagic.engine.answers import argument_rows, check_document, outline_document, target_rows, targets_document
from dockmagic.oci.dockerfile.characters import parse_bool
from dockmagic.oci.dockerfile.outline import targets
from dockmagic.oci.errors import DockerfileError
from dockmagic.rows import ArgumentRow, TargetRow

from .checking import checked
from .result import Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from click import Context, Parameter

    from dockmagic.build.options import Options
    from dockmagic.engine.recipe import Recipe
    from dockmagic.oci.dockerfile import Dockerfile
    from dockmagic.oci.dockerfile.outline import Outline

    from .result import Result

__all__ = ["CALLS", "Call", "CallType", "asked"]

CALLS: Final = ("build", "check", "outline", "targets")


class Call(NamedTuple):
    """What ``--call METHOD[,format=FORMAT][,ignorestatus=BOOL]`` says.

    Attributes:
        method: one of `CALLS`.
        json: print the document.
        ignores_status: end with 0 even where there are warnings.
    """

    method: str = "build"
    json: bool = False
    ignores_status: bool = False


if TYPE_CHECKING:
    _Type = ParamType[Call]
else:
    _Type = ParamType  # which is generic from click 8.2 on


class CallType(_Type):
    """The value of ``--call``, in buildx's form."""

    name = "string"
    choices = CALLS

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> Call:
        """Take it apart."""
        if isinstance(value, Call):
            return value
        method, fields = "", {"format": "text", "ignorestatus": "false"}
        for field in value.split(","):
            key, equals, text = field.partition("=")
            if not equals and not method:
                method = "check" if field == "lint" else field
            elif key in fields and equals:
                fields[key] = text
            else:
                self.fail(f"{field!r} is neither format=text, format=json nor ignorestatus=true.", param, ctx)
        if method not in CALLS:
            self.fail(f"{method!r} is not one of {', '.join(CALLS)}.", param, ctx)
        if fields["format"] not in ("text", "json"):
            self.fail(f"{fields['format']!r} is not a format: write text or json.", param, ctx)
        try:
            ignores = parse_bool(fields["ignorestatus"])
        except ValueError:
            self.fail(f"{fields['ignorestatus']!r} is neither true nor false.", param, ctx)
        return Call(method, fields["format"] == "json", ignores)


def asked(recipe: Recipe, options: Options, call: Call) -> Result:
    """The answer to a call that is no build.

    Raises:
        DockerfileError: there is no such target, or a build would fail.
    """
    dockerfile = recipe.dockerfile
    if call.method == "check":
        result = _check_document(recipe, options) if call.json else checked(dockerfile, recipe.check(options))
        return replace(result, exit_code=0) if call.ignores_status else result
    if call.method == "targets":
        if call.json:
            return Document(targets_document(dockerfile), subject=dockerfile)
        rows = target_rows(dockerfile)
        return Table(rows, TargetRow, TargetRow.shown, subject=dockerfile, lines=tuple(_target_lines(dockerfile)))
    outline = recipe.outline(options)
    if call.json:
        return Document(outline_document(outline, dockerfile), subject=dockerfile)
    lines = tuple(_outline_lines(outline))
    return Table(argument_rows(outline), ArgumentRow, ArgumentRow.shown, subject=dockerfile, lines=lines)


def _check_document(recipe: Recipe, options: Options) -> Document:
    error = None
    try:
        recipe.check(options)
    except DockerfileError as found:
        error = found
    findings = recipe.findings(options)
    document = check_document(findings, recipe.dockerfile, error)
    return Document(document, subject=recipe.dockerfile, exit_code=1 if findings or error else 0)


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
