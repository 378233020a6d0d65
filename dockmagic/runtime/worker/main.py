"""The process that works on a container's files as their owner: root of the user namespace in which they were made."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.layer.entry import Entry
from dockmagic.layer.form import Form
from dockmagic.layer.pack import Told
from dockmagic.layer.table import LayerTable
from dockmagic.layer.tree import FileTree
from dockmagic.linux import idmap, kernel
from dockmagic.oci.errors import DockmagicError, InvalidInput, InvalidLayer, NotSupported, PathNotFound
from dockmagic.runtime.init import rootfs
from dockmagic.runtime.machine import obstacles
from dockmagic.runtime.shim.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["main"]


def _probe(_files: list[int], isolation: dict[str, Any], folder: str) -> dict[str, Any]:
    """Do once all that an overlay needs: mount, write, rename, white out, be opaque; and leave nothing behind."""
    place = Path(folder, f".probe-{os.getpid()}-{os.urandom(4).hex()}")
    spec = {**isolation, "layers": ["a", "b"], "layers_folder": str(place), "folder": str(place / "box")}
    try:
        for name in ("a", "b", "box/upper", "box/work", "box/merged"):
            (place / name).mkdir(parents=True)
        (place / "a" / "gone").touch()
        (place / "b" / "under").mkdir()
        (place / "b" / "under" / "file").write_text("lower")
        merged = place / "box" / "merged"
        rootfs.mount_layers(spec, str(merged))
        try:
            (merged / "gone").unlink()
            (merged / "under" / "file").rename(merged / "moved")
            (merged / "moved").write_text("changed")
            if isolation["keeps_owners"]:
                os.chown(merged / "moved", 1, 1)
            else:
                os.setxattr(merged / "moved", "user.dockmagic.probe", b"")
            (merged / "under").rmdir()
            (merged / "under").mkdir()
            if (place / "b" / "under" / "file").read_text() != "lower":
                return {"refusal": "overlay writes to lower layers here"}
        finally:
            kernel.umount(str(merged))
    except OSError as error:
        return {"refusal": obstacles.no_overlay(folder, error.strerror or str(error))}
    finally:
        _remove_tree(place)
    return {}


def _probe_chroot(_files: list[int], _isolation: dict[str, Any], folder: str) -> dict[str, Any]:
    """Do once what a container in a mere chroot needs: change owners, make devices, go in, be somebody else."""
    place = Path(folder, f".probe-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        place.mkdir()
        os.chown(place, 1, 1)
        os.mknod(place / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        pid = os.fork()
        if pid == 0:
            try:
                os.chroot(place)
                os.setresgid(1, 1, 1)
                os.setresuid(1, 1, 1)
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(pid, 0)[1]:
            raise NotSupported("root may not change its root folder and its user here")
    except OSError as error:
        raise NotSupported(f"root may not give files away or make devices here ({error.strerror})") from None
    finally:
        _remove_tree(place)
    return {}


def _unpack(_files: list[int], isolation: dict[str, Any], folder: str, layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Unpack layers, each into its own folder; see `unpack_all`."""
    from dockmagic.snapshot.unpack import unpack_all

    unpack_all(Path(folder), layers, Form.parse(isolation["form"]))
    return {}


def _unpack_arriving(files: list[int], isolation: dict[str, Any], folder: str, layer: dict[str, Any]) -> dict[str, Any]:
    """Unpack the layer that comes through the first file, and write its table to the second; see `unpack_arriving`."""
    from dockmagic.snapshot.unpack import unpack_arriving

    form = Form.parse(isolation["form"])
    with os.fdopen(os.dup(files[0]), "rb", buffering=0) as stream:
        diff_id, table = unpack_arriving(Path(folder), layer, stream, form)
    with os.fdopen(os.dup(files[1]), "wb") as out:
        out.write(table.dumps())
    return {"diff_id": diff_id}


def _unpack_whole(
    _files: list[int], isolation: dict[str, Any], folder: str, key: str, layers: list[dict[str, Any]]
) -> dict[str, Any]:
    """Unpack layers one over another; see `unpack_whole`."""
    from dockmagic.snapshot.unpack import unpack_whole

    unpack_whole(Path(folder), key, layers, Form.parse(isolation["form"]))
    return {}


def _copy(_files: list[int], isolation: dict[str, Any], tree: str, folder: str, apart: list[str]) -> dict[str, Any]:
    """Give the container in `folder` its own copy of an image's tree."""
    from dockmagic.snapshot import copied

    copied.copy(Path(tree), Path(folder, "merged"), owners=isolation["keeps_owners"])
    copied.remember(Path(folder), apart)
    return {}


