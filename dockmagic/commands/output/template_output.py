"""Documents through ``--format``; imported only where it is given, for a template costs more than a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.template import Map, TemplateStruct, parse, render
from dockmagic.commands.template.values import NIL, NO_LIST, NO_MAP

if TYPE_CHECKING:
    from dockmagic.commands.template import Nil

__all__ = ["formatted"]

#: Members of Config that docker leaves out where they are empty; templates may still ask for them.
_OPTIONAL: dict[str, Any] = {
    "ArgsEscaped": False, "Domainname": "", "ExposedPorts": NO_MAP, "Healthcheck": NIL, "Hostname": "",
    "Shell": NO_LIST, "StopSignal": "",
}  # fmt: skip
#: What is a map in docker's types; all else with members is a struct (moby, api/types).
_MAPS = frozenset(
    ("Annotations", "Data", "ExposedPorts", "Labels", "Networks", "Options", "PortBindings", "Ports",
     "Status", "StorageOpt", "Sysctls", "Tiers", "Tmpfs", "Volumes")
)  # fmt: skip
#: Maps whose values are structs without members.
_SETS = frozenset(("ExposedPorts", "Volumes"))
#: What is a pointer, and so prints as ``<nil>``; all else that is null is a list or one of the maps.
_POINTERS = frozenset(
    ("Health", "Healthcheck", "Init", "MemorySwappiness", "OomKillDisable", "PidsLimit", "SizeRootFs", "SizeRw",
     "StopTimeout", "UsageData")
)  # fmt: skip


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
    if value is None:
        return _nil(name)
    if isinstance(value, list):
        return [_record(item) for item in value]
    if not isinstance(value, dict):
        return value
    if name in _MAPS:
        found = Map((key, _record(item)) for key, item in value.items())
        found.zero = (
            TemplateStruct() if name in _SETS else None if name in ("Networks", "PortBindings", "Ports") else ""
        )
        return found
    return TemplateStruct((key, _record(item, key)) for key, item in value.items())


def _nil(name: str) -> Nil:
    return NO_MAP if name in _MAPS else NIL if name in _POINTERS else NO_LIST


def _with_optional(document: TemplateStruct) -> TemplateStruct:
    if isinstance(document.get("Config"), TemplateStruct):
        said = document["Config"]
        document["Config"] = TemplateStruct(_OPTIONAL | said)
        document["Config"].hidden = frozenset(_OPTIONAL.keys() - said.keys())
    return document
