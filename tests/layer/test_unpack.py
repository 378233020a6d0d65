"""Layers on disk: what FileTree says is what lies there, in every form, and nothing leaves the root."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import file, folder, in_tree, ingest, link, node, on_disk, symlink, tar

from dockmagic.layer.disk_format import DiskFormat, OwnerPolicy, Whiteouts
from dockmagic.layer.tree import FileTree
from dockmagic.layer.unpack import unpack
from dockmagic.oci.errors import DockmagicError, InvalidLayer, StoreError, UnsafeEntry
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from pathlib import Path

    from tars import Member

IS_ROOT = os.geteuid() == 0
APPLY = DiskFormat(OwnerPolicy.SQUASH, Whiteouts.APPLY)


def apply(root: Path, *layers: bytes, form: DiskFormat = APPLY) -> FileTree:
    """Unpack layers one over another; returns their tree."""
    tree = FileTree()
    for index, data in enumerate(layers):
        diff_id, table = unpack(io.BytesIO(data), Compression.NONE, root, form=form, below=tree)
        assert (diff_id, table) == ingest(data)
        tree = tree.stack(table, index)
    return tree


def test_a_layer_is_unpacked_as_it_says(tmp_path: Path) -> None:
    """Files, directories, links, times and modes, out of gzip, with the DiffID."""
    data = tar(
        folder("d", mode=0o500, mtime=7), file("d/f", b"x" * 300_000, mode=0o4711), symlink("s", "../d", mtime=3),
        link("h", "d/f"), node("p", tarfile.FIFOTYPE), file("implied/f"), file("e"),
    )  # fmt: skip
    root = tmp_path / "root"
    diff_id, table = unpack(io.BytesIO(gzip.compress(data)), Compression.GZIP, root, form=APPLY)
    assert diff_id == "sha256:" + hashlib.sha256(data).hexdigest()
    assert on_disk(root) == in_tree(FileTree.of([table]), [data])
    assert (root / "d").stat().st_mtime == 7
    assert (root / "h").samefile(root / "d" / "f")
    (root / "d").chmod(0o700)


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
CONTENT = st.binary(max_size=3)
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o4755])
TIMES = st.integers(0, 5)


def whiteout(name: str) -> str:
    """The name of the whiteout of `name`."""
    parent, slash, base = name.rpartition("/")
    return f"{parent}{slash}.wh.{base}"


MEMBERS = st.one_of(
    st.builds(lambda n, c, m, t: file(n, c, mode=m, mtime=t), NAMES, CONTENT, MODES, TIMES),
    st.builds(lambda n, m: folder(n, mode=m), NAMES, st.sampled_from([0o755, 0o700, 0o1777, 0o555])),
    st.builds(symlink, NAMES, st.sampled_from(["a", "/b", "../c", "b/c", "/", "dead"])),
    st.builds(link, NAMES, NAMES),
    st.builds(lambda n: file(whiteout(n)), NAMES),
    st.builds(lambda n: file(f"{n}/.wh..wh..opq"), NAMES),
    st.builds(lambda n: node(n, tarfile.FIFOTYPE, 0, 0), NAMES),
)
LAYERS = st.lists(st.lists(MEMBERS, max_size=8), min_size=1, max_size=4)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_the_tree_is_what_unpacking_gives(tmp_path_factory: pytest.TempPathFactory, layers: list[list[Member]]) -> None:
    """Any layers, with whiteouts, links and duplicates in any order: FileTree and a directory agree, or both refuse."""
    root = tmp_path_factory.mktemp("root")
    tars = [tar(*members) for members in layers]
    tree = FileTree()
    for index, data in enumerate(tars):
        try:
            table = ingest(data)[1]
        except DockmagicError:
            with pytest.raises(DockmagicError):
                unpack(io.BytesIO(data), Compression.NONE, root, form=APPLY, below=tree)
            return
        above = tree.stack(table, index)
        if any(above.nodes[name].entry.offset < 0 and above.nodes[name].entry.is_file for name in table.loose):
            with pytest.raises(InvalidLayer):  # a hard link to nothing can be listed, not made
                unpack(io.BytesIO(data), Compression.NONE, root, form=APPLY, below=tree)
            return
        try:
            unpack(io.BytesIO(data), Compression.NONE, root, form=APPLY, below=tree)
        except InvalidLayer:
            # A hard link whose target the same tar removed, or that it replaced: the outcome is fine, the way is not.
            assert any(info.islnk() for info, _ in layers[index])
            return
        tree = above
        assert on_disk(root) == in_tree(tree, tars)


@pytest.mark.parametrize("hidden", [whiteout("b"), "b/.wh..wh..opq"], ids=["whiteout", "opaque"])
def test_an_implied_directory_below_a_removed_one_is_new(tmp_path: Path, hidden: str) -> None:
    """It does not take its mode from what the same layer removes, neither in the tree nor on the disk."""
    lower, upper = tar(folder("b/a", mode=0o700)), tar(file(hidden), file(whiteout("b/a/x")))
    root, tree = tmp_path / "root", FileTree()
    for index, data in enumerate((lower, upper)):
        unpack(io.BytesIO(data), Compression.NONE, root, form=APPLY, below=tree)
        tree = tree.stack(ingest(data)[1], index)
    assert tree.lookup("b/a").entry.mode == 0o755
    assert on_disk(root) == in_tree(tree, [lower, upper])


def test_ways_out_stay_inside(tmp_path: Path) -> None:
    """Links made by one layer and used by the next, or lying there already, are never followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("untouched")
    before = on_disk(outside)
    root = tmp_path / "root"
    out = str(outside)
    tree = apply(
        root,
        tar(symlink("abs", out), symlink("rel", "../outside"), symlink("file", f"{out}/victim"), symlink("x", "abs")),
        tar(file("abs/victim", "1"), file("rel/victim", "2"), file("file", "3"), file("x/victim", "4")),
        tar(symlink("abs", out), symlink("rel", "../outside")),
        tar(file("abs/.wh.victim"), file("rel/.wh..wh..opq"), folder("y"), symlink("z", out), link("h", "z")),
        tar(folder("z", mode=0o777), file(".wh.h")),
    )
    assert on_disk(outside) == before
    assert tree["x/victim"].entry.size == 1
    (root / "planted").symlink_to(outside)
    unpack(io.BytesIO(tar(file("planted/victim", "5"))), Compression.NONE, root, form=APPLY)
    assert on_disk(outside) == before
    assert (root / "planted" / "victim").read_text() == "5"


