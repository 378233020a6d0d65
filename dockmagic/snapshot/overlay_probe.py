"""Probe whether overlayfs works in a folder: everything that containers do with it, done once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockmagic.linux import kernel

from .remove import remove_tree
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .snapshotter import Snapshotter

__all__ = ["probe"]

_FEW_TYPES: Final = {"nfs": "NFS", "nfs4": "NFS", "overlay": "overlay itself", "fuse.sshfs": "sshfs", "9p": "9p"}


def probe(snapshotter: Snapshotter, folder: str, *, user_xattrs: bool, owners: bool) -> str:
    """Mount, write, rename, white out, be opaque; see `Snapshotter.probe`."""
    place = Path(folder, f".probe-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        for name in ("a", "b", "box"):
            (place / name).mkdir(parents=True)
        snapshotter.prepare(place / "box", 0o755)
        (place / "a" / "gone").touch()
        (place / "b" / "under").mkdir()
        (place / "b" / "under" / "file").write_text("lower")
        merged = place / "box" / "merged"
        snapshotter.mount(Snapshot(str(place / "box"), str(place), ["a", "b"], user_xattrs=user_xattrs), str(merged))
        try:
            (merged / "gone").unlink()
            (merged / "under" / "file").rename(merged / "moved")
            (merged / "moved").write_text("changed")
            if owners:
                os.chown(merged / "moved", 1, 1)
            else:
                os.setxattr(merged / "moved", "user.dockmagic.probe", b"")
            (merged / "under").rmdir()
            (merged / "under").mkdir()
            if (place / "b" / "under" / "file").read_text() != "lower":
                return "overlay writes to lower layers here"
        finally:
            os.chdir("/")
            kernel.umount(str(merged))
    except OSError as error:
        return _reason(folder, error.strerror or str(error))
    finally:
        remove_tree(place)
    return ""


def _reason(folder: str, error: str) -> str:
    """Why overlay does not work in a folder, in one line; `error` is what the kernel says."""
    kind = _file_system(folder)
    if kind in _FEW_TYPES:
        return f"overlay does not work on {_FEW_TYPES[kind]} (DOCKMAGIC_SCRATCH may name a folder elsewhere)"
    return f"overlay does not work on {kind or 'this file system'} here ({error})"


def _file_system(folder: str) -> str:
    path, best, kind = os.path.realpath(folder), "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        place = fields.split(" ")[4]
        if (path + "/").startswith(place.rstrip("/") + "/") and len(place) >= len(best):
            best, kind = place, rest.split(" ")[0]
    return kind
