"""What a page may ask about changed paths, and the answers as plain data; the scripts in ``static/`` read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook.text import PROG, printable
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.image.analysis import Diff
    from dockmagic.layer.compare import Change

__all__ = ["PAGE", "changes_page", "file_text", "sizes"]

#: So many changed paths are sent at once; the page asks for more when the reader does.
PAGE: Final = 500
_TEXT_LIMIT: Final = 200_000


def sizes(change: Change) -> tuple[int, int]:
    """Bytes before and after a change; 0 where there was or is no file."""
    old = change.old.entry if change.old else None
    new = change.new.entry if change.new else None
    return (old.size if old and old.is_file else 0, new.size if new and new.is_file else 0)


def changes_page(changes: Sequence[Change], *, filter: str = "", start: int = 0) -> dict[str, Any]:  # noqa: A002  (the page's word)
    """One page of changed paths.

    Args:
        changes: sorted by name.
        filter: only paths that contain it, letters of any case.
        start: how many to skip.

    Returns:
        ``rows`` of letter, path, size, old size, kind (``d`` directory, ``l`` link, ``f`` file), whether there is text
        to show; how many fit in ``total``, by letter in ``letters``; ``added`` and ``deleted`` bytes.
    """
    wanted = filter.casefold()
    found = [change for change in changes if wanted in change.path.casefold()] if wanted else changes
    letters = {"A": 0, "C": 0, "D": 0}
    added = deleted = 0
    for change in found:
        letters[change.letter] += 1
        old, new = sizes(change)
        added, deleted = added + new, deleted + old
    return {
        "rows": [_row(change) for change in found[start : start + PAGE]],
        "start": start,
        "total": len(found),
        "letters": letters,
        "added": added,
        "deleted": deleted,
    }


def _row(change: Change) -> list[Any]:
    node = change.new or change.old
    entry = node.entry if node else None
    kind = "d" if entry and entry.is_dir else "l" if entry and entry.is_symlink else "f"
    old, new = sizes(change)
    readable = kind == "f" and max(old, new) <= _TEXT_LIMIT
    return [change.letter, printable(change.path), new, old, kind, readable]


def file_text(diff: Diff, path: str) -> dict[str, Any]:
    """The unified difference of one file, or what stands in the way of it."""
    try:
        return {"path": path, "text": diff.text(path)}
    except (DockmagicError, OSError) as error:
        return {"path": path, "problem": error.told(PROG) if isinstance(error, DockmagicError) else str(error)}