@pytest.mark.parametrize("member", [
    file("../victim", "x"), file("a/../../victim", "x"), link("h", "../../victim"), link("h", "/victim"),
    symlink("../victim", "x"), folder("../dir"), file("../.wh.victim"), file(".wh..."),
], ids=lambda member: member[0].name)  # fmt: skip
def test_breakouts_are_refused_and_touch_nothing(member: Member, tmp_path: Path) -> None:
    """Moby's cases: names and hard links that lead to a file beside the root."""
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    with pytest.raises(InvalidLayer):
        unpack(io.BytesIO(tar(folder("a"), member)), Compression.NONE, tmp_path / "root", form=APPLY)
    assert victim.read_text() == "untouched"
    assert victim.stat().st_nlink == 1
    assert not (tmp_path / "dir").exists()


@pytest.mark.parametrize("names", [
    (link("way", "../victims"), file("way/file", "x")),
    (link("way", "../victims"), symlink("s", "way/victim")),
    (link("way", "../victims"), link("h", "way/victim")),
    (link("way", "/../victims"), file("way", "x")),
    (symlink("way", "../victims"), link("h", "way/victim")),
], ids=lambda names: "-".join(f"{info.name}{info.type.decode()}" for info, _ in names))  # fmt: skip
def test_ways_out_over_two_members_are_refused(names: tuple[Member, ...], tmp_path: Path) -> None:
    """TestApplyLayerInvalidHardlink and -Symlink: a link that leads out, and a second member that uses it."""
    victims = tmp_path / "victims"
    victims.mkdir()
    (victims / "victim").write_text("untouched")
    before = on_disk(victims)
    with pytest.raises(InvalidLayer):
        unpack(io.BytesIO(tar(*names)), Compression.NONE, tmp_path / "root", form=APPLY)
    assert on_disk(victims) == before


