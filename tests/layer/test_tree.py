"""Layers stacked: what hides what, where each path comes from, and how paths are found."""

from __future__ import annotations

import io

import pytest
from tars import file, folder, link, node, symlink, table, tar

from dockmagic.layer.compare import compare, layer_changes
from dockmagic.layer.read import read_content
from dockmagic.layer.tree import FileTree
from dockmagic.oci.errors import InvalidLayer, NotSupported, PathNotFound
from dockmagic.oci.media import Compression

BASE = table(
    folder("etc"),
    file("etc/hosts", "127.0.0.1"),
    folder("shared", mode=0o1777),
    folder("d", mode=0o700),
    file("d/f", "1"),
    file("d/sub/g", "2"),
    symlink("local", "/etc"),
)


def paths(tree: FileTree) -> list[str]:
    """All paths."""
    return [item.entry.path for item in tree]


def test_each_path_knows_its_layer_and_what_it_hides() -> None:
    """A file written again hides the one below; a chain shows all of them."""
    tree = FileTree.of([BASE, table(file("etc/hosts", "changed")), table(file("etc/hosts", "again"), file("new"))])
    hosts = tree["etc/hosts"]
    assert (hosts.layer, hosts.entry.size) == (2, 5)
    assert hosts.hides is not None
    assert (hosts.hides.layer, hosts.hides.entry.size) == (1, 7)
    assert hosts.hides.hides is not None
    assert hosts.hides.hides.layer == 0
    assert tree["d/f"].layer == 0
    assert len(tree) == len(BASE) + 1


@pytest.mark.parametrize("layer", [
    [folder("d"), file("d/.wh.f"), file("d/.wh.sub")],
    [folder("d"), file("d/.wh..wh..opq")],
    [file(".wh.d"), folder("d")],
    [folder("d"), file(".wh.d")],
], ids=["one by one", "opaque", "whiteout first", "directory first"])  # fmt: skip
def test_ways_to_empty_a_directory(layer: list) -> None:
    """All of them leave the directory, with the new layer's metadata, and nothing in it."""
    tree = FileTree.of([BASE, table(*layer)])
    assert tree.children("d") == []
    assert tree["d"].entry.mode == 0o755
    assert sorted(gone.node.entry.path for gone in tree.removed) == ["/d/f", "/d/sub", "/d/sub/g"]
    assert {gone.layer for gone in tree.removed} == {1}


def test_a_whiteout_takes_all_that_is_below() -> None:
    """A directory goes with its content; one that hits nothing does nothing."""
    tree = FileTree.of([BASE, table(file(".wh.d"), file(".wh.none"))])
    assert paths(tree) == ["/etc", "/etc/hosts", "/local", "/shared"]


def test_an_opaque_root_hides_everything_below() -> None:
    """The root itself can be opaque."""
    tree = FileTree.of([BASE, table(file(".wh..wh..opq"), file("only"))])
    assert paths(tree) == ["/only"]


def test_files_and_directories_take_each_others_place() -> None:
    """A file in a directory's place removes what was in it; a directory in a file's place starts empty."""
    tree = FileTree.of([BASE, table(file("d", "now a file"), file("etc/hosts/deep", "now a directory"))])
    assert tree["d"].entry.is_file
    assert tree["etc/hosts"].entry.is_dir
    assert "d/f" not in tree
    assert paths(tree) == ["/d", "/etc", "/etc/hosts", "/etc/hosts/deep", "/local", "/shared"]
    back = tree.stack(table(file("d/f", "back")), 2)
    assert back["d/f"].entry.size == 4
    assert "d/sub" not in back


def test_implied_directories_keep_what_they_are() -> None:
    """A layer with shared/f and no shared/ does not turn 1777 to 0755."""
    tree = FileTree.of([BASE, table(file("shared/f"), file("new/f"))])
    assert (tree["shared"].entry.mode, tree["shared"].layer) == (0o1777, 0)
    assert (tree["new"].entry.mode, tree["new"].layer) == (0o755, 1)


def test_a_directory_takes_the_place_of_a_lower_link() -> None:
    """As with overlay2, where each layer lies in a directory of its own."""
    tree = FileTree.of([BASE, table(file("local/f"))])
    assert tree["local"].entry.is_dir
    assert "etc/f" not in tree


def test_hard_links_into_lower_layers_bring_the_content_along() -> None:
    """Even if the same layer removes the target, or a later one changes it."""
    tree = FileTree.of(
        [BASE, table(link("mine", "etc/hosts"), file("etc/.wh.hosts")), table(file("etc/hosts", "something else"))]
    )
    mine = tree["mine"]
    assert (mine.layer, mine.source, mine.entry.size) == (1, 0, 9)
    assert mine.entry.digest == FileTree.of([BASE])["etc/hosts"].entry.digest


