"""Packages of conda: a document for each in ``conda-meta`` of an environment (docs.conda.io)."""

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
    return name.endswith(b".json") and name.rpartition(b"/")[0].endswith(b"conda-meta")


def _read(content: FileContent) -> Iterator[PackageRecord]:
    found = document(content)
    name, version, subdir = (member(found, key) for key in ("name", "version", "subdir"))
    if name and version:
        qualifiers = {"build": member(found, "build"), "channel": member(found, "channel"), "subdir": subdir}
        yield PackageRecord(type="conda", name=name, version=version, architecture=subdir, qualifiers=qualifiers)


READER: Final = PackageReader(_wants, _read)