# TestApplyLayerWhiteouts: each layer goes over what the ones before it left; a name with a slash is a folder.
_BASE = (
    ".baz bar/ bar/bax bar/bay/ baz foo/ foo/.abc foo/.bcd/ foo/.bcd/a foo/cde/ foo/cde/def foo/cde/efg foo/fgh foobar"
)
_OVER_ONE_ANOTHER = [
    (_BASE, _BASE),
    (
        ".bay .wh.baz foo/ foo/.bce foo/.wh..wh..opq foo/cde/ foo/cde/efg",
        ".bay .baz bar/ bar/bax bar/bay/ foo/ foo/.bce foo/cde/ foo/cde/efg foobar",
    ),
    (
        ".bay .wh..baz .wh.foobar foo/ foo/.abc foo/.wh.cde bar/",
        ".bay bar/ bar/bax bar/bay/ foo/ foo/.abc foo/.bce",
    ),
    (".abc .wh..wh..opq foobar", ".abc foobar"),
]


def test_whiteouts_take_away_what_mobys_do(tmp_path: Path) -> None:
    """Files with dots before their names, opaque folders with new content, and at last an opaque root."""
    root = tmp_path / "root"
    tree = FileTree()
    for index, (names, left) in enumerate(_OVER_ONE_ANOTHER):
        data = tar(*(folder(name[:-1]) if name.endswith("/") else file(name) for name in names.split()))
        _, table = unpack(io.BytesIO(data), Compression.NONE, root, form=APPLY, below=tree)
        tree = tree.stack(table, index)
        found = {f"{path.relative_to(root)}{'/' if path.is_dir() else ''}" for path in root.rglob("*")}
        assert found == set(left.split())
        known = {f"{node.entry.path[1:]}{'/' if node.entry.is_dir else ''}" for node in tree.nodes.values()}
        assert known - {"/"} == found


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_do_not_depend_on_who_unpacks(tmp_path: Path, umask: int) -> None:
    """TestImpliedDirectoryPermissions: 0755 for folders that are only implied, and for all else what is said."""
    before = os.umask(umask)
    try:
        root = tmp_path / "root"
        members = (file("deeply/nested/file", mode=0o666), folder("said", mode=0o700), folder("said/in", mode=0o1777))
        unpack(io.BytesIO(tar(*members)), Compression.NONE, root, form=APPLY)
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE((root / name).stat().st_mode) for name in ("deeply", "deeply/nested", "said", "said/in")
    }
    assert modes == {"deeply": 0o755, "deeply/nested": 0o755, "said": 0o700, "said/in": 0o1777}
    assert stat.S_IMODE((root / "deeply/nested/file").stat().st_mode) == 0o666


def test_through_a_link_of_the_same_layer(tmp_path: Path) -> None:
    """It is followed as a process in the root would, also where it aims at the machine's own folders."""
    tree = apply(tmp_path / "root", tar(folder("etc"), symlink("l", "/../../etc"), file("l/unbroken", "1")))
    assert (tmp_path / "root" / "etc" / "unbroken").read_text() == "1"
    assert tree["l/unbroken"].entry.path == "/etc/unbroken"


def test_directories_closed_to_their_owner_are_no_obstacle(tmp_path: Path) -> None:
    """Later layers write into 0555 and 0000 directories, remove from them, and leave them as they were."""
    root = tmp_path / "root"
    tree = apply(
        root,
        tar(folder("d", mode=0o555, mtime=9), file("d/f"), folder("z", mode=0, mtime=9), file("z/f"), file("z/deep/g")),
        tar(file("d/g"), file("d/.wh.f"), file("z/g")),
        tar(file("z/.wh.deep"), file(".wh.d")),
    )
    assert tree["z"].entry.mode == 0
    assert stat.S_IMODE((root / "z").stat().st_mode) == 0
    assert (root / "z").stat().st_mtime == 9
    (root / "z").chmod(0o700)
    assert sorted(path.name for path in (root / "z").iterdir()) == ["f", "g"]
    assert not (root / "d").exists()


@pytest.mark.slow
def test_deep_and_many_directories(tmp_path: Path) -> None:
    """More directories, and deeper, than files may be open or calls be nested."""
    deep = "/".join(["d"] * 1500)
    many = [file(f"m{number}/f") for number in range(600)]
    root = tmp_path / "root"
    apply(root, tar(file(f"{deep}/f", "1"), *many, link("m0/h", "m599/f")), tar(file(".wh.d"), file(".wh.m5")))
    assert not (root / "d").exists()
    assert len(list(root.iterdir())) == 599


