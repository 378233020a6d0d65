"""``volume inspect``: everything about a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError

from .command import argument, option, verb
from .result import Document, Text

if TYPE_CHECKING:
    from .door import Door
    from .result import Result

__all__ = ["command"]


@verb(
    "volume inspect",
    "[OPTIONS] VOLUME [VOLUME...]",
    ("volume inspect data", "as JSON"),
    ("volume inspect -f '{{.Mountpoint}}' data", "where its files are"),
    returns="Document",
)
@argument("names", nargs=-1, required=True, metavar="VOLUME")
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
def command(door: Door, names: tuple[str, ...], form: str | None) -> Result:
    """Display detailed information on one or more volumes."""
    documents, errors = [], []
    for name in names:
        try:
            documents.append(door.engine.volumes.inspect(name))
        except DockmagicError as error:
            if len(names) == 1:
                raise
            errors.append(error)
    text = ""
    if form:
        from .documents import formatted

        text = formatted(form, *documents)
        if not errors:
            return Text(text)
    return Document(documents, text, None, tuple(errors))
