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

    from copy_harness import CopyHarness


def test_a_file_goes_where_it_is_told(copies: CopyHarness) -> None:
    """To a new name, into a folder with a slash, into a folder that is there, relative to the working folder."""
    copies.write("foo", "foo")
    assert copies.run("COPY foo /bar")["/bar"] == "644 0:0 foo"
    assert copies.run("COPY foo /new/")["/new/foo"] == "644 0:0 foo"
    assert copies.run("COPY foo /new")["/new/foo"] == "644 0:0 foo"
    tree = copies.run("COPY foo .", workdir="/work")
    assert tree["/work/foo"] == "644 0:0 foo"
    assert tree["/work"] == "755 0:0 /"
    assert copies.run("COPY foo sub/x", workdir="/work")["/work/sub/x"] == "644 0:0 foo"


def test_the_content_of_a_folder_is_copied(copies: CopyHarness) -> None:
    """Not the folder itself; folders below it keep their modes, the one that is made for it does not."""
    copies.write("src/a", "a", 0o600)
    copies.write("src/sub/b", "b")
    (copies.folder / "src").chmod(0o700)
    (copies.folder / "src/sub").chmod(0o711)
    assert copies.run("COPY src /dst") == {
        "/dst": "755 0:0 /",
        "/dst/a": "600 0:0 a",
        "/dst/sub": "711 0:0 /",
        "/dst/sub/b": "644 0:0 b",
    }


def test_folders_are_merged_and_files_replaced(copies: CopyHarness) -> None:
    """A folder that is there stays, and takes the mode of the one that is copied into it."""
    copies.base(
        tars.folder("dst", mode=0o750, uid=5), tars.folder("dst/sub", mode=0o750), tars.file("dst/sub/old", "old"),
        tars.file("dst/sub/b", "before"),
    )  # fmt: skip
    copies.write("src/sub/b", "b")
    (copies.folder / "src/sub").chmod(0o711)
    assert copies.run("COPY src/ /dst/") == {
        "/dst": "750 5:0 /",
        "/dst/sub": "711 0:0 /",
        "/dst/sub/b": "644 0:0 b",
        "/dst/sub/old": "644 0:0 old",
    }


def test_nothing_takes_the_place_of_another_kind_in_silence(copies: CopyHarness) -> None:
    """A file over a folder, a folder over a file or a link, a file as a folder."""
    copies.base(
        tars.folder("d"),
        tars.folder("d/x"),
        tars.file("f", "f"),
        tars.folder("usr/lib"),
        tars.symlink("lib", "usr/lib"),
    )
    copies.write("x", "x")
    copies.write("in/lib/a", "a")
    copies.write("in2/f/a", "a")
    with pytest.raises(InvalidInput, match="cannot replace to directory /d/x with file"):
        copies.run("COPY x /d/")
    with pytest.raises(InvalidInput, match="cannot copy to non-directory: /lib"):
        copies.run("COPY in /")
    with pytest.raises(InvalidInput, match="cannot copy to non-directory: /f"):
        copies.run("COPY in2 /")
    with pytest.raises(InvalidInput, match="/f is not a directory"):
        copies.run("COPY x /f/")


def test_links_in_the_destination_stay_inside_the_root(copies: CopyHarness) -> None:
    """A link to an absolute path leads to that path in the image; the way to a place that is not there yet, too."""
    copies.base(
        tars.folder("usr/lib"), tars.symlink("lib", "/usr/lib"), tars.symlink("out", "../../../etc"),
        tars.symlink("file", "usr/target"),
    )  # fmt: skip
    copies.write("x", "x")
    assert copies.run("COPY x /lib/")["/usr/lib/x"] == "644 0:0 x"
    assert copies.run("COPY x /out/x")["/etc/x"] == "644 0:0 x"
    tree = copies.run("COPY x /file")
    assert tree["/usr/target"] == "644 0:0 x"
    assert tree["/file"] == "777 0:0 -> usr/target"


