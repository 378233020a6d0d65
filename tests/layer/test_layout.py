"""Where members lie: names, links, duplicates and whiteouts, many after containerd's, umoci's and moby's cases."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
from tars import file, folder, ingest, link, node, symlink, table, tar

from dockmagic.layer.entry import EntryType
from dockmagic.oci.errors import InvalidLayer, UnsafeEntry

if TYPE_CHECKING:
    from tars import Member

NAMES = {
    "./a/b": "/a/b",
    "/a/b": "/a/b",
    "//a//b//": "/a/b",
    "a/./b": "/a/b",
    "a/../b": "/b",
    "a/x/../b": "/a/b",
    "./.hidden": "/.hidden",
    "..a/...": "/..a/...",
    "a\\..\\b": "/a\\..\\b",
    "a\nb": "/a\nb",
}


@pytest.mark.parametrize("written", NAMES)
def test_names_are_made_plain(written: str) -> None:
    """As Go's path.Clean does, and absolute ones count from the root."""
    assert table(file(written)).entries[-1].path == NAMES[written]


@pytest.mark.parametrize(
    "member",
    [
        file("../a"),
        file("/../a"),
        file("a/../../b"),
        folder(".."),
        symlink("../s", "/"),
        link("../h", "a"),
        file(".wh."),
        file(".wh.."),
        file(".wh..."),
        file("a/.wh."),
        file("a/.wh.."),
        file("a/.wh..."),
        file("../.wh.a"),
        file("./"),
        symlink(".", "/etc"),
        symlink("/", "etc"),
    ],
    ids=lambda member: f"{member[0].type.decode()}:{member[0].name}",
)
def test_what_leads_out_of_the_root_is_refused(member: Member) -> None:
    """Names that climb out, whiteouts of nothing or of a directory around them, and a root that is no directory."""
    with pytest.raises(UnsafeEntry) as caught:
        table(folder("a"), member)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "members",
    [
        [file("a"), file("a/b")],
        [file("a"), folder("a/b/c")],
        [folder("d"), link("h", "d")],
        [link("h", "/")],
        [symlink("a", "b"), symlink("b", "a"), file("a/f")],
        [symlink("a", "a"), file("a/f")],
        [symlink("s", "f"), file("f"), file("s/x")],
        [file("x/" * 2100 + "f")],
    ],
    ids=["in a file", "below a file", "link to a directory", "link to the root", "round links", "own link",
         "through a link to a file", "beyond PATH_MAX"],
)  # fmt: skip
def test_impossible_places_are_refused(members: list[Member]) -> None:
    """A file that contains something, hard links to directories, links that go round, paths beyond PATH_MAX."""
    with pytest.raises(InvalidLayer):
        table(*members)


THROUGH_LINKS = {
    "absolute": [folder("etc"), symlink("local", "/etc"), file("/local/unbroken", "1")],
    "up and out": [folder("etc"), folder("dummy"), symlink("local", "/dummy/../etc"), file("local/unbroken", "1")],
    "far out": [folder("etc"), symlink("local", "../../../../../etc"), file("local/unbroken", "1")],
    "several": [folder("etc"), folder("d"), symlink("d/etc", "/etc"), symlink("l", "/d/etc"), file("l/unbroken", "1")],
    "relative": [folder("etc"), folder("d"), symlink("d/etc", "../etc"), file("d/etc/unbroken", "1")],
    "to what is not there": [symlink("l", "/etc"), file("l/unbroken", "1")],
    "made empty": [folder("etc"), file("etc/unbroken", "22"), symlink("l", "/etc"), file("l/unbroken", "1")],
}


@pytest.mark.parametrize("case", THROUGH_LINKS)
def test_links_of_the_layer_are_followed_inside_the_root(case: str) -> None:
    """Containerd's breakouts: all of these mean /etc/unbroken, inside the root."""
    entries = {entry.path: entry for entry in table(*THROUGH_LINKS[case]).entries}
    assert entries["/etc/unbroken"].size == 1
    assert entries["/etc"].is_dir


HARD_LINKS = {
    "plain": [link("mine", "etc/passwd")],
    "absolute": [link("mine", "/etc/passwd")],
    "far out": [link("mine", "../../../../../etc/passwd")],
    "through a link": [symlink("l", "../../etc"), link("mine", "/l/passwd")],
    "down and out": [folder("b"), symlink("b/l", "../x/../../etc"), link("mine", "/b/l/passwd")],
    "a link to a link": [link("other", "etc/passwd"), link("mine", "other")],
}


@pytest.mark.parametrize("case", HARD_LINKS)
def test_hard_links_are_looked_up_from_the_root(case: str) -> None:
    """Containerd's breakouts again: each is /etc/passwd of this root."""
    found = table(folder("etc"), file("etc/passwd", "inside"), *HARD_LINKS[case])
    mine = {entry.path: entry for entry in found.entries}["/mine"]
    assert (mine.type, mine.target, mine.size, mine.offset) == (EntryType.HARDLINK, "/etc/passwd", 6, 1024)
    assert found.loose == ()


def test_a_hard_link_to_a_symlink_is_a_symlink() -> None:
    """Which is what the second name of a symbolic link is; it is never followed."""
    found = table(symlink("s", "/etc/passwd", mode=0o600), link("h", "s")).entries[-1]
    assert (found.is_symlink, found.target, found.mode) == (True, "/etc/passwd", 0o777)


def test_links_to_what_is_below_are_loose() -> None:
    """A link to a later member, too: at that moment it can only mean the lower layer's file."""
    found = table(link("h", "lower"), link("early", "late"), file("late", "1"), link("self", "self"))
    assert found.loose == (b"h", b"early")
    assert found.needs_parent
    assert found.entries[0].offset == -1


