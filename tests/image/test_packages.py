"""The packages in an image: a file of each kind, made as its package manager makes it."""

from __future__ import annotations

import json
import sqlite3
import struct
from typing import TYPE_CHECKING

import pytest

from dockmagic.image.analysis import diff
from dockmagic.image.packages import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from small_images import MakeImage

    from dockmagic.image.image import Image

_RELEASE = b'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\nbroken "line\n'


def _stanza(name: str, version: str, state: str = "install ok installed") -> str:
    return (
        f"Package: {name}\nStatus: {state}\nArchitecture: amd64\nVersion: {version}\n"
        "Description: a package\n with lines\n .\n Version: not this\n\n"
    )


def _names(image: Image) -> list[tuple[str, str, str, int]]:
    return [(one.type, one.name, one.version, one.layer) for one in image.packages]


def test_a_package_of_dpkg_is_of_the_layer_that_has_the_list_of_its_files(make_image: MakeImage) -> None:
    """Its status file is written anew with every package; removed ones are not there, unfinished ones are."""
    image = make_image(
        {
            "etc/os-release": _RELEASE,
            "var/lib/dpkg/status": _stanza("bash", "5.2-1").encode(),
            "var/lib/dpkg/info/bash.list": b"/bin/bash\n",
        },
        {
            "var/lib/dpkg/status": "".join(
                (
                    _stanza("bash", "5.2-1"), _stanza("libc6", "2.36-9+deb12u1"),
                    _stanza("gone", "1", "deinstall ok config-files"), _stanza("never", "1", "purge ok not-installed"),
                    _stanza("half", "1:2~rc1", "install ok unpacked"), "Package: none\nStatus: install ok installed\n",
                )
            ).encode(),
            "var/lib/dpkg/info/libc6:amd64.list": b"/lib/libc.so.6\n",
        },
    )  # fmt: skip
    assert _names(image) == [
        ("deb", "bash", "5.2-1", 0),
        ("deb", "half", "1:2~rc1", 1),
        ("deb", "libc6", "2.36-9+deb12u1", 1),
    ]
    assert [one.purl for one in image.packages] == [
        "pkg:deb/debian/bash@5.2-1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/half@1:2~rc1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12",
    ]
    assert image.packages.distribution.name == "Debian GNU/Linux 12"
    assert image.packages.unread == ()


def test_distroless_images_have_a_file_for_each_package(make_image: MakeImage) -> None:
    """Beside the digests of its files."""
    image = make_image(
        {
            "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2024a\nArchitecture: all\n",
            "var/lib/dpkg/status.d/tzdata.md5sums": b"Package: no\nVersion: 1\n",
            "usr/lib/os-release": b"ID=debian\n",
        }
    )
    (package,) = image.packages
    assert package.purl == "pkg:deb/debian/tzdata@2024a?arch=all&distro=debian"
    assert package.path == "/var/lib/dpkg/status.d/tzdata"


def test_a_package_of_alpine_is_of_the_layer_of_its_files(make_image: MakeImage) -> None:
    """As the installed database lists them; a newline may be missing at the end."""
    musl = b"C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:ld-musl.so.1\nZ:Q1x=\n"
    image = make_image(
        {
            "lib/apk/db/installed": musl + b"\n",
            "lib/ld-musl.so.1": b"1",
            "etc/os-release": b"ID=alpine\nVERSION_ID=3.19\n",
        },
        {"lib/apk/db/installed": musl + b"\nP:curl\nV:8.5.0-r0\nA:x86_64\nF:usr/bin\nR:curl", "usr/bin/curl": b"2"},
    )
    assert _names(image) == [("apk", "curl", "8.5.0-r0", 1), ("apk", "musl", "1.2.4-r2", 0)]
    assert image.packages[1].purl == "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19"