def test_overlay_form(tmp_path: Path) -> None:
    """Whiteouts as overlay's devices, opaque directories as its attribute, implied directories as they are below."""
    base = tar(folder("d", mode=0o700), file("d/f"), folder("o"), file("o/f"), file("target", "content", mode=0o640))
    merged = tmp_path / "merged"
    tree = apply(merged, base)
    upper = tar(file("d/.wh.f"), folder("o"), file("o/.wh..wh..opq"), link("h1", "target"), link("h2", "target"))
    root = tmp_path / "layer"
    unpack(
        io.BytesIO(upper),
        Compression.NONE,
        root,
        form=DiskFormat(OwnerPolicy.SQUASH, Whiteouts.USER),
        below=tree,
        lower=merged,
    )
    gone = (root / "d" / "f").lstat()
    assert stat.S_ISCHR(gone.st_mode)
    assert gone.st_rdev == 0
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o700
    try:
        assert os.getxattr(root / "o", "user.overlay.opaque") == b"y"
    except OSError:
        pytest.skip("the file system has no user attributes")
    assert (root / "h1").read_text() == "content"
    assert stat.S_IMODE((root / "h1").stat().st_mode) == 0o640
    assert (root / "h1").samefile(root / "h2")
    assert not (root / "h1").samefile(merged / "target")


def test_overlay_attributes_in_a_layer_are_dropped(tmp_path: Path) -> None:
    """They would let a layer redirect directories of a mount."""
    info, data = folder("d")
    info.pax_headers = {"SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.user.kept": "1"}
    root = tmp_path / "root"
    apply(root, tar((info, data)))
    try:
        assert os.listxattr(root / "d") == ["user.kept"]
    except OSError:
        pytest.skip("the file system has no user attributes")


def test_devices_without_rights_become_empty_files(tmp_path: Path) -> None:
    """A pipe needs no rights."""
    apply(
        tmp_path, tar(node("c", tarfile.CHRTYPE, 1, 3), node("b", tarfile.BLKTYPE, 8, 0), node("p", tarfile.FIFOTYPE))
    )
    assert stat.S_ISREG((tmp_path / "c").lstat().st_mode)
    assert (tmp_path / "b").lstat().st_size == 0
    assert stat.S_ISFIFO((tmp_path / "p").lstat().st_mode)


@pytest.mark.skipif(not IS_ROOT, reason="needs root")
def test_owners_and_devices_are_kept_with_rights(tmp_path: Path) -> None:
    """Owners, set-id bits after the chown, capabilities and device numbers; a hard link changes nothing."""
    info, data = file("cap", "x", uid=5, gid=6, mode=0o6755)
    capability = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    info.pax_headers = {"SCHILY.xattr.security.capability": capability.decode("latin-1")}
    apply(
        tmp_path,
        tar((info, data), symlink("s", "x", uid=7, gid=8), link("h", "cap", uid=99), folder("d", uid=9, gid=9)),
        form=DiskFormat(OwnerPolicy.PRESERVE, Whiteouts.APPLY),
    )  # fmt: skip
    cap = (tmp_path / "cap").lstat()
    assert (cap.st_uid, cap.st_gid, stat.S_IMODE(cap.st_mode)) == (5, 6, 0o6755)
    assert os.getxattr(tmp_path / "cap", "security.capability") == capability
    assert ((tmp_path / "s").lstat().st_uid, (tmp_path / "d").lstat().st_gid) == (7, 9)
    try:
        apply(
            tmp_path / "dev",
            tar(node("c", tarfile.CHRTYPE, 1, 3)),
            form=DiskFormat(OwnerPolicy.PRESERVE, Whiteouts.APPLY),
        )
    except StoreError:
        pytest.skip("devices cannot be made here")


def test_a_name_too_long_for_a_file_system_is_the_layers_fault(tmp_path: Path) -> None:
    """It can be listed, not unpacked."""
    with pytest.raises(InvalidLayer, match="too long"):
        apply(tmp_path / "root", tar(file("n" * 300)))


def test_errors_name_the_entry(tmp_path: Path) -> None:
    """A root that cannot be written is the store's trouble, not the layer's."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError):
        apply(blocked, tar(file("a")))
    with pytest.raises(UnsafeEntry):
        apply(tmp_path / "root", tar(file("a"), file("../b")))
