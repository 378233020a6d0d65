"""Whiteouts: names in a layer that remove what lower layers have (OCI image specification, layer.md, "Whiteouts")."""

from __future__ import annotations

from typing import Final

import msgspec

from dockmagic.oci.errors import UnsafeEntry

from .header import show

__all__ = ["OPAQUE", "WHITEOUT", "Whiteout", "parse_whiteout"]

#: What stands before the name of a removed file.
WHITEOUT: Final = b".wh."
#: The name that makes its directory opaque ("Opaque Whiteout").
OPAQUE: Final = b".wh..wh..opq"
_META: Final = b".wh..wh."  # AUFS's own files, meaningless to all others


class Whiteout(msgspec.Struct, frozen=True, gc=False):
    """A whiteout.

    Attributes:
        name: what is removed.
        opaque: whether only what is in it goes, and the directory itself stays.
    """

    name: bytes
    opaque: bool


def parse_whiteout(parent: bytes, base: bytes) -> Whiteout | None:
    """What the file `base`, whose name begins with `WHITEOUT`, removes in the directory `parent`; None for nothing.

    Raises:
        UnsafeEntry: it names no file.
    """
    if base == OPAQUE:
        return Whiteout(parent, opaque=True)
    if base.startswith(_META):
        return None
    base = base.removeprefix(WHITEOUT)
    if base in (b"", b".", b".."):
        raise UnsafeEntry(f"the whiteout {show(WHITEOUT + base)} in {show(b'/' + parent)} names no file")
    return Whiteout(parent + b"/" + base if parent else base, opaque=False)
