"""COPY and ADD do what BuildKit's do, and nothing is unpacked for it."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
import tars

from dockmagic.oci.errors import Conflict, InvalidArchive, InvalidInput, NotSupported, PathNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from kitchen import Kitchen


def test_a_file_goes_where_it_is_told(kitchen: Kitchen) -> None:
    """To a new name, into a folder with a slash, into a folder that is there, relative to the working folder."""
    kitchen.write("foo", "foo")
    assert kitchen.run("COPY foo /bar")["/bar"] == "644 0:0 foo"
    assert kitchen.run("COPY foo /new/")["/new/foo"] == "644 0:0 foo"
    assert kitchen.run("COPY foo /new")["/new/foo"] == "644 0:0 foo"
    tree = kitchen.run("COPY foo .", workdir="/work")
    assert tree["/work/foo"] == "644 0:0 foo"
    assert tree["/work"] == "755 0:0 /"
    assert kitchen.run("COPY foo sub/x", workdir="/work")["/work/sub/x"] == "644 0:0 foo"


def test_the_content_of_a_folder_is_copied(kitchen: Kitchen) -> None:
    """Not the folder itself; folders below it keep their modes, the one that is made for it does not."""
    kitchen.write("src/a", "a", 0o600)
    kitchen.write("src/sub/b", "b")
    (kitchen.folder / "src").chmod(0o700)
    (kitchen.folder / "src/sub").chmod(0o711)
    assert kitchen.run("COPY src /dst") == {
        "/dst": "755 0:0 /",
        "/dst/a": "600 0:0 a",
        "/dst/sub": "711 0:0 /",
        "/dst/sub/b": "644 0:0 b",
    }


def test_folders_are_merged_and_files_replaced(kitchen: Kitchen) -> None:
    """A folder that is there stays, and takes the mode of the one that is copied into it."""
    kitchen.base(
        tars.folder("dst", mode=0o750, uid=5), tars.folder("dst/sub", mode=0o750), tars.file("dst/sub/old", "old"),
        tars.file("dst/sub/b", "before"),
    )  # fmt: skip
    kitchen.write("src/sub/b", "b")
    (kitchen.folder / "src/sub").chmod(0o711)
    assert kitchen.run("COPY src/ /dst/") == {
        "/dst": "750 5:0 /",
        "/dst/sub": "711 0:0 /",
        "/dst/sub/b": "644 0:0 b",
        "/dst/sub/old": "644 0:0 old",
    }


def test_nothing_takes_the_place_of_another_kind_in_silence(kitchen: Kitchen) -> None:
    """A file over a folder, a folder over a file or a link, a file as a folder."""
    kitchen.base(
        tars.folder("d"),
        tars.folder("d/x"),
        tars.file("f", "f"),
        tars.folder("usr/lib"),
        tars.symlink("lib", "usr/lib"),
    )
    kitchen.write("x", "x")
    kitchen.write("in/lib/a", "a")
    kitchen.write("in2/f/a", "a")
    with pytest.raises(InvalidInput, match="cannot replace to directory /d/x with file"):
        kitchen.run("COPY x /d/")
    with pytest.raises(InvalidInput, match="cannot copy to non-directory: /lib"):
        kitchen.run("COPY in /")
    with pytest.raises(InvalidInput, match="cannot copy to non-directory: /f"):
        kitchen.run("COPY in2 /")
    with pytest.raises(InvalidInput, match="/f is not a directory"):
        kitchen.run("COPY x /f/")


def test_links_in_the_destination_stay_inside_the_root(kitchen: Kitchen) -> None:
    """A link to an absolute path leads to that path in the image; the way to a place that is not there yet, too."""
    kitchen.base(
        tars.folder("usr/lib"), tars.symlink("lib", "/usr/lib"), tars.symlink("out", "../../../etc"),
        tars.symlink("file", "usr/target"),
    )  # fmt: skip
    kitchen.write("x", "x")
    assert kitchen.run("COPY x /lib/")["/usr/lib/x"] == "644 0:0 x"
    assert kitchen.run("COPY x /out/x")["/etc/x"] == "644 0:0 x"
    tree = kitchen.run("COPY x /file")
    assert tree["/usr/target"] == "644 0:0 x"
    assert tree["/file"] == "777 0:0 -> usr/target"


def test_links_in_the_context_never_lead_out(kitchen: Kitchen, tmp_path: Path) -> None:
    """They are followed as in a root of their own: what lies beside the context is not to be had."""
    (tmp_path / "secret").write_text("secret")
    (kitchen.folder / "up").symlink_to("../secret")
    (kitchen.folder / "abs").symlink_to(tmp_path / "secret")
    (kitchen.folder / "dir").symlink_to(tmp_path)
    for source in ("up", "abs", "dir/secret", "../secret", "/../secret"):
        with pytest.raises(PathNotFound):
            kitchen.run(f"COPY {source} /x")
    # As part of a folder a link is copied as what it is.
    assert kitchen.run("COPY . /all/")["/all/up"] == "777 0:0 -> ../secret"


def test_links_in_the_context_are_followed_where_they_are_named(kitchen: Kitchen) -> None:
    """A source that is a link means its target, under the link's name."""
    kitchen.write("sub/foo", "foo")
    (kitchen.folder / "link").symlink_to("sub")
    (kitchen.folder / "one").symlink_to("sub/foo")
    assert kitchen.run("COPY link/foo /a")["/a"] == "644 0:0 foo"
    assert kitchen.run("COPY one /d/")["/d/one"] == "644 0:0 foo"
    assert kitchen.run("COPY link /e/")["/e/foo"] == "644 0:0 foo"


