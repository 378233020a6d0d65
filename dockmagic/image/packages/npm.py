"""Packages of Node.js: ``package.json`` (docs.npmjs.com, package.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .documents import document, member
from .package import PackageRecord
from .reader import PackageReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]


def _wants(name: bytes, _: Entry) -> bool:
    return name.endswith(b"/package.json") or name == b"package.json"


def _read(content: FileContent) -> Iterator[PackageRecord]:
    """A folder inside a package may have one, too, that tells only how its modules are loaded: it has no version."""
    found = document(content)
    name, version = member(found, "name"), member(found, "version")
    if name and version:
        yield PackageRecord(type="npm", name=name, version=version)


READER: Final = PackageReader(_wants, _read)
