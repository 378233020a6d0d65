"""Packages of Debian and Ubuntu: the status file of dpkg, or a file a package as distroless images have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .package import PackageRecord
from .reader import PackageReader, whole
from .stanzas import stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_STATUS: Final = b"var/lib/dpkg/status"
_FOLDER: Final = b"var/lib/dpkg/status.d/"
_NOT_THERE: Final = ("not-installed", "config-files")


def _wants(name: bytes, _: Entry) -> bool:
    return name == _STATUS or (name.startswith(_FOLDER) and not name.endswith(b".md5sums"))


def _read(content: FileContent) -> Iterator[PackageRecord]:
    """The packages that are there; of one that was removed, dpkg keeps a stanza as long as its configuration stays."""
    for fields in stanzas(whole(content).decode(errors="replace")):
        state = fields.get("status", "").split(" ")[-1]
        name, version = fields.get("package"), fields.get("version")
        if not name or not version or state in _NOT_THERE:
            continue
        architecture = fields.get("architecture", "")
        lists = (f"{name}.list", f"{name}:{architecture}.list")
        # The status file is written anew with every package; the list of its files only with a package itself.
        files = tuple(f"var/lib/dpkg/info/{one}".encode() for one in lists) if content.entry.name == _STATUS else ()
        yield PackageRecord(type="deb", name=name, version=version, architecture=architecture, files=files)


READER: Final = PackageReader(_wants, _read)
