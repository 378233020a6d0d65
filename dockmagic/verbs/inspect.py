"""``inspect``: everything that an image says of itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dockmagic.engine.document import inspect_document
from dockmagic.oci.errors import DockmagicError, NotSupported

from .command import argument, option, verb
from .options import platform, platform_of, tell_remote
from .result import Document, Text
from .template import Record, parse, render

if TYPE_CHECKING:
    from .call import Door
    from .result import Result

__all__ = ["command"]

#: Members of Config that docker leaves out where they are empty; templates may still ask for them.
_OPTIONAL = ("ExposedPorts", "Healthcheck", "StopSignal", "Shell", "ArgsEscaped", "Hostname", "Domainname")
_MAPS = ("Labels", "ExposedPorts", "Volumes", "Annotations")


@verb(
    "inspect",
    "[OPTIONS] IMAGE [IMAGE...]",
    ("inspect ubuntu", "all, as JSON; an image that is not here is read from its registry"),
    ("inspect -f '{{json .Config.Env}}' ubuntu", "one member"),
    ("inspect -f '{{range .RootFS.Layers}}{{println .}}{{end}}' ubuntu", "one line each"),
    returns="Document",
)
@argument("names", nargs=-1, required=True, metavar="IMAGE")
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
@option("--type", "kind", metavar="string", help="Only inspect objects of this type: image")
@platform
def command(door: Door, names: tuple[str, ...], form: str | None, kind: str | None, platform: str | None) -> Result:
    """Show everything about one or more images."""
    if kind not in (None, "", "image"):
        raise NotSupported(f"there is nothing of type {kind} here", hint="Leave --type out: there are only images")
    template = parse(form) if form and form != "json" else None
    documents: list[dict[str, Any]] = []
    subjects, errors = [], []
    for name in names:
        try:
            image = door.engine.images.find(name, platform=platform_of(platform), on_remote=partial(tell_remote, door))
            documents.append(inspect_document(image))
            subjects.append(image)
        except DockmagicError as error:
            if len(names) == 1:
                raise
            errors.append(error)
    subject = subjects[0] if len(subjects) == 1 else tuple(subjects)
    if template is not None:
        lines = [render(template, _with_optional(_record(document))) for document in documents]
        return Document(documents, "\n".join(lines), subject, tuple(errors)) if errors else Text("\n".join(lines))
    if form == "json":
        return Text("\n".join(render(parse("{{json .}}"), _record(document)) for document in documents))
    return Document(documents, "", subject, tuple(errors))


def _record(value: Any, name: str = "") -> Any:
    """The document as templates see it: fixed members, but for what are maps in docker too."""
    if isinstance(value, list):
        return [_record(item) for item in value]
    if not isinstance(value, dict):
        return value
    if name in _MAPS:
        return value
    return Record((key, _record(item, key)) for key, item in value.items())


def _with_optional(document: Record) -> Record:
    document["Config"] = Record(dict.fromkeys(_OPTIONAL) | document["Config"])
    return document
