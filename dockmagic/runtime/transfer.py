"""Files between a container and this machine (``docker cp``, ``docker export``)."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import msgspec

from dockmagic.layer.pack import OwnerRecord
from dockmagic.oci.errors import InvalidInput, PathNotFound
from dockmagic.snapshot.mountpoints import read_mountpoints

from .machine.work import work
from .path import merged
from .spec import ready_sources
from .worker.tar_in import write_tar
from .worker.tar_out import read_tar, top_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .container import Container

__all__ = ["copy_from_host", "copy_in", "copy_out", "copy_to_host", "export"]

_LINK_FOLLOWS: Final = 40  # as many as Linux follows


class _Kind(NamedTuple):
    """What there is at a place: anything, and whether it is a folder."""

    exists: bool
    folder: bool


def copy_out(container: Container, path: str, out: BinaryIO, *, name: str = "", follow: bool = False) -> bool:
    """Write a tar of what lies at `path` in the container to the real file `out`.

    Links are followed inside the container's root only; the last one if `follow`, or if the path ends with ``/`` or
    ``/.``.

    Args:
        container: running or not.
        path: inside.
        out: where the tar begins.
        name: of the tar's top member; empty for the path's last part, which for ``FOLDER/.`` is a dot.
        follow: whether a link in the last place is followed.

    Returns:
        Whether it is a folder.

    Raises:
        PathNotFound: it is not there.
    """
    with tempfile.TemporaryFile() as told:
        name = name or top_name(path)
        told.write(msgspec.msgpack.encode(_told(container, path, name)))
        told.flush()
        try:
            answer = work(
                container.isolation,
                "get",
                descriptors=(out.fileno(), told.fileno()),
                **_tree_of(container),
                path=path,
                name=name,
                follow=follow,
            )
        except PathNotFound:
            raise _not_found(container, path) from None
    return bool(answer["folder"])


def copy_in(container: Container, path: str, source: BinaryIO, *, rename: str = "", keep_owners: bool = False) -> None:
    """Unpack a tar below the folder `path` of the container.

    Args:
        container: running or not.
        path: an existing folder; links are followed inside the container's root only.
        source: a real file, read from where it stands.
        rename: name for the top member; empty for its own, ``.`` for its content only.
        keep_owners: owners as the tar says, else root.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: a folder would go over a file, or the other way round; or the tar leads out.
    """
    # A buffered file may stand elsewhere than its descriptor, which is what the worker reads.
    os.lseek(source.fileno(), source.tell(), os.SEEK_SET)
    try:
        work(
            container.isolation,
            "put",
            descriptors=(source.fileno(),),
            **_tree_of(container),
            path=path,
            rename=rename,
            owners="tar" if keep_owners else "root",
        )
    except PathNotFound:
        raise _not_found(container, path) from None


def _tree_of(container: Container) -> dict[str, Any]:
    """Where a worker finds the container's tree, with all that is mounted in it."""
    pid = container.state.pid
    if not pid:
        ready_sources(container.record)
    return {"spec": container.spec(), "pid": pid}


def _not_found(container: Container, path: str) -> PathNotFound:
    return PathNotFound(
        f"Could not find the file {path} in container {container.name}",
        hint=f"Look at what is there: `exec {container.name} ls`",
    )


def copy_to_host(
    container: Container, path: str, target: str | Path, *, follow: bool = False, keep_owners: bool = False
) -> int:
    """Copy a file or folder of a container to this machine, where docker would put it (``cp CONTAINER:PATH TARGET``).

    Args:
        container: running or not.
        path: inside; ``/.`` at its end means what is in the folder.
        target: a folder to put it into, or its new name.
        follow: copy what a link leads to, inside the container's root, and not the link.
        keep_owners: owners as inside; else the files are ours.

    Returns:
        Bytes of the archive that was moved, as docker counts them.

    Raises:
        PathNotFound: it is not there.
        InvalidInput: a folder would go over a file, or the other way round.
    """
    with tempfile.TemporaryFile() as tar:
        name = os.path.basename(os.path.normpath(f"/{path}"))
        content = path.endswith("/.") or not name
        folder = copy_out(container, path, tar, name=name or "root", follow=follow)
        landing, kind = _landing(os.fspath(target), _look_here)
        where, rename = _aim(landing, kind, folder=folder, content=content)
        tar.seek(0)
        write_tar("/", os.path.abspath(where), tar.fileno(), rename=rename, owners="tar" if keep_owners else "mine")
        return os.fstat(tar.fileno()).st_size


