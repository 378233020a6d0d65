"""Documents through ``--format``; imported only where it is given, for a template costs more than a document."""

from __future__ import annotations

from typing import Any

from .template import Record, parse, render

__all__ = ["formatted"]

#: Members of Config that docker leaves out where they are empty; templates may still ask for them.
_OPTIONAL = ("ExposedPorts", "Healthcheck", "StopSignal", "Shell", "ArgsEscaped", "Hostname", "Domainname")
_MAPS = ("Annotations", "ExposedPorts", "Labels", "Ports", "Tiers", "Tmpfs", "Volumes")


def formatted(form: str, *documents: dict[str, Any]) -> str:
    """One line (or what the template makes of it) per document.

    Args:
        form: ``json`` or a Go template.
        documents: mappings of fixed members, but for what are maps in docker too (labels and the like).

    Raises:
        InvalidInput: the template is none, or asks for what is not there.
    """
    template = parse("{{json .}}" if form == "json" else form)
    records = (_record(document) for document in documents)
    return "\n".join(render(template, record if form == "json" else _with_optional(record)) for record in records)


def _record(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_record(item) for item in value]
    if not isinstance(value, dict) or name in _MAPS:
        return value
    return Record((key, _record(item, key)) for key, item in value.items())


def _with_optional(document: Record) -> Record:
    if isinstance(document.get("Config"), Record):
        document["Config"] = Record(dict.fromkeys(_OPTIONAL) | document["Config"])
    return document
