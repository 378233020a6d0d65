"""The distribution of an image (os-release(5))."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from .package import Distribution
from .reader import PackageReader, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_PATHS: Final = (b"etc/os-release", b"usr/lib/os-release")


def _wants(name: bytes, _: Entry) -> bool:
    return name in _PATHS


def _read(content: FileContent) -> Iterator[Distribution]:
    """Lines that are no assignments are passed over."""
    lines = whole(content).decode(errors="replace").splitlines()
    fields = dict(line.partition("=")[::2] for line in lines if "=" in line)

    def value(name: str) -> str:
        try:
            return "".join(shlex.split(fields.get(name, ""))[:1])
        except ValueError:
            return ""

    yield Distribution(value("ID"), value("VERSION_ID"), value("PRETTY_NAME"))


READER: Final = PackageReader(_wants, _read)
