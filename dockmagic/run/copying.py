"""Files in and out of a tree by way of a tar, never leading out of it: the worker's part of ``cp`` and ``export``."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any, Literal, Self

from dockmagic.oci.errors import InvalidInput, PathNotFound

from . import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

__all__ = ["look_at", "read_tar", "write_tar"]

_HINT = "Look at what is there with exec NAME ls"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def read_tar(
    root: str,
    path: str,
    out: int,
    *,
    follow: bool = False,
    owners: Mapping[str, tuple[int, int]] | None = None,
    skip: Container[str] = frozenset(),
) -> dict[str, Any]:
    """Write a tar of what lies at `path` to the file `out`; its top member has the path's last part as its name.

    Args:
        root: of the tree.
        path: inside; links in all but the last place are followed, inside the root only.
        out: descriptor.
        follow: whether a link in the last place is followed too.
        owners: of members whose files cannot tell, by their names.
        skip: names of files and folders that are left out if they are empty.

    Raises:
        PathNotFound: it is not there.
    """
    name = os.path.basename(path.rstrip("/"))
    name = name if name not in ("", "..") else "."
    with _Root(root) as inside:
        descriptor = inside.open(path, follow=follow)
        try:
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            with os.fdopen(os.dup(out), "wb", buffering=1 << 20) as file:
                _Writer(file, owners or {}, skip).tree(descriptor, name)
        finally:
            os.close(descriptor)
    return {"folder": folder, "name": name}


def look_at(root: str, path: str) -> dict[str, Any]:
    """What lies at `path`: ``mode`` (st_mode; 0 for nothing), and ``link``, where a link in the last place leads to.

    Args:
        root: of the tree.
        path: inside; links in all but the last place are followed, inside the root only.
    """
    with _Root(root) as inside:
        try:
            descriptor = inside.open(path, follow=False)
        except PathNotFound:
            return {"mode": 0, "link": ""}
        try:
            mode = os.fstat(descriptor).st_mode
            return {"mode": mode, "link": os.readlink("", dir_fd=descriptor) if stat.S_ISLNK(mode) else ""}
        finally:
            os.close(descriptor)


class _Root:
    def __init__(self, root: str) -> None:
        self.root = root

    def __enter__(self) -> Self:
        self.descriptor = os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def open(self, path: str, *, follow: bool = True) -> int:
        """An O_PATH descriptor of what is there."""
        flags = os.O_PATH | (0 if follow or path.endswith("/") else os.O_NOFOLLOW)
        try:
            return kernel.open_in_root(self.descriptor, path, flags)
        except (FileNotFoundError, NotADirectoryError) as error:
            if isinstance(error, NotADirectoryError) and path.endswith("/"):
                raise InvalidInput(f"{path} is not a directory", hint="Leave the slash away, or correct it") from None
            raise PathNotFound(f"{path} is not there", hint=_HINT) from None


class _Writer:
    """Writes a tree into a tar, folder by folder through descriptors, so that nobody can lead it elsewhere."""

    def __init__(self, file: Any, owners: Mapping[str, tuple[int, int]], skip: Container[str]) -> None:
        self.tar: tarfile.TarFile = tarfile.open(  # type: ignore[call-overload]  # noqa: SIM115  (closed at the tree's end)
            fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, copybufsize=1 << 20
        )
        self.owners = owners
        self.skip = skip
        self.seen: dict[tuple[int, int], str] = {}

    def tree(self, descriptor: int, name: str) -> None:
        if name == ".":
            self._children(f"/proc/self/fd/{descriptor}", "")
        else:
            self._add(descriptor, name)
        self.tar.close()

    def _add(self, descriptor: int, name: str) -> None:
        status = os.fstat(descriptor)
        mode = status.st_mode
        info = tarfile.TarInfo(name)
        info.mode, info.mtime = stat.S_IMODE(mode), int(status.st_mtime)
        info.uid, info.gid = self.owners.get(name, (status.st_uid, status.st_gid))
        through = f"/proc/self/fd/{descriptor}"
        if name in self.skip and not (os.listdir(through) if stat.S_ISDIR(mode) else status.st_size):
            return  # made for a mount
        if stat.S_ISREG(mode):
            self._file(info, status, through)
            return
        if stat.S_ISLNK(mode):
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink("", dir_fd=descriptor)
        elif stat.S_ISDIR(mode):
            info.type = tarfile.DIRTYPE
        elif stat.S_ISFIFO(mode):
            info.type = tarfile.FIFOTYPE
        elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            info.type = tarfile.CHRTYPE if stat.S_ISCHR(mode) else tarfile.BLKTYPE
            info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
        else:
            return  # sockets are no data
        self.tar.addfile(info)
        if info.isdir():
            self._children(through, f"{name}/")

    def _children(self, path: str, prefix: str) -> None:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for child in sorted(os.listdir(folder)):
                inner = os.open(child, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                try:
                    self._add(inner, prefix + child)
                finally:
                    os.close(inner)
        finally:
            os.close(folder)

    def _file(self, info: tarfile.TarInfo, status: os.stat_result, through: str) -> None:
        key = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and key in self.seen:
            info.type, info.linkname = tarfile.LNKTYPE, self.seen[key]
            self.tar.addfile(info)
            return
        self.seen[key] = info.name
        info.size = status.st_size
        with open(through, "rb") as file:
            self.tar.addfile(info, _Steady(file, info.size))  # type: ignore[arg-type]


class _Steady:
    """A file that has as many bytes as it had when it was looked at, whatever is written to it or cut off meanwhile."""

    def __init__(self, file: Any, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return bytes(self._file.read(size).ljust(size, b"\0"))


def write_tar(
    root: str,
    path: str,
    source: int,
    *,
    rename: str = "",
    owners: Literal["tar", "root", "mine"] = "root",
    note: Callable[[int, bytes, int, int], None] | None = None,
) -> dict[str, Any]:
    """Unpack a tar below the folder `path`.

    Members are written one component at a time without following any link, so a link in the tree or in the tar leads
    nowhere.

    Args:
        root: of the tree.
        path: an existing folder inside; links are followed, inside the root only.
        source: descriptor of the tar.
        rename: name for the top member instead of its own; empty for its own, ``.`` for what is in it only.
        owners: ``tar`` as it says, ``root``, or ``mine`` to leave them to whoever does this.
        note: gets folder, name, owner and group of what cannot be given away, where files can belong to one user only.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: a folder would go where a file is, or the other way round; the tar leads out; or nothing may be
            written there.
    """
    with _Root(root) as inside:
        descriptor = inside.open(path)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise InvalidInput(f"{path} is not a directory", hint="Copy to the folder that it is in")
            base = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            os.close(descriptor)
    try:
        return {"count": _Reader(base, rename, owners, note).read(source)}
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        raise InvalidInput(f"{path} is read-only", hint="Copy elsewhere, or make it writable") from None
    finally:
        os.close(base)


class _Reader:
    """Writes the members of a tar below one folder."""

    def __init__(
        self, base: int, rename: str, owners: str, note: Callable[[int, bytes, int, int], None] | None
    ) -> None:
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
                self._finish(info, folder, parts[-1])
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
            self._place(tar, info, folder, parts[-1])
            if info.isdir():
                self.folders.append((info, parts))
            elif not info.islnk():
                self._finish(info, folder, parts[-1])
        finally:
            os.close(folder)

    def _finish(self, info: tarfile.TarInfo, folder: int, name: str) -> None:
        if self.owners != "mine":
            uid, gid = (info.uid, info.gid) if self.owners == "tar" else (0, 0)
            if self.note is not None:
                self.note(folder, os.fsencode(name), uid, gid)
            else:
                os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
        if not info.issym():
            # After chown, which takes set-id bits.
            os.chmod(f"/proc/self/fd/{folder}/{name}", info.mode & 0o7777)
        os.utime(name, (info.mtime, info.mtime), dir_fd=folder, follow_symlinks=False)

    def _place(self, tar: tarfile.TarFile, info: tarfile.TarInfo, folder: int, name: str) -> None:
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
            return
        if there:
            os.unlink(name, dir_fd=folder)
        if info.issym():
            os.symlink(info.linkname, name, dir_fd=folder)
        elif info.islnk():
            self._link(info, folder, name)
        elif info.isfifo():
            os.mkfifo(name, dir_fd=folder)
        elif info.ischr() or info.isblk():
            self._device(info, folder, name)
        elif info.isreg():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            out = os.open(name, flags, 0o600, dir_fd=folder)
            with os.fdopen(out, "wb") as file:
                content = tar.extractfile(info)
                while content is not None and (data := content.read(1 << 20)):
                    file.write(data)
        else:
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

    def _device(self, info: tarfile.TarInfo, folder: int, name: str) -> None:
        kind = stat.S_IFCHR if info.ischr() else stat.S_IFBLK
        try:
            os.mknod(name, kind | 0o600, os.makedev(info.devmajor, info.devminor), dir_fd=folder)
        except PermissionError:
            raise InvalidInput(f"{info.name} is a device, which cannot be made here", hint="Leave it out") from None