def test_wildcards_are_those_of_go(kitchen: Kitchen) -> None:
    """Each part by itself, no slash is crossed, folders that fit are copied by content; no fit is no error."""
    for name in ("gif", "gifs", "dir/one.txt", "dir/two.txt", "dir2/one.txt", "[x]"):
        kitchen.write(name, name)
    assert set(kitchen.run("COPY gi* /a/")) >= {"/a/gif", "/a/gifs"}
    assert set(kitchen.run("COPY dir*/one* /b/")) >= {"/b/one.txt"}
    assert kitchen.run("COPY d?r2 /c/")["/c/one.txt"] == "644 0:0 dir2/one.txt"
    assert "/d" not in kitchen.run("COPY nothing* /d/")
    assert kitchen.run("COPY [[]x] /e/")["/e/[x]"] == "644 0:0 [x]"


def test_several_sources_need_a_folder(kitchen: Kitchen) -> None:
    """Else one would replace the other."""
    kitchen.write("a", "a")
    kitchen.write("b", "b")
    with pytest.raises(InvalidInput, match="no folder"):
        kitchen.run("COPY a b /x")
    assert set(kitchen.run("COPY a b /x/")) == {"/x", "/x/a", "/x/b"}
    assert set(kitchen.run("COPY a b /x")) == {"/x", "/x/a", "/x/b"}


def test_a_missing_source_says_where_it_was_looked_for(kitchen: Kitchen) -> None:
    """Ignored files are not there either."""
    kitchen.write(".dockerignore", "*.log\n!keep.log\n")
    kitchen.write("a.log")
    kitchen.write("keep.log", "k")
    with pytest.raises(PathNotFound, match=r'"/a\.log": not found in the build context'):
        kitchen.run("COPY a.log /")
    assert set(kitchen.run("COPY . /x/")) == {"/x", "/x/.dockerignore", "/x/keep.log"}


def test_owners_come_from_the_image_or_the_flag(kitchen: Kitchen) -> None:
    """Context files are root's, stage files keep theirs; names are looked up in the image, a lone number is both."""
    kitchen.base(
        tars.file("etc/passwd", "root:x:0:0:::\napp:x:1000:1001::/:\n"), tars.file("etc/group", "web:x:33:\n"),
        tars.file("own", "o", uid=7, gid=8),
    )  # fmt: skip
    source = kitchen.as_source()
    kitchen.write("f", "f")
    assert kitchen.run("COPY --chown=app f /a/")["/a/f"] == "644 1000:1001 f"
    assert kitchen.told()["/a"] == "755 1000:1001 /"
    assert kitchen.run("COPY --chown=app:web f /b")["/b"] == "644 1000:33 f"
    assert kitchen.run("COPY --chown=55 f /c")["/c"] == "644 55:55 f"
    assert kitchen.run("COPY --chown=:9 f /d")["/d"] == "644 0:9 f"
    assert kitchen.run("COPY own /e", source)["/e"] == "644 7:8 o"
    with pytest.raises(InvalidInput, match="unable to find user nobody"):
        kitchen.run("COPY --chown=nobody f /x")
    with pytest.raises(InvalidInput, match="unable to find group none"):
        kitchen.run("COPY --chown=app:none f /x")


