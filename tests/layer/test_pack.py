"""Packing: the canonical difference, and that applying it gives the tree again."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import stat
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import file, folder, ingest, link, node, on_disk, symlink, tar

from dockmagic.layer.compare import compare
from dockmagic.layer.disk_format import DiskFormat, OwnerPolicy, Whiteouts
from dockmagic.layer.pack import pack
from dockmagic.layer.tree import FileTree
from dockmagic.layer.unpack import unpack
from dockmagic.oci.errors import NotSupported, StoreError
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.layer.toc import LayerTOC
    from dockmagic.oci.digest import Digest

IS_ROOT = os.geteuid() == 0
MINE = DiskFormat(OwnerPolicy.SQUASH, Whiteouts.APPLY)
BASE = tar(
    folder("d"), file("d/f", "one", uid=3, gid=4), file("d/g", "two"), folder("e", mode=0o1777), file("e/deep/x", "x"),
    symlink("s", "d/f"), file("h1", "hard"), link("h2", "h1"), node("null"), file("same", "same"),
)  # fmt: skip


def unpacked(root: Path, *layers: bytes) -> FileTree:
    """The layers on disk, and their tree."""
    tree = FileTree()
    for index, data in enumerate(layers):
        table = unpack(io.BytesIO(data), Compression.NONE, root, form=MINE, below=tree)[1]
        tree = tree.stack(table, index)
    return tree


def packed(root: Path, below: FileTree, epoch: int | None = None) -> tuple[bytes, Digest, LayerTOC]:
    """The difference as a tar, its DiffID and table."""
    out = io.BytesIO()
    diff_id, table = pack(root, below, out, form=MINE, epoch=epoch)
    assert diff_id == "sha256:" + hashlib.sha256(out.getvalue()).hexdigest()
    assert ingest(out.getvalue())[1] == table
    return out.getvalue(), diff_id, table


def names(data: bytes) -> list[str]:
    """The names in a tar, as Python's tarfile reads them."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def test_nothing_changed_is_an_empty_layer(tmp_path: Path) -> None:
    """Owners, devices and directory times that cannot be kept are no changes; the DiffID is docker's of no files."""
    tree = unpacked(tmp_path / "root", BASE)
    os.utime(tmp_path / "root" / "d")
    data, diff_id, table = packed(tmp_path / "root", tree)
    assert data == bytes(1024)
    assert diff_id == "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
    assert len(table) == 0


def test_the_difference_is_canonical(tmp_path: Path) -> None:
    """Parents of changes, whiteouts before their siblings, bytes in order, whole seconds, no names of users."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / "d" / "f").unlink()
    (root / "d" / "a").write_bytes(b"new")
    os.utime(root / "d" / "a", ns=(1, 1_999_999_999))
    shutil.rmtree(root / "e" / "deep")
    (root / "s").unlink()
    (root / "s").mkdir()
    (root / "s" / "inside").write_bytes(b"")
    data, _, table = packed(root, tree)
    assert names(data) == ["d", "d/.wh.f", "d/a", "e", "e/.wh.deep", "s", "s/inside"]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        added = archive.getmember("d/a")
        assert (added.mtime, added.uname, added.gname, added.uid) == (1, "", "", 0)
    assert table.whiteouts == (b"d/f", b"e/deep")
    assert table.implied == frozenset()


def test_the_same_difference_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the order in which things were made, wherever they lie."""
    digests = set()
    for order in (1, -1):
        root = tmp_path / str(order)
        tree = unpacked(root, BASE)
        for name in ("n1", "n2", "d/n3", "same")[::order]:
            (root / name).write_bytes(name.encode())
            (root / name).chmod(0o644)
            os.utime(root / name, (5, 5))
        for directory in (root / "d", root):
            os.utime(directory, (5, 5))
        digests.add(packed(root, tree)[1])
    assert len(digests) == 1


def test_copied_up_but_unchanged_is_left_out(tmp_path: Path) -> None:
    """A file written again as it was is no change; one with other content of the same size and time is."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / "same").unlink()
    (root / "same").write_bytes(b"same")
    (root / "same").chmod(0o644)
    os.utime(root / "same", (1000, 1000))
    (root / "d" / "g").write_bytes(b"TWO")
    os.utime(root / "d" / "g", (1000, 1000))
    assert names(packed(root, tree)[0]) == ["d", "d/g"]


def test_a_files_owner_survives_where_none_can_be_kept(tmp_path: Path) -> None:
    """Content changes, the owner below stays; what is new belongs to root."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / "d" / "f").write_bytes(b"other")
    (root / "new").write_bytes(b"")
    entries = {entry.path: entry for entry in packed(root, tree)[2].entries}
    assert (entries["/d/f"].uid, entries["/d/f"].gid) == (3, 4)
    assert (entries["/new"].uid, entries["/new"].gid) == (0, 0)


