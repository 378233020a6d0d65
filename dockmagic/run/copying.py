"""Files in and out of a container's tree, never leading out of it: the worker's and the shim's part."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import Any, Self

from dockmagic.oci.errors import InvalidInput, PathNotFound

from . import kernel

__all__ = ["read_tar", "write_tar"]

_RENAME_HINT = "Look at what is there with exec NAME ls"


def read_tar(root: str, path: str, out: int, *, follow: bool) -> dict[str, Any]:
    """Write a tar of what lies at `path` to the file `out`; its top member has the path's last part as its name.

    Args:
        root: the container's root.
        path: inside; links in all but the last place are followed, inside the root only.
        out: descriptor.
        follow: whether a link in the last place is followed too.

    Raises:
        PathNotFound: it is not there.
    """
    name = os.path.basename(path.rstrip("/")) or "."
    with _Root(root) as inside:
        descriptor = inside.open(path, follow=follow)
        try:
            status = os.fstat(descriptor)
            with (
                os.fdopen(os.dup(out), "wb") as file,
                tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                _add(tar, descriptor, name, {})
        finally:
            os.close(descriptor)
    return {"folder": stat.S_ISDIR(status.st_mode), "name": name}


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
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFound(f"{path} is not in the container", hint=_RENAME_HINT) from None


def _add(tar: tarfile.TarFile, descriptor: int, name: str, seen: dict[tuple[int, int], str]) -> None:
    status = os.fstat(descriptor)
    mode = status.st_mode
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = stat.S_IMODE(mode), status.st_uid, status.st_gid, int(status.st_mtime)
    through = f"/proc/self/fd/{descriptor}"
    if stat.S_ISLNK(mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink("", dir_fd=descriptor)
    elif stat.S_ISDIR(mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISFIFO(mode):
        info.type = tarfile.FIFOTYPE
    elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        info.type = tarfile.CHRTYPE if stat.S_ISCHR(mode) else tarfile.BLKTYPE
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    elif stat.S_ISSOCK(mode):
        return
    else:
        key = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and key in seen:
            info.type, info.linkname = tarfile.LNKTYPE, seen[key]
        else:
            seen[key] = name
            info.size = status.st_size
            with open(through, "rb") as file:
                tar.addfile(info, file)
            return
    tar.addfile(info)
    if info.type == tarfile.DIRTYPE:
        folder = os.open(through, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for child in sorted(os.listdir(folder)):
                inner = os.open(child, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                try:
                    _add(tar, inner, f"{name}/{child}", seen)
                finally:
                    os.close(inner)
        finally:
            os.close(folder)


def write_tar(root: str, path: str, source: int, *, rename: str = "", keep_owners: bool = False) -> dict[str, Any]:
    """Unpack a tar below the folder `path`.

    Members are written one component at a time without following any link, so a link in the container or in the tar
    leads nowhere.

    Args:
        root: the container's root.
        path: an existing folder inside; links are followed, inside the root only.
        source: descriptor of the tar.
        rename: name for the top member instead of its own; empty for its own, ``.`` for what is in it only.
        keep_owners: owners as the tar says; else root's.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: a folder would go where a file is, or the other way round.
    """
    with _Root(root) as inside:
        descriptor = inside.open(path)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise InvalidInput(f"{path} is not a folder", hint="Copy to the folder that it is in")
            base = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            os.close(descriptor)
        count = 0
        try:
            with os.fdopen(os.dup(source), "rb") as file, tarfile.open(fileobj=file, mode="r|*") as tar:
                for info in tar:
                    parts = [part for part in info.name.split("/") if part not in ("", ".")]
                    if ".." in parts:
                        raise InvalidInput(f"{info.name} leads out of the folder")
                    if rename:
                        parts = parts[1:] if rename == "." else [rename, *parts[1:]]
                    if parts:
                        _write(tar, info, base, parts, keep_owners=keep_owners)
                        count += 1
        finally:
            os.close(base)
    return {"count": count}


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, base: int, parts: list[str], *, keep_owners: bool) -> None:
    folder = os.dup(base)
    try:
        for part in parts[:-1]:
            try:
                os.mkdir(part, 0o755, dir_fd=folder)
            except FileExistsError:
                pass
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            except OSError:
                raise InvalidInput(f"{'/'.join(parts)} goes through something that is not a folder") from None
            os.close(folder)
            folder = inner
        _place(tar, info, folder, parts[-1])
        uid, gid = (info.uid, info.gid) if keep_owners else (0, 0)
        os.chown(parts[-1], uid, gid, dir_fd=folder, follow_symlinks=False)
        if not info.issym():
            os.chmod(f"/proc/self/fd/{folder}/{parts[-1]}", info.mode & 0o7777)  # after chown, which takes set-id bits
        os.utime(parts[-1], (info.mtime, info.mtime), dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def _place(tar: tarfile.TarFile, info: tarfile.TarInfo, folder: int, name: str) -> None:
    try:
        there = os.lstat(f"/proc/self/fd/{folder}/{name}").st_mode
    except FileNotFoundError:
        there = 0
    if there and stat.S_ISDIR(there) != info.isdir():
        what = ("a folder", "a file") if info.isdir() else ("a file", "a folder")
        raise InvalidInput(
            f"cannot put {what[0]} over {what[1]}: {name}", hint="Remove what is there, or copy elsewhere"
        )
    if info.isdir():
        if not there:
            os.mkdir(name, 0o755, dir_fd=folder)
        return
    if there:
        os.unlink(name, dir_fd=folder)
    if info.issym():
        os.symlink(info.linkname, name, dir_fd=folder)
    elif info.isfifo():
        os.mkfifo(name, dir_fd=folder)
    elif info.isfile():
        out = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
        with os.fdopen(out, "wb") as file:
            content = tar.extractfile(info)
            while content is not None and (data := content.read(1 << 20)):
                file.write(data)
    else:
        raise InvalidInput(f"{info.name} is a link to another member or a device, which cannot be copied")