def _header(tags: Iterable[tuple[int, int, bytes, int]]) -> bytes:
    """A header of rpm: tag, type, data, count."""
    index, data = b"", b""
    for tag, kind, content, count in tags:
        data += b"\0" * (-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += content
    return struct.pack(">II", len(index) // 16, len(data)) + index + data


def _rpm(name: str, version: str, release: str, epoch: int | None = None) -> bytes:
    tags = [(1000, 6, name.encode() + b"\0", 1), (1001, 6, version.encode() + b"\0", 1)]
    tags += [(1002, 6, release.encode() + b"\0", 1), (1022, 6, b"x86_64\0", 1)]
    if epoch is not None:
        tags.append((1003, 4, struct.pack(">I", epoch), 1))
    tags += [(1116, 4, struct.pack(">I", 0), 1), (1117, 8, name.encode() + b"\0", 1), (1118, 8, b"/usr/bin/\0", 1)]
    return _header(tags)


def _rpm_database(path: Path, blobs: Iterable[bytes], journal: str = "DELETE") -> bytes:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_packages_of_rpm_are_read_out_of_its_sqlite_database(make_image: MakeImage, tmp_path: Path) -> None:
    """With the epoch where a package has one, 0 too, as rpm shows it. Imported keys are no packages."""
    blobs = [_rpm("bash", "5.2", "1.fc39"), _rpm("dbus", "1.14", "9.fc39", 1), _rpm("sed", "4.8", "2.fc39", 0)]
    blobs.append(_rpm("gpg-pubkey", "a", "b"))
    database = _rpm_database(tmp_path / "rpm", blobs, "WAL")
    image = make_image(
        {"usr/bin/bash": b"1", "etc/os-release": b"ID=fedora\nVERSION_ID=39\n"},
        {"usr/bin/dbus": b"2", "var/lib/rpm/rpmdb.sqlite": database, "var/lib/rpm/rpmdb.sqlite-wal": b""},
    )
    assert _names(image) == [
        ("rpm", "bash", "5.2-1.fc39", 0),
        ("rpm", "dbus", "1:1.14-9.fc39", 1),
        ("rpm", "sed", "0:4.8-2.fc39", 1),
    ]
    assert image.packages[1].purl == "pkg:rpm/fedora/dbus@1.14-9.fc39?arch=x86_64&distro=fedora-39&epoch=1"


def test_databases_of_rpm_that_are_not_read_are_named(make_image: MakeImage) -> None:
    """Earlier forms, changes beside a database, and a broken one."""
    image = make_image(
        {
            "var/lib/rpm/Packages": b"bdb",
            "var/lib/rpm/Packages.db": b"ndb",
            "usr/lib/sysimage/rpm/rpmdb.sqlite": b"SQLite format 3\0" + b"x" * 200,
            "usr/lib/sysimage/rpm/rpmdb.sqlite-wal": b"more",
        }
    )
    assert [(one.path, one.reason.partition(":")[0]) for one in image.packages.unread] == [
        ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "it is no SQLite database of rpm"),
        ("/usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "it has changes of the database that were not yet written into it"),
        (
            "/var/lib/rpm/Packages",
            "it is a database of rpm in the form Berkeley DB (before rpm 4.16), of which only SQLite is read",
        ),
        ("/var/lib/rpm/Packages.db", "it is a database of rpm in the form ndb, of which only SQLite is read"),
    ]


@pytest.mark.parametrize(
    "header", [b"", b"\0" * 7, struct.pack(">II", 1 << 30, 4), struct.pack(">IIIIII", 1, 4, 1000, 6, 1 << 31, 1 << 31)]
)
def test_a_broken_header_of_rpm_hides_nothing_before_it(make_image: MakeImage, tmp_path: Path, header: bytes) -> None:
    """And is named, or tells of no package."""
    database = _rpm_database(tmp_path / "rpm", [_rpm("bash", "5.2", "1"), header])
    image = make_image({"var/lib/rpm/rpmdb.sqlite": database})
    assert [one.name for one in image.packages] == ["bash"]


def test_packages_of_python_are_found_wherever_they_lie(make_image: MakeImage) -> None:
    """Wheels, eggs in a folder and in a file; hidden versions are not there, a description's lines are no fields."""
    folder = "usr/lib/python3/site-packages"
    image = make_image(
        {f"{folder}/six-1.15.dist-info/METADATA": b"Metadata-Version: 2.1\nName: six\nVersion: 1.15\n"},
        {
            f"{folder}/six-1.15.dist-info/METADATA": None,
            f"{folder}/six-1.16.dist-info/METADATA": b"Name: six\r\nVersion: 1.16\r\n\r\nName: no\r\n",
            f"{folder}/old.egg-info/PKG-INFO": b"Name: old\nVersion: 0.1\n",
            f"{folder}/older-0.0.egg-info": b"Name: Older_One\nVersion: 0.0\n",
        },
    )
    assert _names(image) == [("pypi", "old", "0.1", 1), ("pypi", "older-one", "0.0", 1), ("pypi", "six", "1.16", 1)]
    assert image.packages[1].purl == "pkg:pypi/older-one@0.0"


def test_packages_of_node_and_conda_are_read_from_their_documents(make_image: MakeImage) -> None:
    """What is no package of its own has no version; what is no JSON is named."""
    numpy = {"name": "numpy", "version": "1.26.0", "build": "py311", "channel": "conda-forge", "subdir": "linux-64"}
    image = make_image(
        {
            "app/node_modules/@types/node/package.json": b'{"name": "@types/node", "version": "20.1.0"}',
            "app/node_modules/esm/dist/package.json": b'{"type": "module"}',
            "app/node_modules/broken/package.json": b'{"name": ',
            "app/node_modules/list/package.json": b"[1]",
            "app/node_modules/odd/package.json": b'{"name": 1, "version": ["2"]}',
            "opt/conda/conda-meta/numpy.json": json.dumps(numpy).encode(),
            "opt/conda/conda-meta/history": b"==>",
        }
    )
    assert [one.purl for one in image.packages] == [
        "pkg:conda/numpy@1.26.0?build=py311&channel=conda-forge&subdir=linux-64",
        "pkg:npm/%40types/node@20.1.0",
    ]
    assert [one.path for one in image.packages.unread] == [
        "/app/node_modules/broken/package.json",
        "/app/node_modules/list/package.json",
    ]


def _varint(text: bytes) -> bytes:
    length, head = len(text), b""
    while length >= 0x80:
        head, length = head + bytes((length & 0x7F | 0x80,)), length >> 7
    return head + bytes((length,)) + text


_MODULES = (
    b"0123456789abcdefpath\texample.com/app\nmod\texample.com/app\tv1.2.3\th1:x=\ndep\tgolang.org/x/sys\tv0.10.0\th1:y=\n"
    b"dep\texample.com/old\tv0.1.0\n=>\texample.com/fork\tv0.2.0\th1:z=\ndep\texample.com/here\tv0.3.0\n=>\t./here\t\n"
    b"build\tCGO_ENABLED=0\n0123456789abcdef"
)


def _program(info: bytes, *, address: int = 0x400000) -> bytes:
    """A 64-bit ELF file with one segment that is loaded, no sections, and `info` in it."""
    body = b"\0" * 64 + info
    start = 64 + 56
    head = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, start, address, address, len(body), len(body), 8)
    return head + segment + body


_EXPECTED = [
    ("golang", "example.com/app", "v1.2.3", 0),
    ("golang", "example.com/fork", "v0.2.0", 0),
    ("golang", "example.com/here", "v0.3.0", 0),
    ("golang", "golang.org/x/sys", "v0.10.0", 0),
    ("golang", "stdlib", "go1.21.5", 0),
]


def test_modules_of_a_go_program_are_read_from_its_build_information(make_image: MakeImage) -> None:
    """A replaced module counts as its replacement; other programs tell of nothing."""
    info = b"\xff Go buildinf:\x08\x02" + b"\0" * 16 + _varint(b"go1.21.5 X:boringcrypto") + _varint(_MODULES)
    image = make_image({"usr/bin/app": _program(info), "usr/bin/other": _program(b"nothing"), "usr/bin/sh": b"#!" * 99})
    assert _names(image) == _EXPECTED
    assert image.packages[3].purl == "pkg:golang/golang.org/x/sys@v0.10.0"
    assert image.packages[4].purl == "pkg:golang/stdlib@1.21.5"


def test_go_before_1_18_has_pointers_to_its_build_information(make_image: MakeImage) -> None:
    """They lead through the program's segments."""
    at = 0x400000 + 64
    version, place = b"go1.21.5", at + 32
    texts = version + _MODULES
    headers = struct.pack("<QQQQ", place, len(version), place + len(version), len(_MODULES))
    after = place + len(texts)
    info = b"\xff Go buildinf:\x08\x00" + struct.pack("<QQ", after, after + 16) + texts + headers
    assert _names(make_image({"usr/bin/app": _program(info)})) == _EXPECTED


@pytest.mark.parametrize(
    "info",
    [
        b"\xff Go buildinf:\x08\x02",
        b"\xff Go buildinf:\x08\x02" + b"\0" * 16 + b"\xff" * 20,
        b"\xff Go buildinf:\x08\x02" + b"\0" * 16 + b"\x7fgo1",
        b"\xff Go buildinf:\x08\x00" + struct.pack("<QQ", 1, 2),
    ],
)
def test_broken_build_information_is_named(make_image: MakeImage, info: bytes) -> None:
    """Whatever lengths and pointers say."""
    image = make_image({"usr/bin/app": _program(info)})
    assert len(image.packages) == 0
    assert [one.path for one in image.packages.unread] == ["/usr/bin/app"]


def test_a_layer_or_a_range_tells_of_what_is_in_it_alone(make_image: MakeImage) -> None:
    """Layers are counted as in the image."""
    image = make_image(
        {"a/x.dist-info/METADATA": b"Name: x\nVersion: 1\n"}, {"a/y.dist-info/METADATA": b"Name: y\nVersion: 1\n"}
    )
    assert [one.name for one in catalog(image.layers[1].files, image.layers)] == ["y"]
    assert [(one.name, one.layer) for one in catalog(image.layers[1:].files, image.layers)] == [("y", 1)]
    assert repr(image.packages) == "<Catalog pypi 2>"
    assert len(image.packages[:1]) == 1


def test_packages_of_two_images_differ(make_image: MakeImage) -> None:
    """One version for another is a change; of several each comes and goes by itself."""

    def image(*packages: tuple[str, str], name: str) -> Image:
        return make_image(
            {f"{n}-{v}.dist-info/METADATA": f"Name: {n}\nVersion: {v}\n".encode() for n, v in packages}, name=name
        )

    old = image(("a", "1"), ("b", "1"), ("c", "1"), ("c", "2"), ("same", "1"), name="old:1")
    new = image(("a", "2"), ("c", "2"), ("c", "3"), ("c", "4"), ("d", "1"), ("same", "1"), name="new:1")
    assert [tuple(change) for change in diff(old, new).packages] == [
        ("C", "pypi", "a", "1", "2"),
        ("D", "pypi", "b", "1", ""),
        ("D", "pypi", "c", "1", ""),
        ("A", "pypi", "c", "", "3"),
        ("A", "pypi", "c", "", "4"),
        ("A", "pypi", "d", "", "1"),
    ]
    assert diff(old, old).packages == ()
    assert [change.letter for change in diff(old.layers[0]).packages] == ["A"] * 5