@pytest.mark.parametrize(
    ("flag", "file", "folder"),
    [
        ("0640", "640", "640"), ("4755", "4755", "4755"), ("u=rwX,go=rX", "644", "755"), ("+x", "755", "755"),
        ("go-r", "600", "711"), ("g=u", "664", "775"), ("a+X", "644", "755"), ("u+s,o+t", "5644", "5755"),
    ],
)  # fmt: skip
def test_modes_are_octal_or_symbolic(kitchen: Kitchen, flag: str, file: str, folder: str) -> None:
    """Of files and folders, not of links."""
    kitchen.write("src/d/f", "f")
    (kitchen.folder / "src/l").symlink_to("d")
    tree = kitchen.run(f"COPY --chmod={flag} src /x/")
    assert tree["/x/d/f"] == f"{file} 0:0 f"
    assert tree["/x/d"] == f"{folder} 0:0 /"
    assert tree["/x/l"].startswith("777 ")


def test_an_octal_mode_is_that_of_folders_on_the_way_too(kitchen: Kitchen) -> None:
    """As BuildKit has it."""
    kitchen.write("f", "f")
    assert kitchen.run("COPY --chmod=770 f /new/sub/f")["/new/sub"] == "770 0:0 /"


@pytest.mark.parametrize("flag", ["8", "77777", "u+q", "rwx", "+x,"])
def test_a_bad_mode_is_refused(kitchen: Kitchen, flag: str) -> None:
    """With what would be right."""
    kitchen.write("f")
    with pytest.raises(InvalidInput, match="chmod"):
        kitchen.run(f"COPY --chmod={flag} f /x")


def test_parents_are_kept_on_request(kitchen: Kitchen) -> None:
    """All of them, or those behind the pivot; with ``**``, and with what is not wanted left out."""
    for name in ("a/b/c/d/foo", "a/b/c/d/e/bay", "a/b2/c/d/e/bar", "a/b/c2/d/e/baz"):
        kitchen.write(name, name[-3:])
    (kitchen.folder / "a").chmod(0o700)
    tree = kitchen.run("COPY --parents a/b/c/d /out/")
    assert tree["/out/a"] == "700 0:0 /"
    assert {"/out/a/b/c/d/foo", "/out/a/b/c/d/e/bay"} <= set(tree)
    assert not any("c2" in path or "b2" in path for path in tree)
    tree = kitchen.run("COPY --parents a/b/./c/d /pivot/")
    assert "/pivot/c/d/e/bay" in tree
    assert "/pivot/a" not in tree
    tree = kitchen.run("COPY --parents a/./*/c /wild/")
    assert {"/wild/b/c/d/foo", "/wild/b2/c/d/e/bar"} <= set(tree)
    tree = kitchen.run("COPY --parents a/b*/./c/**/e /deep/")
    assert {"/deep/c/d/e/bay", "/deep/c/d/e/bar"} <= set(tree)
    assert "/deep/c/d/foo" not in tree
    with pytest.raises(PathNotFound):
        kitchen.run("COPY --parents a/none /x/")
    assert "/none/a" not in kitchen.run("COPY --parents a/b3*/c /none/")


def test_exclusions_are_relative_to_what_is_copied(kitchen: Kitchen) -> None:
    """As those of an ignore file; ``!`` brings back."""
    for name in ("d/a.txt", "d/b.png", "d/sub/c.png", "d/sub/d.txt", "e.txt", "f.png"):
        kitchen.write(name, name)
    assert set(kitchen.run("COPY --exclude=*.png d /a/")) == {
        "/a",
        "/a/a.txt",
        "/a/sub",
        "/a/sub/c.png",
        "/a/sub/d.txt",
    }
    tree = kitchen.run("COPY --exclude=**/*.png --exclude=!sub/c.png d /b/")
    assert "/b/sub/c.png" in tree
    assert "/b/b.png" not in tree
    tree = kitchen.run("COPY --exclude=*.png *.txt *.png /c/")
    assert "/c/e.txt" in tree
    assert "/c/f.png" not in tree


