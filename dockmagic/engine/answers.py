"""What ``build --call`` answers, as rows and as the documents that BuildKit gives for it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from dockmagic.builder.sources.files import printable
from dockmagic.dockerfile.outline import targets
from dockmagic.rows import ArgumentRow, TargetRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.dockerfile import Dockerfile
    from dockmagic.dockerfile.outline import Outline, OutlineSecret
    from dockmagic.dockerfile.rules import Finding
    from dockmagic.oci.errors import DockerfileError

__all__ = ["argument_rows", "check_document", "outline_document", "target_rows", "targets_document"]


def target_rows(dockerfile: Dockerfile) -> tuple[TargetRow, ...]:
    """The stages that can be built."""
    return tuple(
        TargetRow(
            target=one.name or str(one.index),
            default=one.default,
            base=one.base,
            line=one.lines[0],
            description=one.description,
        )
        for one in targets(dockerfile)
    )


def argument_rows(outline: Outline) -> tuple[ArgumentRow, ...]:
    """What a build can be given."""
    arguments = (
        ArgumentRow(kind="argument", name=one.name, value=one.value, line=one.lines[0], description=one.description)
        for one in outline.arguments
    )
    mounts = (
        ArgumentRow(
            kind=kind, name=one.name, value="", line=one.lines[0], description="required" if one.required else ""
        )
        for kind, found in (("secret", outline.secrets), ("ssh", outline.ssh))
        for one in found
    )
    return (*arguments, *mounts)


def outline_document(outline: Outline, dockerfile: Dockerfile) -> dict[str, Any]:
    """``--call outline,format=json``."""
    arguments = [
        _full(name=one.name, description=one.description, value=one.value, location=_location(one.lines))
        for one in outline.arguments
    ]
    return _full(
        name=outline.name,
        description=outline.description,
        args=arguments,
        secrets=_mounts(outline.secrets),
        ssh=_mounts(outline.ssh),
        sources=[_bytes(dockerfile.source)],
    )


def targets_document(dockerfile: Dockerfile) -> dict[str, Any]:
    """``--call targets,format=json``."""
    found = [
        _full(
            name=one.name,
            default=one.default,
            description=one.description,
            base=one.base,
            platform=one.platform,
            location=_location(one.lines),
        )
        for one in targets(dockerfile)
    ]
    return {"targets": found, "sources": [_bytes(dockerfile.source)]}


def check_document(
    findings: Iterable[Finding], name: str, source: str, error: DockerfileError | None = None
) -> dict[str, Any]:
    """``--call check,format=json``.

    Args:
        findings: what is odd.
        name: of the Dockerfile.
        source: its text.
        error: what a build would fail with.
    """
    warnings = [
        {
            "ruleName": one.rule,
            "description": one.description,
            "url": one.url,
            "detail": one.message,
            "location": _location(one.lines),
        }
        for one in findings
    ]
    file = {"filename": printable(name), "data": _bytes(source), "language": "Dockerfile"}
    document: dict[str, Any] = {"warnings": warnings, "sources": [file]}
    if error is not None:
        document["buildError"] = {"message": error.reason, "location": _location(error.lines)}
    return document


def _mounts(mounts: Iterable[OutlineSecret]) -> list[dict[str, Any]]:
    return [_full(name=one.name, required=one.required, location=_location(one.lines)) for one in mounts]


def _location(lines: tuple[int, int]) -> dict[str, Any]:
    """BuildKit has one range for each line."""
    if not lines[0]:
        return {}
    return {"ranges": [{"start": {"line": line}, "end": {"line": line}} for line in range(lines[0], lines[1] + 1)]}


def _full(**fields: Any) -> dict[str, Any]:
    """The fields that say something, as Go leaves out the others."""
    return {name: value for name, value in fields.items() if value}


def _bytes(source: str) -> str:
    return base64.b64encode(source.encode()).decode()