def test_links_in_the_context_never_lead_out(copies: CopyHarness, tmp_path: Path) -> None:
    """They are followed as in a root of their own: what lies beside the context is not to be had."""
    (tmp_path / "secret").write_text("secret")
    (copies.folder / "up").symlink_to("../secret")
    (copies.folder / "abs").symlink_to(tmp_path / "secret")
    (copies.folder / "dir").symlink_to(tmp_path)
    for source in ("up", "abs", "dir/secret", "../secret", "/../secret"):
        with pytest.raises(PathNotFound):
            copies.run(f"COPY {source} /x")
    # As part of a folder a link is copied as what it is.
    assert copies.run("COPY . /all/")["/all/up"] == "777 0:0 -> ../secret"


def test_links_in_the_context_are_followed_where_they_are_named(copies: CopyHarness) -> None:
    """A source that is a link means its target, under the link's name."""
    copies.write("sub/foo", "foo")
    (copies.folder / "link").symlink_to("sub")
    (copies.folder / "one").symlink_to("sub/foo")
    assert copies.run("COPY link/foo /a")["/a"] == "644 0:0 foo"
    assert copies.run("COPY one /d/")["/d/one"] == "644 0:0 foo"
    assert copies.run("COPY link /e/")["/e/foo"] == "644 0:0 foo"


def test_wildcards_are_those_of_go(copies: CopyHarness) -> None:
    """Each part by itself, no slash is crossed, folders that fit are copied by content; no fit is no error."""
    for name in ("gif", "gifs", "dir/one.txt", "dir/two.txt", "dir2/one.txt", "[x]"):
        copies.write(name, name)
    assert set(copies.run("COPY gi* /a/")) >= {"/a/gif", "/a/gifs"}
    assert set(copies.run("COPY dir*/one* /b/")) >= {"/b/one.txt"}
    assert copies.run("COPY d?r2 /c/")["/c/one.txt"] == "644 0:0 dir2/one.txt"
    assert "/d" not in copies.run("COPY nothing* /d/")
    assert copies.run("COPY [[]x] /e/")["/e/[x]"] == "644 0:0 [x]"


def test_several_sources_need_a_folder(copies: CopyHarness) -> None:
    """Else one would replace the other."""
    copies.write("a", "a")
    copies.write("b", "b")
    with pytest.raises(InvalidInput, match="no folder"):
        copies.run("COPY a b /x")
    assert set(copies.run("COPY a b /x/")) == {"/x", "/x/a", "/x/b"}
    assert set(copies.run("COPY a b /x")) == {"/x", "/x/a", "/x/b"}


def test_a_missing_source_says_where_it_was_looked_for(copies: CopyHarness) -> None:
    """Ignored files are not there either."""
    copies.write(".dockerignore", "*.log\n!keep.log\n")
    copies.write("a.log")
    copies.write("keep.log", "k")
    with pytest.raises(PathNotFound, match=r'"/a\.log": not found in the build context'):
        copies.run("COPY a.log /")
    assert set(copies.run("COPY . /x/")) == {"/x", "/x/.dockerignore", "/x/keep.log"}


def test_owners_come_from_the_image_or_the_flag(copies: CopyHarness) -> None:
    """Context files are root's, stage files keep theirs; names are looked up in the image, a lone number is both."""
    copies.base(
        tars.file("etc/passwd", "root:x:0:0:::\napp:x:1000:1001::/:\n"), tars.file("etc/group", "web:x:33:\n"),
        tars.file("own", "o", uid=7, gid=8),
    )  # fmt: skip
    source = copies.as_source()
    copies.write("f", "f")
    assert copies.run("COPY --chown=app f /a/")["/a/f"] == "644 1000:1001 f"
    assert copies.told()["/a"] == "755 1000:1001 /"
    assert copies.run("COPY --chown=app:web f /b")["/b"] == "644 1000:33 f"
    assert copies.run("COPY --chown=55 f /c")["/c"] == "644 55:55 f"
    assert copies.run("COPY --chown=:9 f /d")["/d"] == "644 0:9 f"
    assert copies.run("COPY own /e", source)["/e"] == "644 7:8 o"
    with pytest.raises(InvalidInput, match="unable to find user nobody"):
        copies.run("COPY --chown=nobody f /x")
    with pytest.raises(InvalidInput, match="unable to find group none"):
        copies.run("COPY --chown=app:none f /x")


