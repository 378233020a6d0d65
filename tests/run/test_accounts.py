"""Who a name means: rows of ``/etc/passwd`` and ``/etc/group`` as they are found in images, as runc reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dockmagic.runtime.init.accounts import find, parse_rows

if TYPE_CHECKING:
    from pathlib import Path

_USERS = (
    "# a comment: of several: words\n\n   \n"
    "root:x:0:0:root:/root:/bin/sh\n"
    "nogroup:x:77\n"
    "nohome:x:78:79:gecos\n"
    "noshell:x:80:81::/home\n"
    "dos:x:82:83::/dos:/bin/sh\r\n"
    "  blanks:x:84:85::/blanks:/bin/sh \n"
    "page:x:86:87:a\x0cb\x0bc\x1cd\x85e\u2028f:/page:/bin/sh\n"
    "nameonly\nnonumber:x\nletters:x:abc:1::/:\nempty:x::1::/:\nbadgroup:x:88:abc::/:\n"
    "last:x:89:90::/last:/bin/sh"
)
_GROUPS = "g1:x:91\ng2:x:92:dos\r\n#gg:x:93:dos\n  g3:x:94:other,dos,blanks\ngnone\ngbad:x:abc:dos\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with both files."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text(_USERS)
    (tmp_path / "etc" / "group").write_text(_GROUPS)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("nogroup", (77, 0, [0], "/")),
        ("77", (77, 0, [0], "/")),
        ("nohome", (78, 79, [79], "/")),
        ("noshell", (80, 81, [81], "/home")),
        ("dos", (82, 83, [83, 92, 93, 94], "/dos")),
        ("82", (82, 83, [83, 92, 93, 94], "/dos")),
        ("blanks", (84, 85, [85, 94], "/blanks")),
        ("page", (86, 87, [87], "/page")),
        ("last", (89, 90, [90], "/last")),
        ("dos:g1", (82, 91, [91], "/dos")),
        (":g1", (0, 91, [91], "/root")),
        ("dos:g2", (82, 92, [92], "/dos")),
    ],
)
def test_fields_that_are_missing_at_the_end_are_empty(
    root: Path, user: str, account: tuple[int, int, list[int], str]
) -> None:
    """Users without group, home or shell; rows of DOS, with blanks around, with odd characters, the last one."""
    assert find(user, root=str(root)) == account


@pytest.mark.parametrize("user", ["nameonly", "nonumber", "letters", "empty", "badgroup", "root:gnone", "root:gbad"])
def test_a_row_without_its_number_is_nobodys(root: Path, user: str) -> None:
    """Runc makes root of it."""
    with pytest.raises(ValueError, match="unable to find"):
        find(user, root=str(root))


@pytest.mark.slow
def test_large_files_and_long_rows_are_read(root: Path) -> None:
    """Thirty thousand users, a group with as many members, and bytes that are not UTF-8."""
    users = b"".join(b"u%d:x:%d:%d::/h:/bin/sh\n" % (number, number, number) for number in range(1000, 31_000))
    long = b"long:x:5:6:" + b"m," * 100_000 + b":/long:/bin/sh\n"
    strange = b"\xff\xfe:x:7:8:\xe9:/\xff:/bin/sh\n"
    (root / "etc" / "passwd").write_bytes(users + long + strange + b"after:x:9:10::/after:\n")
    members = b",".join(b"u%d" % number for number in range(1000, 31_000))
    (root / "etc" / "group").write_bytes(b"big:x:50:" + members + b"\n" + b"g:x:51\n" * 30_000 + b"z:x:52:u30999\n")
    assert find("u30999", root=str(root)) == (30_999, 30_999, [50, 52, 30_999], "/h")
    assert find("long", root=str(root)) == (5, 6, [6], "/long")
    assert find("after", root=str(root)) == (9, 10, [10], "/after")
    assert find("\udcff\udcfe", root=str(root)) == (7, 8, [8], "/\udcff")
    (root / "etc" / "passwd").write_bytes(b"x" * (1 << 24 | 1))
    with pytest.raises(ValueError, match=re.escape("is larger than 16777216 bytes")):
        find("after", root=str(root))


def test_rows_of_groups_need_no_members() -> None:
    """And those of users have as many fields as they should."""
    assert list(parse_rows(b"a:x:1\nb:x:2:c,d\n:x:3:\n", 4)) == [["a", "x", "1", ""], ["b", "x", "2", "c,d"]]
    assert [len(row) for row in parse_rows(b"a:x:1\nb:x:2:3:4:5:6:7\n", 7)] == [7, 8]
