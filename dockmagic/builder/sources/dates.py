"""When what comes from the web was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidContent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.store.home import Home

    from .download import Downloaded

__all__ = ["date_of"]

_PIECE: Final = 1 << 20


def date_of(path: Path, known: Downloaded, home: Home) -> int | None:
    """The time of a file as its server says, else of the newest file in an archive; None where there is neither.

    Args:
        path: of what was fetched.
        known: of it.
        home: has room for an archive.

    Returns:
        Seconds since 1970.
    """
    from .archive import ArchiveFiles, is_archive

    if known.mtime or not is_archive(_pieces(path)):
        return known.mtime or None
    try:
        with ArchiveFiles(_pieces(path), path.name, home.root, owned=False) as files:
            return max((entry.mtime for entry in files.walk(b"") if entry.is_file), default=None)
    except InvalidContent:
        return None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
