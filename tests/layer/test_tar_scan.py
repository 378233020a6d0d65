"""Tar headers of every kind that layers have, and those that nobody should have."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from tars import file, folder, ingest, link, node, symlink, tar

from dockmagic.layer.entry import EntryType
from dockmagic.layer.read import read_content
from dockmagic.layer.toc import LayerTOC
from dockmagic.layer.tree import FileTree
from dockmagic.oci.errors import InvalidLayer, LayerTooLarge, NotSupported
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from pathlib import Path

LONG = "a" * 90 + "/" + "b" * 90 + "/" + "c" * 120


def extended(records: bytes) -> bytes:
    """A file with these records in its pax header."""
    return patched(tar(file("x", records), form=tarfile.USTAR_FORMAT), 156, b"x")[:1024] + GOOD


def patched(data: bytes, at: int, field: bytes) -> bytes:
    """The tar with a field of its first header replaced and the checksum made right."""
    header = bytearray(data[:512])
    header[at : at + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("chunk", [1, 7, 511, 513, 1 << 20])
def test_every_format_tells_the_same(form: int, chunk: int) -> None:
    """The three formats of Python's tarfile, in pieces of any size, give the members that tarfile itself reads."""
    members = [
        folder("d"),
        file("d/f", b"x" * 1000, uid=7, gid=8),
        symlink("s", "d/f"),
        link("h", "d/f", uid=7, gid=8),
        node("n"),
    ]
    data = tar(*members, form=form)
    found = ingest(data, chunk=chunk)[1].entries
    with tarfile.open(fileobj=io.BytesIO(data)) as theirs:
        for mine, other in zip(found, theirs.getmembers(), strict=True):
            assert (mine.path, mine.mode, mine.uid, mine.gid, mine.mtime) == (
                "/" + other.name,
                0o777 if other.issym() else other.mode,
                other.uid,
                other.gid,
                other.mtime,
            )
    assert [entry.type for entry in found] == [
        EntryType.DIRECTORY,
        EntryType.REGULAR,
        EntryType.SYMLINK,
        EntryType.HARDLINK,
        EntryType.CHARACTER,
    ]
    assert found[1].offset == 1024
    assert (found[3].digest, found[3].size, found[3].offset) == (found[1].digest, 1000, 1024)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_and_links_of_any_length(form: int) -> None:
    """Names and targets beyond 100 bytes come whole from both kinds of extension."""
    data = tar(file(LONG, b"1"), symlink("s", LONG), link("h", LONG), form=form)
    entries = {entry.path: entry for entry in ingest(data, chunk=100)[1].entries}
    assert entries["/" + LONG].size == 1
    assert entries["/s"].target == LONG
    assert entries["/h"].target == "/" + LONG


def test_names_that_are_not_utf8_stay_as_they_are() -> None:
    """File names are bytes; nothing decodes them on the way."""
    name = os.fsdecode(b"caf\xe9/\xff\xfe")
    table = ingest(tar(file(name, b"1"), form=tarfile.GNU_FORMAT))[1]
    assert table.entries[-1].name == b"caf\xe9/\xff\xfe"
    table = ingest(tar(file(name, b"1"), form=tarfile.PAX_FORMAT))[1]
    assert table.entries[-1].name == b"caf\xe9/\xff\xfe"


def test_pax_numbers_and_attributes() -> None:
    """Owners, times and sizes that fit no octal field, and extended attributes, come from the pax header."""
    info, data = file("f", b"abc", uid=4_000_000_000, gid=3_000_000, mtime=-5)
    info.pax_headers = {"SCHILY.xattr.user.k": "v=1\n", "SCHILY.xattr.security.selinux": "label", "mtime": "-4.5"}
    entry = ingest(tar((info, data)))[1].entries[0]
    assert (entry.uid, entry.gid, entry.mtime) == (4_000_000_000, 3_000_000, -5)
    assert entry.xattrs == {"user.k": b"v=1\n"}