def _pack(
    files: list[int],
    isolation: dict[str, Any],
    spec: dict[str, Any],
    tables: list[str],
    epoch: int | None,
    *,
    last: bool,
) -> dict[str, Any]:
    """Write the layer that a container's changes make to the first file, its table to the second.

    If nothing comes after it (`last`), its writable layer becomes what that layer unpacks to.
    """
    from dockmagic.snapshot.commit import pack_view

    diff_id, table = pack_view(Path(spec["folder"]), tables, files[0], isolation=isolation, epoch=epoch, last=last)
    os.write(files[1], table)
    return {"diff_id": diff_id}


def _changed(files: list[int], isolation: dict[str, Any], spec: dict[str, Any], tables: list[str]) -> dict[str, Any]:
    """Write what the writable layer holds to the first file; `tables`: of the image's layers, if owners matter."""
    from dockmagic.snapshot.upper import dump
    from dockmagic.snapshot.written import written

    with os.fdopen(os.dup(files[0]), "wb") as out:
        below = FileTree.of(LayerTable.loads(Path(path).read_bytes()) for path in tables) if tables else None
        out.write(dump(written(Path(spec["folder"]), isolation, below)))
    return {}


def _get(
    files: list[int], _isolation: dict[str, Any], spec: dict[str, Any], pid: int, path: str, **how: Any
) -> dict[str, Any]:
    """Write a tar of what lies at `path` in a container to the first file; see `read_tar`."""
    from .tar_out import read_tar

    with _tree(spec, pid) as root:
        return read_tar(root, path, files[0], told=_told(files[1]) if len(files) > 1 else None, **how)


def _told(file: int) -> dict[str, Told]:
    with open(f"/proc/self/fd/{file}", "rb") as told:
        return msgspec.msgpack.decode(told.read(), type=dict[str, Told])


def _look(_files: list[int], _isolation: dict[str, Any], spec: dict[str, Any], pid: int, path: str) -> dict[str, Any]:
    """The st_mode of what is at `path` of a container, 0 for nothing, and where it leads if it is a link."""
    from .in_rootfs import look_at

    with _tree(spec, pid) as root:
        return look_at(root, path)


def _export(files: list[int], _isolation: dict[str, Any], spec: dict[str, Any], skip: list[str]) -> dict[str, Any]:
    """Write a tar of a container's tree, without its volumes, to the first file."""
    from .tar_out import read_tar

    with _view(spec) as root:
        return read_tar(root, "/", files[0], told=_told(files[1]), skip=frozenset(skip))


def _put(
    files: list[int], isolation: dict[str, Any], spec: dict[str, Any], pid: int, path: str, **how: Any
) -> dict[str, Any]:
    """Unpack the tar in the first file at `path` of a container."""
    from .tar_in import write_tar

    if isolation["keeps_owners"]:
        with _tree(spec, pid) as root:
            return write_tar(root, path, files[0], **how)
    from dockmagic.snapshot import ownertable

    table = ownertable.open_table(spec["folder"])

    def note(made: int, told: Told) -> None:
        kind = Entry(b"", told.type).st_mode if told.type is not None else 0
        device = os.makedev(told.major, told.minor) if kind else 0
        owner = ownertable.Owner(told.uid, told.gid, stat.S_IFMT(kind), device)
        ownertable.append(table, kernel.identify(made), owner)

    try:
        with _tree(spec, pid) as root:
            return write_tar(root, path, files[0], note=note, **how)
    finally:
        os.close(table)


@contextlib.contextmanager
def _tree(spec: dict[str, Any], pid: int) -> Iterator[str]:
    """The container's whole tree, with its volumes: as its process sees it, else mounted here."""
    if not spec["namespaces"]:
        yield f"{spec['folder']}/merged"
        return
    if pid:
        # Its own view: two overlays must not share an upper folder.
        yield f"/proc/{pid}/root"
        return
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    merged = f"{spec['folder']}/merged"
    rootfs.mount_layers(spec, merged)
    try:
        created: list[str] = []
        try:
            rootfs.mount_volumes(spec, merged, created)
        except ValueError as error:
            raise InvalidInput(str(error), hint="Make the container anew with another target") from None
        finally:
            Folder(spec["folder"]).remember(created)
        yield merged
    finally:
        os.chdir("/")
        kernel.umount(merged)


def _make_workdir(_files: list[int], _isolation: dict[str, Any], spec: dict[str, Any], path: str) -> dict[str, Any]:
    """Make the working folder of a container that does not run yet; links stay inside its root."""
    with _tree(spec, 0) as root:
        top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            made = rootfs.target(top, path, [], folder=True)
            is_folder = stat.S_ISDIR(os.fstat(made).st_mode)
            os.close(made)
        except ValueError:
            is_folder = False
        finally:
            os.close(top)
    if not is_folder:
        raise InvalidInput(f"Cannot mkdir: {path} is not a directory", hint="Write another --workdir")
    return {}