def test_parents_are_implied() -> None:
    """Of files and of whiteouts; one that the tar mentions later is not."""
    found = table(file("a/b/f"), folder("a", mode=0o700), file("w/.wh.gone"))
    assert [entry.path for entry in found.entries] == ["/a", "/a/b", "/a/b/f", "/w"]
    assert found.implied == {b"a/b", b"w"}
    assert found.entries[0].mode == 0o700
    assert found.needs_parent
    assert found.whiteouts == (b"w/gone",)


@pytest.mark.parametrize("members", [
    [file(".wh.d"), folder("d"), file("d/f")],
    [folder("d"), file("d/f"), file(".wh.d")],
    [file("d/f"), file(".wh.d")],
    [folder("d"), file("d/.wh..wh..opq"), file("d/f")],
    [file("d/f"), file("d/.wh..wh..opq")],
])  # fmt: skip
def test_opaque_directories_in_any_form_and_order(members: list[Member]) -> None:
    """A whiteout beside its directory is an opaque directory, before or after it."""
    found = table(*members)
    assert (found.opaque, found.whiteouts) == ((b"d",), ())
    assert found.entries[-1].path == "/d/f"


def test_a_whiteout_does_not_concern_its_own_layer() -> None:
    """layer.md: files that are present in the same layer as a whiteout are not hidden by it."""
    found = table(file("f", "1"), file(".wh.f"), file("g/.wh.h"), file("g/h", "22"))
    assert {entry.path: entry.size for entry in found.entries} == {"/f": 1, "/g": 0, "/g/h": 2}
    assert found.whiteouts == ()


def test_aufs_own_files_are_ignored() -> None:
    """They are there in very old images, and mean nothing to any other driver."""
    assert table(folder(".wh..wh.plnk"), file(".wh..wh.aufs"), folder(".wh..wh.orph")).entries == []


def test_a_whiteout_prefix_inside_a_path_is_just_a_name() -> None:
    """Containerd's WhiteoutDirectoryName: nothing is removed."""
    found = table(file(".wh.etc/somefile", "1"))
    assert found.whiteouts == ()
    assert found.entries[-1].path == "/.wh.etc/somefile"


def test_of_duplicates_the_last_one_counts() -> None:
    """As if each were unpacked over the one before: directories merge, all else is replaced."""
    found = table(
        file("f", "1"), file("f", "22"),
        folder("d", mode=0o700), file("d/x"), folder("d", mode=0o750),
        folder("gone"), file("gone/x"), file("gone/y/z"), symlink("gone", "/etc"),
        file("late", "1"), folder("late"), file("late/x"),
    )  # fmt: skip
    entries = {entry.path: entry for entry in found.entries}
    assert entries.keys() == {"/f", "/d", "/d/x", "/gone", "/late", "/late/x"}
    assert entries["/f"].size == 2
    assert entries["/d"].mode == 0o750
    assert entries["/gone"].is_symlink
    assert found.opaque == (b"late",)  # the file before it hid what is below


def test_a_link_keeps_what_its_target_was() -> None:
    """Replacing a file later in the tar does not change the other name."""
    entries = {e.path: e for e in table(file("f", "1"), link("h", "f"), file("f", "22")).entries}
    assert (entries["/h"].size, entries["/f"].size) == (1, 2)


def test_replacing_directories_again_and_again_is_refused() -> None:
    """It would cost time with the square of the layer's size."""
    with pytest.raises(InvalidLayer, match="again and again"):
        table(*[member for _ in range(200) for member in (folder("d"), file("d/f"), file("d"))])


def test_following_links_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many entries through many links cost more than a layer may."""
    monkeypatch.setattr("dockmagic.layer.layout._STEP_LIMIT", 1000)
    with pytest.raises(InvalidLayer, match="too many symbolic links"):
        table(folder("d"), symlink("a", "/" + "d/../" * 300 + "d"), *[file(f"a/{number}") for number in range(10)])


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Implied directories, which cost a tar nothing, count like all others."""
    monkeypatch.setattr("dockmagic.layer.layout._WEIGHT_LIMIT", 1_000_000)
    with pytest.raises(InvalidLayer, match="more entries"):
        table(*[file(f"{number}/" + "x/" * 200 + "f") for number in range(100)])


def test_devices_and_pipes_are_listed() -> None:
    """Listing needs no rights; what becomes of them is for whoever unpacks to say."""
    found = table(node("c", tarfile.CHRTYPE, 5, 1), node("b", tarfile.BLKTYPE, 8, 0), node("p", tarfile.FIFOTYPE, 0, 0))
    assert [(entry.type, entry.major, entry.minor) for entry in found.entries] == [
        (EntryType.CHARACTER, 5, 1),
        (EntryType.BLOCK, 8, 0),
        (EntryType.FIFO, 0, 0),
    ]


def test_the_table_survives_the_disk() -> None:
    """Its bytes give it back; damaged ones, and those of a later version, are told apart."""
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.oci.errors import InvalidContent, StoreTooNew

    info, data = file("f", "1")
    info.pax_headers = {"SCHILY.xattr.user.a": "b"}
    found = ingest(tar((info, data), file("d/.wh.x"), file("e/.wh..wh..opq"), link("h", "lower")))[1]
    raw = found.dumps()
    assert LayerTOC.loads(raw) == found
    with pytest.raises(InvalidContent):
        LayerTOC.loads(raw[:-3])
    with pytest.raises(InvalidContent):
        LayerTOC.loads(b"")
    with pytest.raises(StoreTooNew):
        LayerTOC.loads(raw[:7] + b"\x02" + raw[8:])
