"""The process that works on a container's files as their owner: root of the user namespace in which they were made."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.layer.disk_format import DiskFormat
from dockmagic.layer.entry import Entry
from dockmagic.layer.pack import OwnerRecord
from dockmagic.layer.toc import LayerTOC
from dockmagic.layer.tree import FileTree
from dockmagic.linux import idmap, kernel
from dockmagic.oci.error_codec import encode_error
from dockmagic.oci.errors import DockmagicError, InvalidInput, InvalidLayer, NotSupported, PathNotFound
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.init import rootfs
from dockmagic.runtime.machine import diagnostics
from dockmagic.runtime.machine.connection import MAX_DESCRIPTORS, MAX_MESSAGE
from dockmagic.runtime.messages.message import MalformedMessage
from dockmagic.runtime.messages.worker import WorkerAnswer, WorkerRequest
from dockmagic.snapshot.remove import remove_tree
from dockmagic.snapshot.snapshot import Snapshot
from dockmagic.snapshot.table import SNAPSHOTTERS

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

__all__ = ["main"]


def _probe(_files: list[int], isolation: dict[str, Any], folder: str) -> dict[str, Any]:
    """Try a driver in a folder; the best snapshotter that works with it there, and why a better one does not."""
    driver = DRIVERS[isolation["tier"]]
    driver.probe(folder)
    why = ""
    for name, snapshotter in SNAPSHOTTERS.items():
        if snapshotter.needs_mounts and not driver.mounts_snapshots:
            continue
        refusal = snapshotter.probe(folder, user_xattrs=isolation["userxattr"], owners=driver.keeps_owners)
        if not refusal:
            return {"snapshotter": name, "refusal": why}
        why = why or refusal
    raise NotSupported(why)


def _unpack(
    _files: list[int], isolation: dict[str, Any], folder: str, keys: list[str], layers: list[dict[str, Any]]
) -> dict[str, Any]:
    """Unpack what is missing of an image; see `Snapshotter.unpack`."""
    SNAPSHOTTERS[isolation["snapshotter"]].unpack(Path(folder), keys, layers, DiskFormat.parse(isolation["form"]))
    return {}


def _unpack_arriving(files: list[int], isolation: dict[str, Any], folder: str, layer: dict[str, Any]) -> dict[str, Any]:
    """Unpack the layer that comes through the first file, and write its table to the second; see `unpack_arriving`."""
    from dockmagic.snapshot.unpack import unpack_arriving

    form = DiskFormat.parse(isolation["form"])
    with os.fdopen(os.dup(files[0]), "rb", buffering=0) as stream:
        diff_id, table = unpack_arriving(Path(folder), layer, stream, form)
    with os.fdopen(os.dup(files[1]), "wb") as out:
        out.write(table.dumps())
    return {"diff_id": diff_id}


def _populate(
    _files: list[int], isolation: dict[str, Any], lower: str, folder: str, apart: list[str]
) -> dict[str, Any]:
    """Fill the snapshot of the new container in `folder`; see `Snapshotter.populate`."""
    snapshotter = SNAPSHOTTERS[isolation["snapshotter"]]
    snapshotter.populate(Path(folder), Path(lower), apart, owners=isolation["keeps_owners"])
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
    from dockmagic.snapshot.changes import dump
    from dockmagic.snapshot.written import written

    with os.fdopen(os.dup(files[0]), "wb") as out:
        below = FileTree.of(LayerTOC.loads(Path(path).read_bytes()) for path in tables) if tables else None
        out.write(dump(written(Path(spec["folder"]), isolation, below)))
    return {}


def _get(
    files: list[int], _isolation: dict[str, Any], spec: dict[str, Any], pid: int, path: str, **how: Any
) -> dict[str, Any]:
    """Write a tar of what lies at `path` in a container to the first file; see `read_tar`."""
    from .tar_out import read_tar

    with _tree(spec, pid) as root:
        return read_tar(root, path, files[0], told=_told(files[1]) if len(files) > 1 else None, **how)


def _told(file: int) -> dict[str, OwnerRecord]:
    with open(f"/proc/self/fd/{file}", "rb") as told:
        return msgspec.msgpack.decode(told.read(), type=dict[str, OwnerRecord])


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

    def note(made: int, told: OwnerRecord) -> None:
        kind = Entry(b"", told.type).st_mode if told.type is not None else 0
        device = os.makedev(told.major, told.minor) if kind else 0
        owner = ownertable.RecordedOwner(told.uid, told.gid, stat.S_IFMT(kind), device)
        ownertable.append(table, kernel.identify(made), owner)

    try:
        with _tree(spec, pid) as root:
            return write_tar(root, path, files[0], note=note, **how)
    finally:
        os.close(table)


def _tree(spec: dict[str, Any], pid: int) -> contextlib.AbstractContextManager[str]:
    """The container's whole tree, with its volumes; see `Driver.tree`."""
    return DRIVERS[spec["tier"]].tree(spec, pid)


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
        remove_tree(Path(path))
    return {}


def _view(spec: dict[str, Any]) -> contextlib.AbstractContextManager[str]:
    """The container's tree without its volumes, for reading, as long as the block lasts."""
    return SNAPSHOTTERS[spec["snapshotter"]].view(Snapshot.of(spec), f"{spec['folder']}/merged")


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "probe": _probe,
    "unpack": _unpack,
    "unpack_arriving": _unpack_arriving,
    "populate": _populate,
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
    data, files, _, _ = socket.recv_fds(sock, MAX_MESSAGE, MAX_DESCRIPTORS)
    if not data:
        return
    try:
        request = WorkerRequest.decode(data)
    except MalformedMessage as error:
        _answer(sock, DockmagicError(f"the worker was sent a request that cannot be read: {error}"))
        return
    isolation = request.isolation
    outer, inner = socket.socketpair()
    # In a running container's own user namespace, its root may look at it through /proc; its mounts are not joined,
    # for then a late import would run the container's code.
    running = request.arguments.get("pid", 0) if isolation["uid_map"] else 0
    driver = DRIVERS[isolation["tier"]]
    flags = (driver.probe_flags if request.task == "probe" else driver.worker_flags)(isolation)
    try:
        if running:
            kernel.setns(idmap.outer_namespace(running), kernel.CLONE_NEWUSER)
            flags = 0
        pid = kernel.clone(flags)
    except OSError as error:
        explained = diagnostics.no_user_namespaces if isolation["uid_map"] else diagnostics.no_mounts
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
        _perform(sock, request.task, files, isolation, request.arguments)
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
        sock.send(WorkerAnswer(result=result).encode())


def _answer(sock: socket.socket, error: DockmagicError) -> None:
    sock.send(WorkerAnswer(error=encode_error(error)).encode())