def _remove(_files: list[int], _isolation: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """Remove files and folders, whoever in the namespace owns them."""
    for path in paths:
        _remove_tree(Path(path))
    return {}


class _view:  # noqa: N801  (used as a function)
    """The container's tree as a read-only mount at ``merged``, as long as the block lasts."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.merged = f"{spec['folder']}/merged"

    def __enter__(self) -> str:
        if self.spec["copies"]:
            return self.merged
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        rootfs.mount_layers(self.spec, self.merged, view=True)
        return self.merged

    def __exit__(self, *_: object) -> None:
        if not self.spec["copies"]:
            os.chdir("/")
            kernel.umount(self.merged)


def _remove_tree(path: Path) -> None:
    try:
        above = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _remove_entry(above, path.name)
    finally:
        os.close(above)


def _remove_entry(above: int, name: str) -> None:
    """Remove what is at `name` of a folder, with all below it; no link is followed, whoever makes one meanwhile."""
    try:
        os.unlink(name, dir_fd=above)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        folder = _opened(above, name)
    else:
        return
    try:
        for child in os.listdir(folder):
            _remove_entry(folder, child)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=above)


def _opened(above: int, name: str) -> int:
    """A folder that is to go, with the rights to remove what is in it: overlay's work/work has mode 000."""
    pinned = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        through = f"/proc/self/fd/{pinned}"
        if os.fstat(pinned).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(through, 0o700)
        return os.open(through, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(pinned)


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "probe": _probe,
    "probe_chroot": _probe_chroot,
    "unpack": _unpack,
    "unpack_arriving": _unpack_arriving,
    "unpack_whole": _unpack_whole,
    "copy": _copy,
    "pack": _pack,
    "scan": _changed,
    "get": _get,
    "put": _put,
    "look": _look,
    "make_workdir": _make_workdir,
    "export": _export,
    "remove": _remove,
}


def main() -> None:
    """Do the task that the first message on descriptor 0 names, and answer."""
    sock = socket.socket(fileno=os.dup(0))
    data, files, _, _ = socket.recv_fds(sock, 1 << 18, 4)
    if not data:
        return
    request = json.loads(data)
    isolation = request["isolation"]
    outer, inner = socket.socketpair()
    # In a running container's own user namespace, its root may look at it through /proc; its mounts are not joined,
    # for then a late import would run the container's code.
    running = request["arguments"].get("pid", 0) if isolation["uid_map"] else 0
    flags = kernel.CLONE_NEWNS if isolation["namespaces"] else 0
    flags |= kernel.CLONE_NEWUSER if isolation["uid_map"] else 0
    if isolation["namespaces"] and request["task"] == "probe":
        flags |= kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWCGROUP
    try:
        if running:
            kernel.setns(idmap.outer_namespace(running), kernel.CLONE_NEWUSER)
            flags = 0
        pid = kernel.clone(flags)
    except OSError as error:
        explained = obstacles.no_user_namespaces if isolation["uid_map"] else obstacles.no_mounts
        _answer(sock, explained(error.strerror or str(error)))
        return
    if pid == 0:
        outer.close()
        kernel.die_with_parent()
        if inner.recv(1) != b"g":
            os._exit(1)
        if isolation["uid_map"]:
            idmap.become_root(several=sum(row[2] for row in isolation["uid_map"]) > 1)
            kernel.die_with_parent()
        os.umask(0o022)
        _perform(sock, request["task"], files, isolation, request["arguments"])
        sys.stderr.flush()
        os._exit(0)
    inner.close()
    try:
        if isolation["uid_map"] and not running:
            idmap.write(pid, isolation)
        outer.send(b"g")
    except OSError as error:
        _answer(sock, NotSupported(f"the id map cannot be set up: {error.strerror or error}"))
    outer.close()
    os.waitpid(pid, 0)


def _perform(
    sock: socket.socket, task: str, files: list[int], isolation: dict[str, Any], arguments: dict[str, Any]
) -> None:
    try:
        result = _TASKS[task](files, isolation, **arguments)
    except DockmagicError as error:
        _answer(sock, error)
    except FileNotFoundError as error:
        _answer(sock, PathNotFound(f"{error.filename}: no such file or directory"))
    except OSError as error:
        from dockmagic.store.home import disk_errors

        try:
            with disk_errors():
                raise
        except DockmagicError as told:
            _answer(sock, told)
        except OSError:
            _answer(sock, InvalidLayer(f"{task}: {error}"))
    else:
        sock.send(json.dumps({"result": result}).encode())


def _answer(sock: socket.socket, error: DockmagicError) -> None:
    message = {"error": error.message, "kind": type(error).__name__, "hint": error.hint}
    sock.send(json.dumps(message).encode())
