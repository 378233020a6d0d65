"""The archive of a folder, unpacked into the folder's own name and nowhere else."""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
import tarfile
import tempfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.ingest import layer_limit
from dockmagic.oci.errors import DigestMismatch, InvalidArchive, UnsafeEntry
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unpack_folder"]

_PIECE: Final = 1 << 20


def unpack_folder(archive: Path, title: str, root: Path, *, expected: str = "") -> None:
    """Unpack an archive; members outside of the folder's name are left out.

    Python's own filters for that came with 3.11.4 alone.

    Args:
        archive: the file, compressed or not.
        title: the folder's name in `root`.
        root: where it goes.
        expected: digest of the plain tar, ``sha256:…``; empty if it is not known.

    Raises:
        DigestMismatch: the tar is another one; nothing is written.
        UnsafeEntry: a member or a link leads out of the folder.
        InvalidArchive: it is no readable tar, has devices in it, or expands to more than `layer_limit`.
        OutOfSpace: the disk is full.
    """
    limit = layer_limit()
    with tempfile.TemporaryFile() as plain, archive.open("rb") as packed, disk_errors():
        digest = hashlib.sha256()
        for piece in inflated(iter(lambda: packed.read(_PIECE), b"")):
            digest.update(piece)
            plain.write(piece)
            if plain.tell() > limit:
                raise InvalidArchive(
                    f"the folder {title} expands to more than {limit} bytes",
                    hint="Set DOCKMAGIC_MAX_LAYER_SIZE to more bytes if you trust it",
                )
        if expected.startswith("sha256:") and expected != f"sha256:{digest.hexdigest()}":
            raise DigestMismatch(f"the folder {title} is not what its annotation says")
        plain.seek(0)
        try:
            with tarfile.open(fileobj=plain) as tar:
                folder = _Folder(tar, title, root)
                for member in tar:
                    folder.add(member)
        except tarfile.TarError as error:
            raise InvalidArchive(f"the folder {title} is no readable tar: {error}") from None


class _Folder:
    """Members on their way into one folder."""

    def __init__(self, tar: tarfile.TarFile, title: str, root: Path) -> None:
        self._tar = tar
        self._title = title
        self._top = PurePosixPath(title)
        self._root = root
        self._real = root.resolve().joinpath(*self._top.parts)

    def add(self, member: tarfile.TarInfo) -> None:
        name = PurePosixPath(posixpath.normpath(member.name))
        if not name.is_relative_to(self._top):
            return
        path = self._root.joinpath(*name.parts)
        if member.isdir():
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                path.unlink()
            self._enter(path)
            return
        self._enter(path.parent)
        if path.is_dir() and not path.is_symlink():
            raise UnsafeEntry(f"{member.name!r} of the folder {self._title} stands where a folder is")
        if member.issym():
            # From where the link really lies: the folders on the way may be links, too.
            self._inside(path.parent.resolve() / member.linkname, member)
            path.unlink(missing_ok=True)
            path.symlink_to(member.linkname)
        elif member.isfile() or member.islnk():
            self._write(member, path)
        else:
            raise InvalidArchive(f"{member.name!r} of the folder {self._title} is no file, folder or link")

    def _enter(self, folder: Path) -> None:
        """Make a folder; no link leads out on the way to it."""
        folder.mkdir(parents=True, exist_ok=True)
        if not folder.resolve().is_relative_to(self._real):
            raise UnsafeEntry(f"{folder.name!r} of the folder {self._title} leads out by a link")

    def _inside(self, target: Path, member: tarfile.TarInfo) -> None:
        if member.linkname.startswith("/") or not target.resolve().is_relative_to(self._real):
            raise UnsafeEntry(f"{member.name!r} of the folder {self._title} leads out, to {member.linkname[:100]!r}")

    def _write(self, member: tarfile.TarInfo, path: Path) -> None:
        if member.islnk():
            self._inside(self._root / member.linkname, member)
        content = self._tar.extractfile(member)
        if content is None:
            raise InvalidArchive(f"{member.name!r} of the folder {self._title} has no content")
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            with content, temporary.open("xb") as file:
                shutil.copyfileobj(content, file, _PIECE)
            temporary.chmod(0o755 if member.mode & 0o100 else 0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