@pytest.mark.parametrize(
    ("flag", "file", "folder"),
    [
        ("0640", "640", "640"), ("4755", "4755", "4755"), ("u=rwX,go=rX", "644", "755"), ("+x", "755", "755"),
        ("go-r", "600", "711"), ("g=u", "664", "775"), ("a+X", "644", "755"), ("u+s,o+t", "5644", "5755"),
    ],
)  # fmt: skip
def test_modes_are_octal_or_symbolic(copies: CopyHarness, flag: str, file: str, folder: str) -> None:
    """Of files and folders, not of links."""
    copies.write("src/d/f", "f")
    (copies.folder / "src/l").symlink_to("d")
    tree = copies.run(f"COPY --chmod={flag} src /x/")
    assert tree["/x/d/f"] == f"{file} 0:0 f"
    assert tree["/x/d"] == f"{folder} 0:0 /"
    assert tree["/x/l"].startswith("777 ")


def test_an_octal_mode_is_that_of_folders_on_the_way_too(copies: CopyHarness) -> None:
    """As BuildKit has it."""
    copies.write("f", "f")
    assert copies.run("COPY --chmod=770 f /new/sub/f")["/new/sub"] == "770 0:0 /"


@pytest.mark.parametrize("flag", ["8", "77777", "u+q", "rwx", "+x,"])
def test_a_bad_mode_is_refused(copies: CopyHarness, flag: str) -> None:
    """With what would be right."""
    copies.write("f")
    with pytest.raises(InvalidInput, match="chmod"):
        copies.run(f"COPY --chmod={flag} f /x")


def test_parents_are_kept_on_request(copies: CopyHarness) -> None:
    """All of them, or those behind the pivot; with ``**``, and with what is not wanted left out."""
    for name in ("a/b/c/d/foo", "a/b/c/d/e/bay", "a/b2/c/d/e/bar", "a/b/c2/d/e/baz"):
        copies.write(name, name[-3:])
    (copies.folder / "a").chmod(0o700)
    tree = copies.run("COPY --parents a/b/c/d /out/")
    assert tree["/out/a"] == "700 0:0 /"
    assert {"/out/a/b/c/d/foo", "/out/a/b/c/d/e/bay"} <= set(tree)
    assert not any("c2" in path or "b2" in path for path in tree)
    tree = copies.run("COPY --parents a/b/./c/d /pivot/")
    assert "/pivot/c/d/e/bay" in tree
    assert "/pivot/a" not in tree
    tree = copies.run("COPY --parents a/./*/c /wild/")
    assert {"/wild/b/c/d/foo", "/wild/b2/c/d/e/bar"} <= set(tree)
    tree = copies.run("COPY --parents a/b*/./c/**/e /deep/")
    assert {"/deep/c/d/e/bay", "/deep/c/d/e/bar"} <= set(tree)
    assert "/deep/c/d/foo" not in tree
    with pytest.raises(PathNotFound):
        copies.run("COPY --parents a/none /x/")
    assert "/none/a" not in copies.run("COPY --parents a/b3*/c /none/")


def test_exclusions_are_relative_to_what_is_copied(copies: CopyHarness) -> None:
    """As those of an ignore file; ``!`` brings back."""
    for name in ("d/a.txt", "d/b.png", "d/sub/c.png", "d/sub/d.txt", "e.txt", "f.png"):
        copies.write(name, name)
    assert set(copies.run("COPY --exclude=*.png d /a/")) == {
        "/a",
        "/a/a.txt",
        "/a/sub",
        "/a/sub/c.png",
        "/a/sub/d.txt",
    }
    tree = copies.run("COPY --exclude=**/*.png --exclude=!sub/c.png d /b/")
    assert "/b/sub/c.png" in tree
    assert "/b/b.png" not in tree
    tree = copies.run("COPY --exclude=*.png *.txt *.png /c/")
    assert "/c/e.txt" in tree
    assert "/c/f.png" not in tree