def test_base_256_numbers() -> None:
    """GNU's binary numbers, as GNU tar writes big owners."""
    entry = ingest(tar(file("f", b"", uid=4_000_000_000, mtime=-3), form=tarfile.GNU_FORMAT))[1].entries[0]
    assert (entry.uid, entry.mtime) == (4_000_000_000, -3)


def test_global_headers_are_ignored_as_docker_ignores_them() -> None:
    """Git archive begins with one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x", "uid": "5"}) as t:
        t.addfile(tarfile.TarInfo("f"))
    assert ingest(out.getvalue())[1].entries[0].uid == 0


def test_old_directories_are_known_by_their_slash() -> None:
    """Before there was a type for directories, a slash at the end said it."""
    data = patched(tar(file("old/", b""), form=tarfile.USTAR_FORMAT), 156, b"\0")
    assert ingest(data)[1].entries[0].is_dir


def test_what_comes_after_the_end_mark_is_not_read() -> None:
    """Other engines do not see it either, but it counts for the DiffID."""
    data = tar(file("a", b"1"))
    end = data[:1024] + bytes(1024)
    hidden = end + tar(file("hidden", b"2")) + b"garbage"
    diff_id, table = ingest(hidden)
    assert [entry.path for entry in table.entries] == ["/a"]
    assert diff_id != ingest(end)[0]
    assert table.size == len(hidden)


def test_a_missing_end_mark_is_forgiven() -> None:
    """As by every reader of tar."""
    assert len(ingest(tar(file("a", b"1"))[:1024])[1]) == 1
    assert len(ingest(b"")[1]) == 0


GOOD = tar(file("a", b"x" * 600), form=tarfile.USTAR_FORMAT)
HOSTILE = {
    "no tar": (b"<html>" * 200, InvalidLayer),
    "damaged checksum": (GOOD[:10] + b"!" + GOOD[11:], InvalidLayer),
    "negative octal size": (patched(GOOD, 124, b"-0000000010\0"), InvalidLayer),
    "negative base-256 size": (patched(GOOD, 124, b"\xff" * 12), InvalidLayer),
    "a size beyond all limits": (patched(GOOD, 124, b"\x80" + b"\x7f" * 11), LayerTooLarge),
    "letters for a size": (patched(GOOD, 124, b"zzzzzzzzzzz\0"), InvalidLayer),
    "negative owner": (patched(GOOD, 108, b"\xff" * 8), InvalidLayer),
    "an owner of 40 bits": (patched(GOOD, 108, b"\x80\0\0\x01\0\0\0\0"), InvalidLayer),
    "truncated content": (GOOD[:900], InvalidLayer),
    "truncated padding": (GOOD[:1200], InvalidLayer),
    "truncated header": (GOOD[:300], InvalidLayer),
    "a lone block of zeros": (bytes(512) + GOOD, InvalidLayer),
    "a sparse file whose map does not fit": (patched(GOOD, 156, b"S"), InvalidLayer),
    "multi-volume": (patched(GOOD, 156, b"M"), NotSupported),
    "unknown type": (patched(GOOD, 156, b"Z"), NotSupported),
    "an extended header of a gigabyte": (
        patched(patched(GOOD, 156, b"x"), 124, b"%011o\0" % (1 << 30)),
        InvalidLayer,
    ),
    "pax without a length": (extended(b"path=ab\n"), InvalidLayer),
    "pax that is longer than it is": (extended(b"99 path=ab\n"), InvalidLayer),
    "pax of length 0": (extended(b"0 path=ab\n"), InvalidLayer),
    "pax without a line feed": (extended(b"11 path=abc"), InvalidLayer),
    "an attribute whose name is not UTF-8": (extended(b"25 SCHILY.xattr.user.\xff=1\n"), InvalidLayer),
    "a pax size of 5,000 digits": (extended(b"5011 size=" + b"1" * 5000 + b"\n"), InvalidLayer),
    "a pax length of 5,000 digits": (extended(b"1" * 5000 + b" path=ab\n"), InvalidLayer),
    "a pax size that is none": (extended(b"11 size=-1\n"), InvalidLayer),
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("chunk", [1, 1 << 16])
def test_hostile_headers_are_refused_in_one_line(case: str, chunk: int) -> None:
    """Each by a clear error of the right kind, however the bytes arrive."""
    data, error = HOSTILE[case]
    with pytest.raises(error) as caught:
        ingest(data, chunk=chunk)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


VARIED = tar(folder("d"), file("d/f", b"x"), symlink("s", "d/f"), link("h", "d/f"), node("n"), file("w/.wh.x"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 511), st.integers(0, 255)), max_size=6))
def test_any_header_is_read_or_refused(changes: list[tuple[int, int, int]]) -> None:
    """Whatever the fields hold, under a right checksum: a table that can be stacked and stored, or an error of ours."""
    data = bytearray(VARIED)
    starts = [0, 512, 1536, 2048, 2560, 3072]
    for header, at, value in changes:
        start = starts[header]
        data[start + at] = value
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    try:
        table = ingest(bytes(data))[1]
    except (InvalidLayer, NotSupported) as error:
        assert error.hint  # noqa: PT017
    else:
        assert LayerTOC.loads(table.dumps()) == table
        assert len(list(FileTree.of([table]))) >= len([entry for entry in table.entries if entry.name])


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs GNU tar")
@pytest.mark.parametrize(
    "form", [["--format=gnu"], ["--format=posix", "--sparse-version=0.0"], ["--format=posix", "--sparse-version=0.1"],
             ["--format=posix", "--sparse-version=1.0"]],
    ids=["gnu", "pax-0.0", "pax-0.1", "pax-1.0"],
)  # fmt: skip
def test_sparse_files_are_read_with_their_holes(form: list[str], tmp_path: Path) -> None:
    """All four forms that GNU tar writes, with more pieces than a header has room for, and a hole at the end."""
    with (tmp_path / "holes").open("wb") as stream:
        for place in range(30):
            stream.seek((place + 1) << 20)
            stream.write(b"piece %d" % place)
        stream.truncate(40 << 20)
    (tmp_path / "after").write_bytes(b"whole")
    (tmp_path / "nothing").touch()
    os.truncate(tmp_path / "nothing", 1 << 20)
    data = subprocess.run(
        ["tar", "--sparse", *form, "-C", tmp_path, "-cf", "-", "holes", "nothing", "after"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    assert len(data) < 1 << 20
    table = ingest(data, chunk=777)[1]
    assert table == ingest(data)[1]
    assert LayerTOC.loads(table.dumps()) == table
    assert [entry.path for entry in table.entries] == ["/holes", "/nothing", "/after"]
    for entry in table.entries:
        expected = (tmp_path / entry.path[1:]).read_bytes()
        assert entry.size == len(expected)
        assert entry.digest == blake3(expected).digest()
        assert b"".join(read_content(io.BytesIO(data), Compression.NONE, entry)) == expected


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs GNU tar")
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_gnu_tars_formats_are_read(form: str, tmp_path: Path) -> None:
    """All five that GNU tar writes, with a directory, a link and content."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"content")
    (tmp_path / "d" / "s").symlink_to("f")
    os.link(tmp_path / "d" / "f", tmp_path / "d" / "h")
    data = subprocess.run(
        ["tar", f"--format={form}", "--sort=name", "-C", tmp_path, "-cf", "-", "d"], check=True, capture_output=True
    ).stdout
    entries = {entry.path: entry for entry in ingest(data)[1].entries}
    assert entries.keys() == {"/d", "/d/f", "/d/h", "/d/s"}
    assert entries["/d/f"].size == entries["/d/h"].size == 7
    assert entries["/d/s"].target == "f"
    assert entries["/d/f"].mtime == int((tmp_path / "d" / "f").stat().st_mtime)


def test_numbers_with_zeros_before_them_are_read() -> None:
    """Of 24 digits, as Go's reader takes them."""
    _, table = ingest(extended(b"32 uid=%024d\n" % 7))
    assert table.entries[0].uid == 7