def test_lookup_follows_links_inside_the_root_only() -> None:
    """As a process in the container would see it."""
    tree = FileTree.of([
        table(
            folder("etc"), file("etc/passwd", "inside"), symlink("abs", "/etc"), symlink("rel", "./etc/../etc"),
            symlink("out", "../../../../etc/passwd"), symlink("round", "trip"), symlink("trip", "round"),
            symlink("dead", "/nowhere"), symlink("chain", "abs/passwd"), symlink("self", "."),
        )
    ])  # fmt: skip
    for path in ("etc/passwd", "/etc/passwd", "abs/passwd", "rel/passwd", "out", "chain", "/../etc//./passwd",
                 "self/self/etc/passwd", b"/etc/passwd"):  # fmt: skip
        assert tree[path].entry.path == "/etc/passwd"
    assert tree["/"].entry.name == b""
    assert tree.lookup("out", follow=False).entry.is_symlink
    assert tree.lookup("abs/", follow=False).entry.path == "/etc"
    assert "etc/passwd" in tree
    for path in ("dead", "round", "nowhere", "etc/passwd/deeper", "etc/passwd/..", "etc/none"):
        assert path not in tree
        with pytest.raises(PathNotFound) as caught:
            tree[path]
        assert caught.value.hint


def test_order_puts_a_directory_before_what_is_in_it_and_nothing_between() -> None:
    """Plain byte order would put /a.b between /a and /a/b."""
    tree = FileTree.of([table(file("a/b"), file("a.b"), file("a-b"), file("ab"), folder("a"))])
    assert paths(tree) == ["/a", "/a/b", "/a-b", "/a.b", "/ab"]
    assert [item.entry.path for item in tree.walk()] == ["/", *paths(tree)]
    assert [item.entry.path for item in tree.walk("a")] == ["/a", "/a/b"]
    assert [item.entry.path for item in tree.children()] == ["/a", "/a-b", "/a.b", "/ab"]


def test_the_lower_tree_is_not_changed_by_stacking() -> None:
    """Trees are values."""
    below = FileTree.of([BASE])
    before = paths(below)
    below.stack(table(file(".wh.d"), file("etc/hosts", "x")), 1)
    assert paths(below) == before
    assert below["etc/hosts"].entry.size == 9


def test_compare_tells_added_changed_and_deleted() -> None:
    """In the order of the tree, with what exactly differs."""
    old = FileTree.of([BASE])
    new = old.stack(
        table(file("etc/hosts", "127.0.0.2"), folder("d", mode=0o755), file("d/.wh.f"), symlink("local", "/d"),
              file("a"), node("shared"), folder("etc", mtime=5)), 1,
    )  # fmt: skip
    changes = compare(old, new)
    assert [(change.letter, change.path, change.aspects) for change in changes] == [
        ("A", "/a", ()),
        ("C", "/d", ("mode",)),
        ("D", "/d/f", ()),
        ("C", "/etc/hosts", ("content",)),
        ("C", "/local", ("link",)),
        ("C", "/shared", ("type", "mode", "device")),
    ]
    assert changes[2].size == -1
    assert compare(new, new) == []
    assert [change.letter for change in compare(new, old)] == ["D", "C", "A", "C", "C", "C"]


def test_an_mtime_alone_counts_only_when_asked() -> None:
    """A rebuilt image has new times everywhere; a directory's never counts."""
    old = FileTree.of([table(file("f", "1", mtime=1), folder("d", mtime=1))])
    new = FileTree.of([table(file("f", "1", mtime=2), folder("d", mtime=2))])
    assert [change.aspects for change in compare(old, new)] == [("mtime",)]
    assert compare(old, new, times=False) == []


def test_the_changes_of_one_layer() -> None:
    """A file that is written again counts although it is the same; a parent that is only repeated does not."""
    below = FileTree.of([BASE])
    layer = table(folder("etc"), file("etc/hosts", "127.0.0.1"), file("d/.wh.f"), file("new/f"))
    assert [(change.letter, change.path) for change in layer_changes(below, layer, 1)] == [
        ("D", "/d/f"),
        ("C", "/etc/hosts"),
        ("A", "/new"),
        ("A", "/new/f"),
    ]


def test_content_is_read_and_checked() -> None:
    """From anywhere in the layer; a layer that is not the table's is noticed."""
    layer = tar(file("empty"), file("small", "1"), file("big", b"ab" * 700_000), link("h", "big"))
    tree = FileTree.of([table(file("empty"), file("small", "1"), file("big", b"ab" * 700_000), link("h", "big"))])

    def read(data: bytes, path: str) -> bytes:
        return b"".join(read_content(io.BytesIO(data), Compression.NONE, tree[path].entry))

    assert read(layer, "empty") == b""
    assert read(layer, "small") == b"1"
    assert read(layer, "big") == read(layer, "h") == b"ab" * 700_000
    with pytest.raises(InvalidLayer, match="not what"):
        read(layer.replace(b"abab", b"abaX", 1), "big")
    with pytest.raises(InvalidLayer, match="ends before"):
        read(layer[:5000], "big")
    with pytest.raises(NotSupported):
        b"".join(read_content(io.BytesIO(layer), Compression.NONE, tree["/"].entry))
    dangling = FileTree.of([table(link("h", "nowhere"))])
    with pytest.raises(InvalidLayer, match="hard link"):
        b"".join(read_content(io.BytesIO(layer), Compression.NONE, dangling["h"].entry))