def test_documents_in_the_dockerfile_are_files(copies: CopyHarness) -> None:
    """Named by the word behind ``<<``."""
    tree = copies.run("COPY <<one <<two /d/\n1\none\n2\ntwo")
    assert tree["/d/one"] == "644 0:0 1\n"
    assert tree["/d/two"] == "644 0:0 2\n"
    assert copies.run("COPY --chmod=755 <<EOF /run.sh\necho\nEOF")["/run.sh"] == "755 0:0 echo\n"


def test_files_of_a_stage_are_read_layer_by_layer(copies: CopyHarness) -> None:
    """In whatever order they lie there; links of one file stay links."""
    copies.base(
        tars.file("z", "z"), tars.file("b/2", "two"), tars.file("b/1", "one"), tars.link("b/3", "b/2"),
        tars.symlink("b/4", "1"), tars.link("b/0", "z"),
    )  # fmt: skip
    copies.write("more", "more")
    copies.run("COPY more /b/more")
    source = copies.as_source()
    copies.base(tars.file("other"))
    tree = copies.run("COPY b /x/", source)
    assert {path: text.split(" ", 2)[2] for path, text in tree.items() if path.startswith("/x/")} == {
        "/x/0": "z", "/x/1": "one", "/x/2": "two", "/x/3": "two", "/x/4": "-> 1", "/x/more": "more",
    }  # fmt: skip
    assert copies.image.files.lookup("/x/3").entry.link == b"x/2"


def test_names_of_one_file_in_the_context_stay_one_file(copies: CopyHarness) -> None:
    """And are one where only one of them is copied."""
    path = copies.write("a", "a")
    os.link(path, copies.folder / "b")
    copies.run("COPY . /x/")
    assert copies.image.files.lookup("/x/b").entry.link == b"x/a"
    assert copies.run("COPY b /y/")["/y/b"] == "644 0:0 a"


def test_what_does_not_change_makes_no_layer(copies: CopyHarness) -> None:
    """The same file over itself."""
    copies.write("f", "f")
    copies.run("COPY f /d/f")
    layers = len(copies.image.layers)
    copies.run("COPY f /d/f")
    assert len(copies.image.layers) == layers
    assert copies.workdir("/work/sub")
    assert not copies.workdir("/work/sub/..")


def test_a_folder_of_workdir_is_the_users(copies: CopyHarness) -> None:
    """Only what is not there is made, links are followed, and a file is no folder."""
    copies.base(tars.folder("srv"), tars.symlink("data", "srv"), tars.file("f"))
    copies.workdir("/data/a/b", owner="1000")
    assert copies.told()["/srv/a/b"] == "755 1000:1000 /"
    assert copies.told()["/srv"] == "755 0:0 /"
    with pytest.raises(InvalidInput, match="/f is not a directory"):
        copies.workdir("/f/x")


def test_a_linked_layer_says_nothing_of_what_is_below(copies: CopyHarness) -> None:
    """``--link``: the folders on the way are not in it, so they stay as they are, and the bytes are the same always."""
    copies.write("f", "f")
    copies.base(tars.folder("tmp", mode=0o1777))
    tree = copies.run("COPY --link f /tmp/sub/f")
    assert tree["/tmp"] == "1777 0:0 /"  # noqa: S108 - in the image
    first = copies.image.layers[-1].diff_id
    copies.base(tars.file("else"))
    copies.run("COPY --link f /tmp/sub/f")
    assert copies.image.layers[-1].diff_id == first


def test_a_linked_layer_has_the_folders_that_it_makes(copies: CopyHarness) -> None:
    """With their owner and mode, where they differ from what every engine makes; those below stay as they are."""
    copies.write("f", "f")
    copies.base(tars.folder("srv", mode=0o700, uid=7))
    tree = copies.run("COPY --link --chown=1000:1001 --chmod=711 f /srv/made/sub/f")
    assert tree["/srv"] == "700 7:0 /"
    assert tree["/srv/made"] == tree["/srv/made/sub"] == "711 1000:1001 /"
    assert tree["/srv/made/sub/f"] == "711 1000:1001 f"
    copies.base(tars.symlink("srv", "elsewhere"))
    assert copies.run("COPY --link --chown=5 f /srv/f")["/srv"] == "755 5:5 /"


