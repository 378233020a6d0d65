"""Paths as a folding tree: sums against tar, windows of rows, search by name, glob and size."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tars import file, folder, link, table, tar

from dockmagic.layer.compare import compare
from dockmagic.layer.path_index import PathIndex
from dockmagic.layer.tree import FileTree

_NAME = st.text("abc.", min_size=1, max_size=2).filter(lambda name: name not in (".", "..") and ".wh." not in name)
_PATH = st.lists(_NAME, min_size=1, max_size=4)


def index_of(*members: object) -> PathIndex:
    """Of one layer."""
    return PathIndex.of_tree(FileTree.of([table(*members)]))


def numbers(index: PathIndex) -> dict[str, int]:
    """Paths to numbers."""
    return {index.path(number): number for number in range(1, len(index) + 1)}


@given(st.lists(st.tuples(_PATH, st.binary(max_size=40)), max_size=25))
def test_sums_of_folders_are_those_of_tar(files: list[tuple[list[str], bytes]]) -> None:
    """Each folder has the bytes of the tar's files below it, and members that add up to them."""
    taken: dict[str, bytes] = {}
    folders: set[str] = set()
    for parts, content in files:
        name = "/".join(parts)
        above = {"/".join(parts[:end]) for end in range(1, len(parts))}
        if name not in taken and name not in folders and not above & taken.keys():
            taken[name] = content
            folders |= above
    members = [file(name, content) for name, content in taken.items()]
    index = index_of(*members)
    with tarfile.open(fileobj=io.BytesIO(tar(*members))) as read:
        listed = [(member.name, member.size) for member in read]
    assert index.size[0] == sum(size for _, size in listed)
    for number in range(1, len(index) + 1):
        below = index.names[number].decode()
        inside = [size for name, size in listed if name == below or name.startswith(f"{below}/")]
        assert index.size[number] == sum(inside)
        if index.is_folder(number):
            assert sum(index.size[one] for one in index.members(number)) == index.size[number]
            assert sum(index.count[one] for one in index.members(number)) == index.count[number]


def test_a_hard_link_has_no_bytes_of_its_own() -> None:
    """As in docker's size of a layer."""
    assert index_of(file("a/b", "12345"), link("a/c", "a/b")).size[0] == 5


def test_members_are_the_biggest_first_or_by_name() -> None:
    """Those of the same size by name."""
    index = index_of(file("b", "1"), file("c/d", "123"), file("a", "1"))
    assert [index.label(one) for one in index.members(0)] == ["c", "a", "b"]
    assert [index.label(one) for one in index.members(0, "name")] == ["a", "b", "c"]


def test_rows_tell_level_and_place_of_what_is_open() -> None:
    """As the pattern of a tree wants them (`aria-level`, `aria-posinset`, `aria-setsize`)."""
    index = index_of(folder("d"), file("d/e", "123"), file("d/f", "1"), file("g", "1"))
    number = numbers(index)
    rows = [(index.path(one), *place) for one, *place in index.rows([number["/d"]])]
    assert rows == [("/d", 1, 1, 2), ("/d/e", 2, 1, 2), ("/d/f", 2, 2, 2), ("/g", 1, 2, 2)]
    assert [index.path(row[0]) for row in index.rows([])] == ["/d", "/g"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HOSTS", ["/etc/hosts"]),
        ("*.so", ["/usr/lib/big.so", "/usr/lib/small.so"]),
        ("*.so >10B", ["/usr/lib/big.so"]),
        ("> 10 B", ["/usr/lib/big.so"]),
        ("<2B", ["/usr/lib/small.so"]),
        ("/usr/*.so", ["/usr/lib/big.so", "/usr/lib/small.so"]),
        ("[", []),
        ("nothing", []),
    ],
)
def test_search_by_name_glob_and_size(text: str, found: list[str]) -> None:
    """What fits stays, with the folders that lead to it."""
    index = index_of(file("etc/hosts", "12345"), file("usr/lib/big.so", "x" * 20), file("usr/lib/small.so", "x"))
    fits = index.search(text)
    assert sorted(index.path(one) for one in fits if not index.is_folder(one)) == found
    assert all(index.parent(one) in {0, *fits} for one in fits)


def test_a_difference_has_bytes_that_came_and_bytes_that_went() -> None:
    """Of a folder with all below it; search by letter leaves the changes that have it."""
    old = FileTree.of([table(file("d/gone", "123"), file("d/same", "1"), file("d/more", "12"))])
    new = FileTree.of([table(file("d/same", "1"), file("d/more", "1234"), file("e/new", "12345"))])
    index = PathIndex.of_changes(compare(old, new))
    number = numbers(index)
    assert (index.size[number["/d"]], index.lost[number["/d"]]) == (4, 5)
    assert (index.size[0], index.lost[0], index.count[0]) == (9, 5, 3)
    assert {index.path(one) for one in index.search("", "D")} == {"/d", "/d/gone"}
