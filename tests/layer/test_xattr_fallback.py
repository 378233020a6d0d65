"""Attributes that are noted down: which of them a layer may have, since any program in a container can write a note."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from dockmagic.layer.survey import read_xattrs
from dockmagic.layer.xattr_fallback import NOTE, restored

if TYPE_CHECKING:
    from pathlib import Path

_CAPABILITY = "\x01\0\0\x02" + "\x7f" * 15


def note(**attributes: bytes) -> dict[str, bytes]:
    """What a file has that a program gave a note of its own."""
    return {NOTE: msgspec.msgpack.encode(attributes)}


@pytest.mark.parametrize(
    "name",
    [
        "security.capability",
        f"security.capability={_CAPABILITY}",
        "security.capability=x",
        "trusted.overlay.redirect",
        "trusted.overlay.opaque",
        "user.overlay.opaque",
        "user.dockmagic.owner",
        "security.selinux",
        "system.nfs4_acl",
        "trusted.a\0b",
        "path",
        "",
    ],
)
def test_a_note_gives_nothing_that_is_never_noted(name: str) -> None:
    """Neither rights, nor what misleads a mount; nor by a name that a pax record would end at its equals sign."""
    assert restored(note(**{name: b"x", "trusted.fine": b"y"}), 0o755) == {"trusted.fine": b"y"}


def test_an_attribute_that_no_pax_record_can_name_is_left_out(tmp_path: Path) -> None:
    """It would be read as another attribute."""
    try:
        os.setxattr(tmp_path, "user.a=b", b"c")
        os.setxattr(tmp_path, "user.d", b"e")
    except OSError:
        pytest.skip("the file system has no attributes")
    assert read_xattrs(os.fsencode(tmp_path), "it") == {"user.d": b"e"}
