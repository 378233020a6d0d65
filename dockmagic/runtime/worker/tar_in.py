"""A tar into a tree, never leading out of it: the worker's part of ``cp`` into a container."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any, Final, Literal

from dockmagic.layer.entry import FOREIGN_XATTRS, EntryType
from dockmagic.layer.pack import OwnerRecord
from dockmagic.layer.pax import XATTR
from dockmagic.layer.xattr_fallback import set_xattrs
from dockmagic.oci.errors import InvalidInput, OutOfSpace
from dockmagic.oci.ids import NOBODY

from .in_rootfs import Rooted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_tar"]

_HINT = "Look at what is there with `exec NAME ls`"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_XATTR: Final = XATTR.decode()


def write_tar(
    root: str,
    path: str,
    source: int,
    *,
    rename: str = "",
    owners: Literal["tar", "root", "mine"] = "root",
    note: Callable[[int, OwnerRecord], None] | None = None,
) -> dict[str, Any]:
    """Unpack a tar below the folder `path`.

    Members are written one component at a time without following any link, so a link in the tree or in the tar leads
    nowhere. What was made gets its owner, attributes, mode and time through a descriptor of its own: a program may put
    a link in its place meanwhile (CVE-2018-15664).

    Args:
        root: of the tree.
        path: an existing folder inside; links are followed, inside the root only.
        source: descriptor of the tar.
        rename: name for the top member instead of its own; empty for its own, ``.`` for what is in it only.
        owners: ``tar`` as it says, ``root``, or ``mine`` to leave them to whoever does this.
        note: gets a descriptor and what that file should be, where files can belong to one user only.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: a folder would go where a file is, or the other way round; the tar leads out; nothing may be
            written there; or a program has put something else in the place of what was made.
    """
    with Rooted(root) as inside:
        descriptor = inside.open(path)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise InvalidInput(f"{path} is not a directory", hint="Copy to the folder that it is in")
            base = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            mounted = inside.is_mounted(descriptor)
        finally:
            os.close(descriptor)
    try:
        return {"count": _Reader(base, rename, owners, note).read(source)}
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        what = path if root == "/" else "mounted volume" if mounted else "container rootfs"
        raise InvalidInput(f"{what} is marked read-only", hint="Copy elsewhere, or make it writable") from None
    finally:
        os.close(base)


class _Reader:
    """Writes the members of a tar below one folder."""

    def __init__(self, base: int, rename: str, owners: str, note: Callable[[int, OwnerRecord], None] | None) -> None:
        self.base = base
        self.rename = rename
        self.owners = owners
        self.note = note
        self.folders: list[tuple[tarfile.TarInfo, list[str]]] = []

    def read(self, source: int) -> int:
        count = 0
        try:
            with os.fdopen(os.dup(source), "rb") as file:
                if not file.peek(1):
                    return 0  # docker takes nothing at all for an archive of nothing
                with tarfile.open(fileobj=file, mode="r|*") as tar:
                    for info in tar:
                        parts = self._parts(info.name)
                        if parts:
                            self._write(tar, info, parts)
                            count += 1
        except tarfile.TarError as error:
            raise InvalidInput(f"this is no tar archive: {error}", hint="Give one on standard input") from None
        # When all that is in them is there: writing changes their time, and a read-only one takes no more.
        for info, parts in reversed(self.folders):
            folder = self._open(parts[:-1], make=False)
            try:
                self._finish(info, _pin(folder, parts[-1], stat.S_IFDIR))
            finally:
                os.close(folder)
        return count

    def _parts(self, name: str) -> list[str]:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise InvalidInput(f"{name} leads out of the folder", hint="Make the archive without .. in its names")
        if self.rename and parts:
            return parts[1:] if self.rename == "." else [self.rename, *parts[1:]]
        return parts

    def _open(self, parts: list[str], *, make: bool) -> int:
        folder = os.dup(self.base)
        for part in parts:
            try:
                if make:
                    try:
                        os.mkdir(part, 0o755, dir_fd=folder)
                    except FileExistsError:
                        pass
                inner = os.open(part, _FOLDER, dir_fd=folder)
            except OSError:
                raise InvalidInput(
                    f"{'/'.join(parts)} goes through something that is not a directory", hint=_HINT
                ) from None
            finally:
                os.close(folder)
            folder = inner
        return folder

    def _write(self, tar: tarfile.TarFile, info: tarfile.TarInfo, parts: list[str]) -> None:
        folder = self._open(parts[:-1], make=True)
        try:
            made = self._place(tar, info, folder, parts[-1])
        finally:
            os.close(folder)
        if made >= 0:
            self._finish(info, made)
        elif info.isdir():
            self.folders.append((info, parts))

    def _finish(self, info: tarfile.TarInfo, made: int) -> None:
        """Give what `made` is a descriptor of all that the tar says of it; the descriptor is closed."""
        through = f"/proc/self/fd/{made}"  # to the file itself, a link too: no name of it is looked up again
        try:
            if self.owners != "mine":
                uid, gid = _owner(info) if self.owners == "tar" else (0, 0)
                if self.note is not None:
                    self.note(made, OwnerRecord(uid, gid, _device_type(info), info.devmajor, info.devminor))
                else:
                    os.chown(through, uid, gid)
            # After chown, which takes capabilities and set-id bits.
            if xattrs := _xattrs(info):
                set_xattrs(through.encode(), xattrs, follow=True)
            if not info.issym():
                os.chmod(through, info.mode & 0o7777)
            os.utime(through, (info.mtime, info.mtime))
        finally:
            os.close(made)

    def _place(self, tar: tarfile.TarFile, info: tarfile.TarInfo, folder: int, name: str) -> int:
        """Make what the member is; a descriptor of it, -1 for a folder or one more name of a file."""
        try:
            there = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            there = 0
        if there and stat.S_ISDIR(there) != info.isdir():
            new, old = ("directory", "non-directory") if info.isdir() else ("non-directory", "directory")
            raise InvalidInput(
                f"cannot overwrite {old} {name} with {new}", hint="Remove what is there, or copy elsewhere"
            )
        if info.isdir():
            if not there:
                os.mkdir(name, 0o755, dir_fd=folder)
            return -1
        if there:
            os.unlink(name, dir_fd=folder)
        if info.issym():
            os.symlink(info.linkname, name, dir_fd=folder)
            return _pin(folder, name, stat.S_IFLNK)
        if info.islnk():
            self._link(info, folder, name)
            return -1
        if info.isfifo():
            os.mkfifo(name, 0o600, dir_fd=folder)
            return _pin(folder, name, stat.S_IFIFO)
        if info.ischr() or info.isblk():
            return self._device(info, folder, name)
        if info.isreg():
            return _file(tar, info, folder, name)
        raise InvalidInput(f"{info.name} is of a kind that cannot be copied", hint="Leave it out")

    def _link(self, info: tarfile.TarInfo, folder: int, name: str) -> None:
        parts = self._parts(info.linkname)
        if not parts:
            raise InvalidInput(f"{info.name} is a link to nothing", hint="Make the archive anew")
        other = self._open(parts[:-1], make=False)
        try:
            os.link(parts[-1], name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            raise InvalidInput(
                f"{info.name} is a link to {info.linkname}, which is not in the archive", hint="Make the archive anew"
            ) from None
        finally:
            os.close(other)

    def _device(self, info: tarfile.TarInfo, folder: int, name: str) -> int:
        if self.note is not None:
            return os.open(name, _NEW, 0o600, dir_fd=folder)
        kind = stat.S_IFCHR if info.ischr() else stat.S_IFBLK
        try:
            os.mknod(name, kind | 0o600, os.makedev(info.devmajor, info.devminor), dir_fd=folder)
        except PermissionError:
            raise InvalidInput(f"{info.name} is a device, which cannot be made here", hint="Leave it out") from None
        return _pin(folder, name, kind)


def _owner(info: tarfile.TarInfo) -> tuple[int, int]:
    if not (0 <= info.uid < NOBODY and 0 <= info.gid < NOBODY):
        raise InvalidInput(f"{info.name} belongs to {info.uid}:{info.gid}, whom there cannot be", hint="Leave out -a")
    return info.uid, info.gid


def _pin(folder: int, name: str, kind: int) -> int:
    """An O_PATH descriptor of what was made at `name`; `kind` is its file type."""
    try:
        made = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise _replaced(name) from None
    if stat.S_IFMT(os.fstat(made).st_mode) != kind:
        os.close(made)
        raise _replaced(name)
    return made


def _replaced(name: str) -> InvalidInput:
    return InvalidInput(
        f"{name} was replaced by a program while it was copied", hint="Pause the container for the copy"
    )


def _file(tar: tarfile.TarFile, info: tarfile.TarInfo, folder: int, name: str) -> int:
    """Write a file's content; a descriptor of it."""
    out = os.open(name, _NEW, 0o600, dir_fd=folder)
    content = tar.extractfile(info)
    try:
        with os.fdopen(os.dup(out), "wb") as file:
            while content is not None and (data := content.read(1 << 20)):
                file.write(data)
    except OSError as error:
        os.close(out)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)  # half of a file looks like the file
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OutOfSpace(
            f"no space is left for {info.name}", hint="Free some; what was copied before it is there"
        ) from error
    return out


def _device_type(info: tarfile.TarInfo) -> EntryType | None:
    return EntryType.CHARACTER if info.ischr() else EntryType.BLOCK if info.isblk() else None


def _xattrs(info: tarfile.TarInfo) -> dict[str, bytes]:
    found = {key.removeprefix(_XATTR): value for key, value in info.pax_headers.items() if key.startswith(_XATTR)}
    return {
        name: value.encode("utf-8", "surrogateescape")
        for name, value in found.items()
        if not name.startswith(FOREIGN_XATTRS)
    }
