"""Layers made by hand for the tests, and directories told in plain words."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any

from dockmagic.layer.entry import EntryType
from dockmagic.layer.ingest import LayerIngest
from dockmagic.layer.read import read_content
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.layer.toc import LayerTOC
    from dockmagic.layer.tree import FileTree
    from dockmagic.oci.digest import Digest

Member = tuple[tarfile.TarInfo, bytes]


def _info(name: str, kind: bytes, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = fields.pop("mode", 0o755 if kind == tarfile.DIRTYPE else 0o644)
    info.mtime = fields.pop("mtime", 1000)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def file(name: str, content: bytes | str = b"", **fields: Any) -> Member:
    """A regular file."""
    data = content.encode() if isinstance(content, str) else content
    info = _info(name, tarfile.REGTYPE, **fields)
    info.size = len(data)
    return info, data


def folder(name: str, **fields: Any) -> Member:
    """A directory."""
    return _info(name, tarfile.DIRTYPE, **fields), b""


def symlink(name: str, target: str, **fields: Any) -> Member:
    """A symbolic link."""
    return _info(name, tarfile.SYMTYPE, linkname=target, **fields), b""


def link(name: str, target: str, **fields: Any) -> Member:
    """A hard link."""
    return _info(name, tarfile.LNKTYPE, linkname=target, **fields), b""


def node(name: str, kind: bytes = tarfile.CHRTYPE, major: int = 1, minor: int = 3) -> Member:
    """A device or pipe."""
    return _info(name, kind, devmajor=major, devminor=minor), b""


def tar(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ingest(data: bytes, *, chunk: int = 1 << 16, limit: int | None = None) -> tuple[Digest, LayerTOC]:
    """The DiffID and file table of a layer, whatever its compression."""
    reader = LayerIngest(Compression.NONE, limit=limit)
    for at in range(0, len(data), chunk):
        reader.feed(data[at : at + chunk])
    return reader.finish()


def table(*members: Member) -> LayerTOC:
    """The file table of a layer with these members."""
    return ingest(tar(*members))[1]


def on_disk(root: Path) -> dict[str, tuple[object, ...]]:
    """A directory's content, read by nothing of ours: per path its type, mode, mtime and content or target.

    A directory has no mtime here, as it changes with the content.
    """
    found: dict[str, tuple[object, ...]] = {}
    for directory, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(directory, name)  # noqa: PTH118  names may be no UTF-8
            state = os.lstat(path)
            key = os.path.relpath(path, root)
            mode = state.st_mode
            if stat.S_ISDIR(mode):
                found[key] = ("directory", stat.S_IMODE(mode))
            elif stat.S_ISLNK(mode):
                found[key] = ("symlink", os.readlink(path), int(state.st_mtime))  # noqa: PTH115
            elif stat.S_ISREG(mode):
                with open(path, "rb") as stream:  # noqa: PTH123
                    found[key] = ("file", stat.S_IMODE(mode), int(state.st_mtime), stream.read())
            else:
                found[key] = (stat.S_IFMT(mode), stat.S_IMODE(mode), int(state.st_mtime), state.st_rdev)
    return found


def in_tree(tree: FileTree, layers: list[bytes]) -> dict[str, tuple[object, ...]]:
    """A tree in the same words; `layers` are the tars it was made from."""
    found: dict[str, tuple[object, ...]] = {}
    for item in tree:
        entry = item.entry
        key = os.fsdecode(entry.name)
        if entry.is_dir:
            found[key] = ("directory", entry.mode)
        elif entry.is_symlink:
            found[key] = ("symlink", os.fsdecode(entry.link), entry.mtime)
        elif entry.is_file:
            content = b"".join(read_content(io.BytesIO(layers[item.source]), Compression.NONE, entry))
            found[key] = ("file", entry.mode, entry.mtime, content)
        else:
            kind = {EntryType.FIFO: stat.S_IFIFO, EntryType.CHARACTER: stat.S_IFCHR, EntryType.BLOCK: stat.S_IFBLK}
            found[key] = (kind[entry.type], entry.mode, entry.mtime, os.makedev(entry.major, entry.minor))
    return found
