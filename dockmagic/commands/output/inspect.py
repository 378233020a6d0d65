"""``inspect`` of several things: one that is missing does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.result import Document, Lines, Text
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.commands.cmdline.result import Result

__all__ = ["described"]


def described(names: Iterable[str], form: str | None, look: Callable[[str], tuple[dict[str, Any], object]]) -> Result:
    """What `look` finds of each name: docker's description, and the thing itself.

    Args:
        names: as they were written.
        form: ``json``, a Go template, or None for JSON with indents.
        look: raises a DockmagicError for what is not there. If that is all, the list is empty, as docker prints it.
    """
    documents: list[dict[str, Any]] = []
    subjects: list[object] = []
    errors: list[DockmagicError] = []
    for name in names:
        try:
            document, subject = look(name)
        except DockmagicError as error:
            errors.append(error)
        else:
            documents.append(document)
            subjects.append(subject)
    text = ""
    if form and not documents and form != "json":
        return Lines((), tuple(errors))
    if form:
        from .template_output import formatted

        text = formatted(form, *documents)
        if not errors:
            return Text(text, rendered=True)
    return Document(documents, text, subjects[0] if len(subjects) == 1 else tuple(subjects), tuple(errors))