def copy_from_host(
    container: Container, source: str | Path, path: str, *, follow: bool = False, keep_owners: bool = False
) -> int:
    """Copy a file or folder of this machine into a container, where docker would put it (``cp SOURCE CONTAINER:PATH``).

    Args:
        container: running or not.
        source: ``/.`` at its end means what is in the folder.
        path: inside: a folder to put it into, or its new name; links stay inside the container's root.
        follow: copy what a link leads to and not the link.
        keep_owners: owners as here; else the files are root's.

    Returns:
        Bytes of the archive that was moved, as docker counts them.

    Raises:
        PathNotFound: one of them is not there.
        InvalidInput: a folder would go over a file, or the other way round.
    """
    text = os.fspath(source)
    content = text.endswith("/.") or text == "."
    place = os.path.abspath(text)
    if text.endswith(("/", "/.")) and not os.path.isdir(place):
        why = "not a directory" if os.path.exists(place) else "no such file or directory"
        raise PathNotFound(f"{text}: {why}", hint="Leave the slash away, or correct the path")
    with tempfile.TemporaryFile() as tar:
        folder = bool(read_tar("/", place, tar.fileno(), follow=follow or text.endswith(("/", "/.")))["folder"])
        landing, kind = _landing(path, lambda place: _look_inside(container, place))
        where, rename = _aim(landing, kind, folder=folder, content=content)
        tar.seek(0)
        copy_in(container, where, tar, rename=rename, keep_owners=keep_owners)
        return os.fstat(tar.fileno()).st_size


def _aim(path: str, kind: _Kind, *, folder: bool, content: bool) -> tuple[str, str]:
    """The folder to unpack into and the name of the top member, as docker decides it (docker cp).

    Args:
        path: the target.
        kind: what is there.
        folder: whether the source is one.
        content: whether only what is in it is to be copied.
    """
    above, _, name = path.rstrip("/").rpartition("/")
    above = above or ("/" if path.startswith("/") else ".")
    if kind.folder:
        return path, "." if content and folder else ""
    if kind.exists:
        if folder:
            raise InvalidInput("cannot copy directory", hint=f"{path} is a file: name a folder, or remove it")
        if path.endswith("/"):
            raise InvalidInput(
                f"no such directory: {path} is not a directory", hint="Leave the slash away, or correct the path"
            )
        return above, name
    if path.endswith("/") and not folder:
        raise PathNotFound(f"no such directory: the destination directory {path} must exist", hint="Make it first")
    return above, name


def _landing(path: str, look: Callable[[str], tuple[int, str]]) -> tuple[str, _Kind]:
    """Where a copy to `path` goes: a link in the last place stays, and what it leads to is written, there or not.

    Args:
        path: the target.
        look: the st_mode of what is at a path, 0 for nothing, and where it leads if it is a link.

    Raises:
        PathNotFound: the links go round.
    """
    slash = "/" if path.rstrip("/") and path.endswith("/") else ""
    where = path.rstrip("/") or "/"
    for _ in range(_LINK_FOLLOWS):
        mode, link = look(where)
        if not link:
            return where + slash, _Kind(bool(mode), stat.S_ISDIR(mode))
        where = os.path.join(os.path.dirname(where), link).rstrip("/") or "/"
    raise PathNotFound(f"{path} goes through too many symbolic links", hint="Name what they should lead to")


def _look_here(path: str) -> tuple[int, str]:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0, ""
    return mode, os.readlink(path) if stat.S_ISLNK(mode) else ""


def _look_inside(container: Container, path: str) -> tuple[int, str]:
    answer = work(container.isolation, "look", **_tree_of(container), path=path)
    return answer["mode"], answer["link"]


def export(container: Container, out: BinaryIO) -> None:
    """Write the container's whole file system, without its volumes, as a tar: what its image and it itself have.

    Args:
        container: running or not.
        out: anything that can be written to.
    """
    with tempfile.TemporaryFile(dir=container.store.home.root) as tar, tempfile.TemporaryFile() as told:
        told.write(msgspec.msgpack.encode(_told(container, "/", "")))
        told.flush()
        # Below the image's layers there may be one with this machine's certificate authorities.
        own = container.isolation.snapshots.keys(container.store, container.image)
        spec = container.spec()
        work(
            container.isolation,
            "export",
            descriptors=(tar.fileno(), told.fileno()),
            spec=spec | {"layers": [key for key in spec["layers"] if key in own]},
            skip=[os.fsdecode(name) for name in read_mountpoints(container.folder)],
        )
        tar.seek(0)
        while data := tar.read(1 << 20):
            out.write(data)


def _told(container: Container, path: str, name: str) -> dict[str, OwnerRecord]:
    """What the files themselves cannot tell, by their names in a tar whose top is called `name`: owners and devices.

    Nothing where the files can.
    """
    if container.isolation.keeps_owners:
        return {}
    tree = merged(container.image, container.changes())
    try:
        top = os.fsdecode(tree.lookup(path).entry.name)
    except PathNotFound:
        return {}
    found = {}
    for node in tree.nodes.values():
        entry = node.entry
        own = os.fsdecode(entry.name)
        kind = entry.type if entry.is_device else None
        if (entry.uid == entry.gid == 0 and kind is None) or not (not top or own == top or own.startswith(f"{top}/")):
            continue
        rest = own[len(top) :].strip("/")
        known = OwnerRecord(entry.uid, entry.gid, kind, entry.major, entry.minor)
        found["/".join(part for part in (name, rest) if part)] = known
    return found