def test_source_date_epoch_holds_times_down(tmp_path: Path) -> None:
    """Later ones become the epoch, earlier ones stay, and unchanged later files stay unchanged."""
    root = tmp_path / "root"
    tree = unpacked(root, tar(file("kept", "1", mtime=900), file("old", "1", mtime=900)))
    (root / "new").write_bytes(b"")
    (root / "old").write_bytes(b"2")
    os.utime(root / "old", (100, 100))
    entries = {entry.path: entry for entry in packed(root, tree, epoch=500)[2].entries}
    assert {path: entry.mtime for path, entry in entries.items()} == {"/new": 500, "/old": 100}


def test_hard_links_stay_one_file(tmp_path: Path) -> None:
    """A new name of an old file brings the old name along, so that they stay one."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    os.link(root / "d" / "g", root / "d" / "a")
    data, _, table = packed(root, tree)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(member.name, member.linkname) for member in archive] == [("d", ""), ("d/a", ""), ("d/g", "d/a")]
    again = tmp_path / "again"
    unpacked(again, BASE, data)
    assert (again / "d" / "g").samefile(again / "d" / "a")
    assert table.loose == ()


def test_what_cannot_be_in_a_layer(tmp_path: Path) -> None:
    """Sockets are skipped; a name that would mean removal is refused."""
    root = tmp_path / "root"
    tree = unpacked(root, tar(file("f")))
    with socket.socket(socket.AF_UNIX) as unix:
        before = os.getcwd()  # noqa: PTH109
        os.chdir(root)
        try:
            unix.bind("socket")
        finally:
            os.chdir(before)
        assert names(packed(root, tree)[0]) == []
    (root / ".wh.name").write_bytes(b"")
    with pytest.raises(NotSupported, match=r"\.wh\.name"):
        packed(root, tree)


@pytest.mark.skipif(IS_ROOT, reason="root can read everything")
def test_what_cannot_be_read_is_not_taken_for_removed(tmp_path: Path) -> None:
    """An unreadable directory is an error, not a whiteout."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / "d").chmod(0)
    with pytest.raises(StoreError):
        packed(root, tree)
    (root / "d").chmod(0o755)


def test_names_and_values_beyond_ustar(tmp_path: Path) -> None:
    """Long names and links, any bytes, owners of 32 bits' neighbours, times before the epoch, attributes."""
    root = tmp_path / "root"
    root.mkdir()
    long = root / ("n" * 200)
    long.mkdir()
    (long / ("m" * 200)).write_bytes(b"1")
    os.utime(long / ("m" * 200), (-7, -7))
    (root / "link").symlink_to("t" * 300)
    (root / os.fsdecode(b"caf\xe9\n")).write_bytes(b"")
    data, _, table = packed(root, FileTree())
    entries = {entry.name: entry for entry in table.entries}
    assert entries[b"n" * 200 + b"/" + b"m" * 200].mtime == -7
    assert entries[b"link"].link == b"t" * 300
    assert b"caf\xe9\n" in entries
    assert set(names(data)) == {os.fsdecode(name) or "." for name in entries}


def test_attributes_go_along(tmp_path: Path) -> None:
    """As pax records, and a changed one is a change."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "f").write_bytes(b"")
    try:
        os.setxattr(root / "f", "user.key", b"a=\n\xff")
    except OSError:
        pytest.skip("the file system has no user attributes")
    data, _, table = packed(root, FileTree())
    assert table.entries[-1].xattrs == {"user.key": b"a=\n\xff"}
    again = tmp_path / "again"
    tree = unpacked(again, data)
    assert os.getxattr(again / "f", "user.key") == b"a=\n\xff"
    os.setxattr(again / "f", "user.key", b"other")
    assert names(packed(again, tree)[0]) == ["f"]


def test_only_what_may_differ_is_looked_at(tmp_path: Path) -> None:
    """With a list of names, as an overlay's upper directory gives it, nothing else is read."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / "d" / "f").write_bytes(b"seen")
    (root / "d" / "g").unlink()
    (root / "same").write_bytes(b"unseen")
    out = io.BytesIO()
    pack(root, tree, out, form=MINE, only=[b"d", b"d/f", b"d/g"])
    assert names(out.getvalue()) == ["d", "d/.wh.g", "d/f"]


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(
    NAMES,
    st.one_of(
        st.tuples(st.just("file"), st.binary(max_size=2), st.sampled_from([0o644, 0o755]), st.integers(0, 3)),
        st.tuples(st.just("folder"), st.sampled_from([0o755, 0o700])),
        st.tuples(st.just("symlink"), st.sampled_from(["a", "/b"])),
        st.tuples(st.just("link"), NAMES),
    ),
    max_size=8,
)