def test_a_linked_copy_depends_on_the_folders_below_alone(copies: CopyHarness) -> None:
    """What else changes in the base does not matter."""
    copies.write("f", "f")
    copy_op = copies.prepared("COPY --link --chown=5 f /srv/made/f")
    bases = ((tars.folder("srv"),), (tars.folder("srv"), tars.file("else")), (tars.file("else"),))
    keys = [[key_input.value for key_input in copy_op.inputs_below(copies.base(*members))] for members in bases]
    assert keys[0] == keys[1] != keys[2]
    assert copies.prepared("COPY --link f /srv/made/f").inputs_below(copies.image) == ()


def test_an_archive_says_nothing_of_the_folder_that_it_is_unpacked_in(copies: CopyHarness) -> None:
    """``./`` is that folder: it stays as it was, or is made as usual."""
    members = tars.folder("./", mode=0o700, uid=9, mtime=1), tars.file("./f", "f"), tars.folder("./d", mode=0o750)
    data = _archive(*members)
    (copies.folder / "a.tar").write_bytes(data)
    copies.base(tars.folder("srv", mode=0o1777, uid=7))
    tree = copies.run("ADD a.tar /srv/")
    assert (tree["/srv"], tree["/srv/d"]) == ("1777 7:0 /", "750 0:0 /")
    assert copies.run("ADD a.tar /new/")["/new"] == "755 0:0 /"
    assert copies.run("ADD a.tar /")["/f"] == "644 0:0 f"


def test_names_that_are_not_utf8_are_copied_as_they_are(copies: CopyHarness) -> None:
    """From the context and a stage, by wildcards and with their parents, out of archives; in the cache's notes too."""
    copies.write("d/caf\udce9.txt", "x")
    (copies.folder / "d/l\udcff").symlink_to("caf\udce9.txt")
    (copies.folder / "a.tar").write_bytes(_archive(tars.file("in/\udce9", "1")))
    copies.write(".dockerignore", "*.log\n")
    tree = copies.run("COPY d /d/")
    assert tree["/d/caf\udce9.txt"].endswith("x")
    assert tree["/d/l\udcff"].endswith("-> caf\udce9.txt")
    assert copies.run("COPY d/c* /g")["/g"].endswith("x")
    assert "/p/d/caf\udce9.txt" in copies.run("COPY --parents d/c*t /p/")
    assert "/x/l\udcff" in copies.run("COPY --exclude=*.txt d /x/")
    assert copies.run("ADD a.tar /a/")["/a/in/\udce9"].endswith("1")
    copy_op = copies.prepared("COPY /d /e/", copies.as_source())
    assert "d/caf\\xe9.txt" in copy_op.inputs[0].items()
    assert all(text.isascii() for text in copy_op.inputs[0].items().values())
    assert "/e/caf\udce9.txt" in copies.run("COPY /d /e/", copies.as_source())
    copies.write(".dockerignore", "**/caf?.txt\n")
    assert "/h/caf\udce9.txt" not in copies.run("COPY d /h/")


def _archive(*members: tars.Member, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["", ":gz", ":bz2", ":xz"])
def test_archives_are_unpacked_by_add(copies: CopyHarness, kind: str) -> None:
    """Of every kind that docker knows, with their owners, times and links; COPY takes them as files."""
    data = _archive(
        tars.folder("d", mode=0o750, uid=3), tars.file("d/f", "f", uid=3, gid=4, mtime=77), tars.symlink("d/l", "f"),
        tars.link("d/h", "d/f"), tars.file("implied/x", "x"), mode=f"w{kind}",
    )  # fmt: skip
    (copies.folder / "a.tar").write_bytes(data)
    tree = copies.run("ADD a.tar /to/")
    assert tree["/to/d"] == "750 3:0 /"
    assert tree["/to/d/f"] == "644 3:4 f"
    assert tree["/to/d/h"] == "644 3:4 f"
    assert tree["/to/implied"] == "755 0:0 /"
    assert copies.image.files.lookup("/to/d/f").entry.mtime == 77
    assert copies.run("ADD --chown=9 a.tar /own/")["/own/d/f"] == "644 9:9 f"
    assert copies.run("ADD --unpack=false a.tar /kept/")["/kept/a.tar"]
    assert copies.run("COPY a.tar /copied/")["/copied/a.tar"]