def test_documents_in_the_dockerfile_are_files(kitchen: Kitchen) -> None:
    """Named by the word behind ``<<``."""
    tree = kitchen.run("COPY <<one <<two /d/\n1\none\n2\ntwo")
    assert tree["/d/one"] == "644 0:0 1\n"
    assert tree["/d/two"] == "644 0:0 2\n"
    assert kitchen.run("COPY --chmod=755 <<EOF /run.sh\necho\nEOF")["/run.sh"] == "755 0:0 echo\n"


def test_files_of_a_stage_are_read_layer_by_layer(kitchen: Kitchen) -> None:
    """In whatever order they lie there; links of one file stay links."""
    kitchen.base(
        tars.file("z", "z"), tars.file("b/2", "two"), tars.file("b/1", "one"), tars.link("b/3", "b/2"),
        tars.symlink("b/4", "1"), tars.link("b/0", "z"),
    )  # fmt: skip
    kitchen.write("more", "more")
    kitchen.run("COPY more /b/more")
    source = kitchen.as_source()
    kitchen.base(tars.file("other"))
    tree = kitchen.run("COPY b /x/", source)
    assert {path: text.split(" ", 2)[2] for path, text in tree.items() if path.startswith("/x/")} == {
        "/x/0": "z", "/x/1": "one", "/x/2": "two", "/x/3": "two", "/x/4": "-> 1", "/x/more": "more",
    }  # fmt: skip
    assert kitchen.image.files.lookup("/x/3").entry.link == b"x/2"


def test_names_of_one_file_in_the_context_stay_one_file(kitchen: Kitchen) -> None:
    """And are one where only one of them is copied."""
    path = kitchen.write("a", "a")
    os.link(path, kitchen.folder / "b")
    kitchen.run("COPY . /x/")
    assert kitchen.image.files.lookup("/x/b").entry.link == b"x/a"
    assert kitchen.run("COPY b /y/")["/y/b"] == "644 0:0 a"


def test_what_does_not_change_makes_no_layer(kitchen: Kitchen) -> None:
    """The same file over itself."""
    kitchen.write("f", "f")
    kitchen.run("COPY f /d/f")
    layers = len(kitchen.image.layers)
    kitchen.run("COPY f /d/f")
    assert len(kitchen.image.layers) == layers
    assert kitchen.workdir("/work/sub")
    assert not kitchen.workdir("/work/sub/..")


def test_a_folder_of_workdir_is_the_users(kitchen: Kitchen) -> None:
    """Only what is not there is made, links are followed, and a file is no folder."""
    kitchen.base(tars.folder("srv"), tars.symlink("data", "srv"), tars.file("f"))
    kitchen.workdir("/data/a/b", owner="1000")
    assert kitchen.told()["/srv/a/b"] == "755 1000:1000 /"
    assert kitchen.told()["/srv"] == "755 0:0 /"
    with pytest.raises(InvalidInput, match="/f is not a directory"):
        kitchen.workdir("/f/x")


def test_a_linked_layer_says_nothing_of_what_is_below(kitchen: Kitchen) -> None:
    """``--link``: the folders on the way are not in it, so they stay as they are, and the bytes are the same always."""
    kitchen.write("f", "f")
    kitchen.base(tars.folder("tmp", mode=0o1777))
    tree = kitchen.run("COPY --link f /tmp/sub/f")
    assert tree["/tmp"] == "1777 0:0 /"  # noqa: S108 - in the image
    first = kitchen.image.layers[-1].diff_id
    kitchen.base(tars.file("else"))
    kitchen.run("COPY --link f /tmp/sub/f")
    assert kitchen.image.layers[-1].diff_id == first


def test_a_linked_layer_has_the_folders_that_it_makes(kitchen: Kitchen) -> None:
    """With their owner and mode, where they differ from what every engine makes; those below stay as they are."""
    kitchen.write("f", "f")
    kitchen.base(tars.folder("srv", mode=0o700, uid=7))
    tree = kitchen.run("COPY --link --chown=1000:1001 --chmod=711 f /srv/made/sub/f")
    assert tree["/srv"] == "700 7:0 /"
    assert tree["/srv/made"] == tree["/srv/made/sub"] == "711 1000:1001 /"
    assert tree["/srv/made/sub/f"] == "711 1000:1001 f"
    kitchen.base(tars.symlink("srv", "elsewhere"))
    assert kitchen.run("COPY --link --chown=5 f /srv/f")["/srv"] == "755 5:5 /"