def build(root: Path, tree: dict) -> None:
    """Make a directory that looks as far as possible like `tree`."""
    root.mkdir()
    for name, (kind, *values) in sorted(tree.items()):
        path = root / name
        if any(not parent.is_dir() or parent.is_symlink() for parent in path.parents if parent.is_relative_to(root)
               and parent.is_symlink() | parent.exists()):  # fmt: skip
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            path.mkdir(mode=values[0])
        elif kind == "symlink":
            path.symlink_to(values[0])
            os.utime(path, (1, 1), follow_symlinks=False)
        elif kind == "link" and (target := root / values[0]).is_file() and not target.is_symlink():
            os.link(target, path)
        elif kind == "file":
            path.write_bytes(values[0])
            path.chmod(values[1])
            os.utime(path, (values[2], values[2]))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(TREES, TREES)
def test_applying_the_difference_gives_the_tree(
    tmp_path_factory: pytest.TempPathFactory, before: dict, after: dict
) -> None:
    """apply(pack(diff)) == tree: on disk, as a FileTree, and with nothing left to say."""
    scratch = tmp_path_factory.mktemp("pack")
    build(scratch / "before", before)
    build(scratch / "after", after)
    base, _, base_table = packed(scratch / "before", FileTree())
    tree = FileTree.of([base_table])
    layer, _, table = packed(scratch / "after", tree)
    unpacked(scratch / "root", base, layer)
    assert on_disk(scratch / "root") == on_disk(scratch / "after")
    whole = FileTree.of([packed(scratch / "after", FileTree())[2]])
    assert compare(tree.stack(table, 1), whole) == []
    assert packed(scratch / "after", tree.stack(table, 1))[0] == bytes(1024)


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs GNU tar")
def test_gnu_tar_reads_what_we_write(tmp_path: Path) -> None:
    """A second opinion on headers: GNU tar extracts the same directory."""
    root = tmp_path / "root"
    tree = unpacked(root, BASE)
    (root / ("long" * 30)).write_bytes(b"x" * 2000)
    os.utime(root / ("long" * 30), (-3, -3))
    data = packed(root, FileTree())[0]
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["tar", "--no-same-owner", "-xpf", "-", "-C", other], input=data, check=True, capture_output=True)
    assert on_disk(other) == on_disk(root)
    assert (other / "h1").samefile(other / "h2")
    assert len(tree) == len(FileTree.of([ingest(data)[1]])) - 1


@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_umoci_unpacks_the_same(tmp_path: Path) -> None:
    """A second opinion on whiteouts and hard links: umoci unpacks an image of two layers to the same directory."""
    root = tmp_path / "root"
    tree = unpacked(root, tar(folder("d"), file("d/f", "1"), file("e/deep/x", "x"), symlink("s", "d"), file("t", "1")))
    shutil.rmtree(root / "e")
    (root / "s").unlink()
    (root / "s").mkdir()
    (root / "d" / "f").unlink()
    (root / "d" / "new").write_bytes(b"n")
    os.link(root / "d" / "new", root / "other")
    (root / "t").unlink()
    (root / "t").symlink_to("d")
    upper = packed(root, tree)[0]
    base = tar(folder("d"), file("d/f", "1"), file("e/deep/x", "x"), symlink("s", "d"), file("t", "1"))
    image = tmp_path / "image"

    def umoci(*words: str) -> None:
        subprocess.run(["umoci", *words], check=True, capture_output=True)

    umoci("init", "--layout", str(image))
    umoci("new", "--image", f"{image}:t")
    for number, data in enumerate((base, upper)):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(data)
        umoci("raw", "add-layer", "--image", f"{image}:t", str(path))
    umoci("unpack", *([] if IS_ROOT else ["--rootless"]), "--image", f"{image}:t", str(tmp_path / "bundle"))
    theirs = on_disk(tmp_path / "bundle" / "rootfs")
    assert theirs == on_disk(root)
    assert (tmp_path / "bundle" / "rootfs" / "other").samefile(tmp_path / "bundle" / "rootfs" / "d" / "new")


@pytest.mark.skipif(not IS_ROOT, reason="needs root")
def test_owners_and_devices_are_packed_as_they_are(tmp_path: Path) -> None:
    """With rights, what lies on disk is what counts."""
    form = DiskFormat(OwnerPolicy.PRESERVE, Whiteouts.APPLY)
    root = tmp_path / "root"
    table = unpack(io.BytesIO(BASE), Compression.NONE, root, form=form)[1]
    tree = FileTree.of([table])
    if not stat.S_ISCHR((root / "null").lstat().st_mode):
        pytest.skip("devices cannot be made here")
    out = io.BytesIO()
    pack(root, tree, out, form=form)
    assert out.getvalue() == bytes(1024)
    os.chown(root / "d" / "f", 5, 6)
    os.lchown(root / "s", 7, 8)
    out = io.BytesIO()
    changed = pack(root, tree, out, form=form)[1]
    assert [(entry.path, entry.uid, entry.gid) for entry in changed.entries] == [
        ("/d", 0, 0),
        ("/d/f", 5, 6),
        ("/s", 7, 8),
    ]
