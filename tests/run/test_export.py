"""What comes out of a container by ``export`` and ``cp``: on each tier as much as ``commit`` keeps."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from programs import finish
from rootfs_edge_cases import CAPABILITY, access_list

from dockmagic.image.archive import import_rootfs
from dockmagic.runtime.commit import commit
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.transfer import copy_in, copy_out, export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.layer.tree import FileTree
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Force = Callable[[str], str]

_MADE_FOR_A_RUN = ("dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf")


@pytest.fixture(params=[tier for tier in DRIVERS if tier != "proot"], ids=lambda tier: tier)
def tier(request: pytest.FixtureRequest, force: Force) -> str:
    """One tier that can commit, forced; skipped with the reason where it does not work."""
    return force(request.param)


def _facts(tree: FileTree) -> dict[str, tuple[object, ...]]:
    return {
        entry.path: (entry.type, entry.mode, entry.uid, entry.gid, entry.link, entry.major, entry.minor, entry.xattrs)
        for entry in (node.entry for node in tree)
        if not os.fsdecode(entry.name).startswith(_MADE_FOR_A_RUN)
    }


def test_an_export_has_all_that_a_commit_has(
    store: ContentStore, hard: Image, make: Make, tmp_path: Path, tier: str
) -> None:
    """Owners, set-id bits, devices, links, capabilities, attributes; of files that were changed as of the others."""
    script = (
        "chmod 640 /srv/listed; mv /srv/private /moved; chown 5:6 /srv/set; chmod 4711 /srv/set; ln /srv/file /link;"
        "mkfifo /pipe; chown 7:8 /pipe; rm /var/old; mv /srv/bound /srv/tool"
    )
    if tier != "subid":
        script += ";mknod /tty9 c 4 9; chown 0:5 /tty9; mknod /disk b 7 300"
    container = make("sh", "-ec", script, image=hard, network="host")
    assert finish(container) == (0, "", "")
    out = tmp_path / "out.tar"
    with out.open("wb") as file:
        export(container, file)
    with out.open("rb") as file:
        exported = import_rootfs(file, store)
    assert _facts(exported.files) == _facts(commit(container).files)


@pytest.mark.usefixtures("tier")
def test_a_copy_keeps_capabilities_and_attributes(hard: Image, make: Make, tmp_path: Path) -> None:
    """Out as a tar and in again; what this machine cannot set is noted down."""
    container = make("true", image=hard, network="host")
    with (tmp_path / "out.tar").open("w+b") as tar:
        copy_out(container, "/srv", tar)
        tar.seek(0)
        copy_in(container, "/home", tar, keep_owners=True)
    found = {node.entry.path: node.entry for node in commit(container).files}
    for name in ("bound", "private", "listed", "note", "tree/a/b/file", "set"):
        new, old = found[f"/home/srv/{name}"], found[f"/srv/{name}"]
        assert (new.mode, new.uid, new.gid, new.xattrs) == (old.mode, old.uid, old.gid, old.xattrs)
    assert found["/home/srv/bound"].xattrs == {"security.capability": CAPABILITY}
    assert found["/home/srv/listed"].xattrs == {"system.posix_acl_access": access_list(6)}


def test_a_device_is_copied_in_where_it_can_only_be_noted_down(make: Make, tmp_path: Path, force: Force) -> None:
    """As it is when a program makes one there."""
    force("single")
    container = make("true")
    with (tmp_path / "in.tar").open("w+b") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            info = tarfile.TarInfo("disk")
            info.type, info.devmajor, info.devminor, info.mode, info.gid = tarfile.BLKTYPE, 7, 300, 0o660, 6
            tar.addfile(info)
        file.seek(0)
        copy_in(container, "/home", file, keep_owners=True)
    entry = (commit(container) / "home/disk").entry
    assert (entry.type.name, entry.major, entry.minor, entry.mode, entry.gid) == ("BLOCK", 7, 300, 0o660, 6)


@pytest.mark.usefixtures("tier")
def test_an_export_leaves_out_what_we_put_in(make: Make, run: Callable[..., tuple[int, str, str]]) -> None:
    """This machine's certificate authorities are in the container, but neither in its image nor of its making."""
    container = make("true", network="host")
    assert finish(container) == (0, "", "")
    out = io.BytesIO()
    export(container, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        names = tar.getnames()
    assert "bin/busybox" in names
    assert [name for name in names if name.startswith("etc/ssl")] == []