def test_a_linked_copy_depends_on_the_folders_below_alone(kitchen: Kitchen) -> None:
    """What else changes in the base does not matter."""
    kitchen.write("f", "f")
    copying = kitchen.prepared("COPY --link --chown=5 f /srv/made/f")
    bases = ((tars.folder("srv"),), (tars.folder("srv"), tars.file("else")), (tars.file("else"),))
    keys = [[part.value for part in copying.parts_below(kitchen.base(*members))] for members in bases]
    assert keys[0] == keys[1] != keys[2]
    assert kitchen.prepared("COPY --link f /srv/made/f").parts_below(kitchen.image) == ()


def test_an_archive_says_nothing_of_the_folder_that_it_is_unpacked_in(kitchen: Kitchen) -> None:
    """``./`` is that folder: it stays as it was, or is made as usual."""
    members = tars.folder("./", mode=0o700, uid=9, mtime=1), tars.file("./f", "f"), tars.folder("./d", mode=0o750)
    data = _archive(*members)
    (kitchen.folder / "a.tar").write_bytes(data)
    kitchen.base(tars.folder("srv", mode=0o1777, uid=7))
    tree = kitchen.run("ADD a.tar /srv/")
    assert (tree["/srv"], tree["/srv/d"]) == ("1777 7:0 /", "750 0:0 /")
    assert kitchen.run("ADD a.tar /new/")["/new"] == "755 0:0 /"
    assert kitchen.run("ADD a.tar /")["/f"] == "644 0:0 f"


def test_names_that_are_not_utf8_are_copied_as_they_are(kitchen: Kitchen) -> None:
    """From the context and a stage, by wildcards and with their parents, out of archives; in the cache's notes too."""
    kitchen.write("d/caf\udce9.txt", "x")
    (kitchen.folder / "d/l\udcff").symlink_to("caf\udce9.txt")
    (kitchen.folder / "a.tar").write_bytes(_archive(tars.file("in/\udce9", "1")))
    kitchen.write(".dockerignore", "*.log\n")
    tree = kitchen.run("COPY d /d/")
    assert tree["/d/caf\udce9.txt"].endswith("x")
    assert tree["/d/l\udcff"].endswith("-> caf\udce9.txt")
    assert kitchen.run("COPY d/c* /g")["/g"].endswith("x")
    assert "/p/d/caf\udce9.txt" in kitchen.run("COPY --parents d/c*t /p/")
    assert "/x/l\udcff" in kitchen.run("COPY --exclude=*.txt d /x/")
    assert kitchen.run("ADD a.tar /a/")["/a/in/\udce9"].endswith("1")
    copying = kitchen.prepared("COPY /d /e/", kitchen.as_source())
    assert "d/caf\\xe9.txt" in copying.parts[0].items()
    assert all(text.isascii() for text in copying.parts[0].items().values())
    assert "/e/caf\udce9.txt" in kitchen.run("COPY /d /e/", kitchen.as_source())
    kitchen.write(".dockerignore", "**/caf?.txt\n")
    assert "/h/caf\udce9.txt" not in kitchen.run("COPY d /h/")


def _archive(*members: tars.Member, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["", ":gz", ":bz2", ":xz"])
def test_archives_are_unpacked_by_add(kitchen: Kitchen, kind: str) -> None:
    """Of every kind that docker knows, with their owners, times and links; COPY takes them as files."""
    data = _archive(
        tars.folder("d", mode=0o750, uid=3), tars.file("d/f", "f", uid=3, gid=4, mtime=77), tars.symlink("d/l", "f"),
        tars.link("d/h", "d/f"), tars.file("implied/x", "x"), mode=f"w{kind}",
    )  # fmt: skip
    (kitchen.folder / "a.tar").write_bytes(data)
    tree = kitchen.run("ADD a.tar /to/")
    assert tree["/to/d"] == "750 3:0 /"
    assert tree["/to/d/f"] == "644 3:4 f"
    assert tree["/to/d/h"] == "644 3:4 f"
    assert tree["/to/implied"] == "755 0:0 /"
    assert kitchen.image.files.lookup("/to/d/f").entry.mtime == 77
    assert kitchen.run("ADD --chown=9 a.tar /own/")["/own/d/f"] == "644 9:9 f"
    assert kitchen.run("ADD --unpack=false a.tar /kept/")["/kept/a.tar"]
    assert kitchen.run("COPY a.tar /copied/")["/copied/a.tar"]


