"""``inspect``: everything that an image says of itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dockmagic.engine.document import inspect_document
from dockmagic.oci.errors import DockmagicError, NotSupported

from .command import argument, option, verb
from .options import platform, platform_of, tell_remote
from .result import Document, Text

if TYPE_CHECKING:
    from .door import Door
    from .result import Result

__all__ = ["command"]


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
    text = ""
    if form:
        from .documents import formatted

        text = formatted(form, *documents)
        if not errors:
            return Text(text)
    return Document(documents, text, subject, tuple(errors))
