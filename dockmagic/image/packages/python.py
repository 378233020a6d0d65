"""Distributions of Python: ``METADATA`` of wheels, ``PKG-INFO`` of eggs (packaging.python.org, core metadata)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .package import PackageRecord
from .reader import PackageReader, whole
from .stanzas import stanzas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_ENDS: Final = (b".dist-info/METADATA", b".egg-info/PKG-INFO", b".egg-info")


def _wants(name: bytes, _: Entry) -> bool:
    return name.endswith(_ENDS)


def _read(content: FileContent) -> Iterator[PackageRecord]:
    """The fields stand before the first blank line; the description comes after it."""
    fields = next(stanzas(whole(content).decode(errors="replace").replace("\r\n", "\n")), {})
    if fields.get("name") and fields.get("version"):
        # A project writes its name in several ways (packaging.python.org, "Names and normalization").
        name = re.sub(r"[-_.]+", "-", fields["name"]).lower()
        yield PackageRecord(type="pypi", name=name, version=fields["version"])


READER: Final = PackageReader(_wants, _read)