def test_what_only_looks_like_an_archive_is_copied(kitchen: Kitchen) -> None:
    """Text, and compressed text."""
    import gzip

    kitchen.write("a.tar", "not a tar")
    (kitchen.folder / "b.gz").write_bytes(gzip.compress(b"text" * 400))
    assert kitchen.run("ADD a.tar b.gz /x/")["/x/a.tar"] == "644 0:0 not a tar"


def test_archives_never_lead_out_of_the_image(kitchen: Kitchen) -> None:
    """Names that climb are refused; links in them and in the image are followed inside the root."""
    (kitchen.folder / "a.tar").write_bytes(_archive(tars.file("../../evil", "x")))
    with pytest.raises(InvalidArchive, match="leads out"):
        kitchen.run("ADD a.tar /to/")
    (kitchen.folder / "a.tar").write_bytes(_archive(tars.symlink("up", "../../../etc"), tars.file("up/evil", "x")))
    assert "/to/etc/evil" in kitchen.run("ADD a.tar /to/")
    kitchen.base(tars.folder("run"), tars.symlink("var/run", "/run"))
    (kitchen.folder / "a.tar").write_bytes(
        _archive(
            tars.folder("var/run/act"), tars.file("var/run/act/f", "f"), tars.link("var/run/act/l", "var/run/act/f")
        )
    )
    tree = kitchen.run("ADD a.tar /")
    assert tree["/run/act/l"] == "644 0:0 f"
    assert tree["/var/run"] == "777 0:0 -> /run"


def test_an_archive_replaces_what_is_in_its_way(kitchen: Kitchen) -> None:
    """A file the folder, with all that was in it."""
    kitchen.base(tars.folder("x"), tars.file("x/in", "in"))
    (kitchen.folder / "a.tar").write_bytes(_archive(tars.file("x", "file")))
    assert kitchen.run("ADD a.tar /") == {"/x": "644 0:0 file"}


def test_a_name_that_would_remove_is_refused(kitchen: Kitchen) -> None:
    """From the context and from archives."""
    kitchen.write("d/.wh.f")
    (kitchen.folder / "a.tar").write_bytes(_archive(tars.file(".wh..wh..opq")))
    for line in ("COPY d /x/", "ADD a.tar /x/"):
        with pytest.raises(NotSupported, match=r"begin with \.wh\."):
            kitchen.run(line)


def test_a_file_that_changes_meanwhile_is_noticed(kitchen: Kitchen) -> None:
    """Between its digest and its copy; nothing is kept."""
    path = kitchen.write("f", "before")
    copying = kitchen.prepared("COPY f /f")
    path.write_text("after!")
    with kitchen.store.lease() as keep, pytest.raises(Conflict, match="changes while it is read"):
        copying.write(kitchen.store, kitchen.image, keep, moment=0)
    path.write_text("longer than before")
    with kitchen.store.lease() as keep, pytest.raises(Conflict, match="changes while it is read"):
        copying.write(kitchen.store, kitchen.image, keep, moment=0)
    assert not list((kitchen.store.home.root / "partial").iterdir())


def test_the_epoch_holds_times_down_and_bytes_still(kitchen: Kitchen) -> None:
    """The same layer whenever it is made; times before the epoch stay."""
    digests = set()
    os.utime(kitchen.write("old", "x"), (5, 5))
    for now in (1_600_000_000, 1_700_000_000):
        os.utime(kitchen.write("d/f", "f"), (now, now))
        os.utime(kitchen.folder / "d", (now, now))
        kitchen.base(tars.file("base"))
        kitchen.run("COPY . /new/", epoch=1000)
        digests.add(kitchen.image.layers[-1].descriptor.digest)
        times = {node.entry.mtime for node in kitchen.image.layers[-1].files}
        assert times <= {5, 1000}
    assert len(digests) == 1