def test_what_only_looks_like_an_archive_is_copied(copies: CopyHarness) -> None:
    """Text, and compressed text."""
    import gzip

    copies.write("a.tar", "not a tar")
    (copies.folder / "b.gz").write_bytes(gzip.compress(b"text" * 400))
    assert copies.run("ADD a.tar b.gz /x/")["/x/a.tar"] == "644 0:0 not a tar"


def test_archives_never_lead_out_of_the_image(copies: CopyHarness) -> None:
    """Names that climb are refused; links in them and in the image are followed inside the root."""
    (copies.folder / "a.tar").write_bytes(_archive(tars.file("../../evil", "x")))
    with pytest.raises(InvalidArchive, match="leads out"):
        copies.run("ADD a.tar /to/")
    (copies.folder / "a.tar").write_bytes(_archive(tars.symlink("up", "../../../etc"), tars.file("up/evil", "x")))
    assert "/to/etc/evil" in copies.run("ADD a.tar /to/")
    copies.base(tars.folder("run"), tars.symlink("var/run", "/run"))
    (copies.folder / "a.tar").write_bytes(
        _archive(
            tars.folder("var/run/act"), tars.file("var/run/act/f", "f"), tars.link("var/run/act/l", "var/run/act/f")
        )
    )
    tree = copies.run("ADD a.tar /")
    assert tree["/run/act/l"] == "644 0:0 f"
    assert tree["/var/run"] == "777 0:0 -> /run"


def test_an_archive_replaces_what_is_in_its_way(copies: CopyHarness) -> None:
    """A file the folder, with all that was in it."""
    copies.base(tars.folder("x"), tars.file("x/in", "in"))
    (copies.folder / "a.tar").write_bytes(_archive(tars.file("x", "file")))
    assert copies.run("ADD a.tar /") == {"/x": "644 0:0 file"}


def test_a_name_that_would_remove_is_refused(copies: CopyHarness) -> None:
    """From the context and from archives."""
    copies.write("d/.wh.f")
    (copies.folder / "a.tar").write_bytes(_archive(tars.file(".wh..wh..opq")))
    for line in ("COPY d /x/", "ADD a.tar /x/"):
        with pytest.raises(NotSupported, match=r"begin with \.wh\."):
            copies.run(line)


def test_a_file_that_changes_meanwhile_is_noticed(copies: CopyHarness) -> None:
    """Between its digest and its copy; nothing is kept."""
    path = copies.write("f", "before")
    copy_op = copies.prepared("COPY f /f")
    path.write_text("after!")
    with copies.store.lease() as keep, pytest.raises(Conflict, match="changes while it is read"):
        copy_op.write(copies.store, copies.image, keep, moment=0)
    path.write_text("longer than before")
    with copies.store.lease() as keep, pytest.raises(Conflict, match="changes while it is read"):
        copy_op.write(copies.store, copies.image, keep, moment=0)
    assert not list((copies.store.home.root / "partial").iterdir())


def test_the_epoch_holds_times_down_and_bytes_still(copies: CopyHarness) -> None:
    """The same layer whenever it is made; times before the epoch stay."""
    digests = set()
    os.utime(copies.write("old", "x"), (5, 5))
    for now in (1_600_000_000, 1_700_000_000):
        os.utime(copies.write("d/f", "f"), (now, now))
        os.utime(copies.folder / "d", (now, now))
        copies.base(tars.file("base"))
        copies.run("COPY . /new/", epoch=1000)
        digests.add(copies.image.layers[-1].descriptor.digest)
        times = {node.entry.mtime for node in copies.image.layers[-1].files}
        assert times <= {5, 1000}
    assert len(digests) == 1
