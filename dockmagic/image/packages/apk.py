"""Packages of Alpine: the installed database (apk-tools, "Apk spec", installed database)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .package import PackageRecord
from .reader import PackageReader, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_DATABASES: Final = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")


def _wants(name: bytes, _: Entry) -> bool:
    return name in _DATABASES


def _read(content: FileContent) -> Iterator[PackageRecord]:
    """Each block of lines is a package; ``F:`` is a folder of it, the ``R:`` lines that follow the files in that."""
    for block in whole(content).split(b"\n\n"):
        fields: dict[bytes, str] = {}
        files: list[bytes] = []
        folder = b""
        for line in block.split(b"\n"):
            key, _, value = line.partition(b":")
            if key == b"F":
                folder = value + b"/" if value else b""
            elif key == b"R":
                files.append(folder + value)
            elif key in (b"P", b"V", b"A"):
                fields[key] = value.decode(errors="replace")
        if fields.get(b"P") and fields.get(b"V"):
            yield PackageRecord(
                type="apk", name=fields[b"P"], version=fields[b"V"], architecture=fields.get(b"A", ""),
                files=tuple(files),
            )  # fmt: skip


READER: Final = PackageReader(_wants, _read)
