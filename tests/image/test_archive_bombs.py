"""Archives of a few MiB that expand to hundreds: refused by name, and never held in memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Final

import pytest

from dockmagic.oci import media

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MIB: Final = 1 << 20
_ZEROS: Final = b"0" * _MIB
_LIMIT: Final = 200_000  # KiB

_LOAD: Final = """
import pathlib, sys
from dockmagic.image.archive import load
from dockmagic.oci.errors import DockmagicError
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home
told = "nothing"
try:
    load(pathlib.Path(sys.argv[1]), ContentStore(Home(sys.argv[2])))
except DockmagicError as error:
    told = f"{type(error).__name__}: {error}"
# Not getrusage's: that begins with what the process had that forked this one.
status = pathlib.Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0], told)
"""


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def member(name: str, data: bytes) -> bytes:
    """A file."""
    return header(name, len(data)) + data + bytes(-len(data) % 512)


def large_manifest(size: int, *, honest: bool) -> Iterator[bytes]:
    """A manifest of `size` MiB, whose descriptor tells its size or not."""
    digest = hashlib.sha256()
    for _ in range(size):
        digest.update(_ZEROS)
    line = {
        "mediaType": media.OCI_MANIFEST,
        "digest": f"sha256:{digest.hexdigest()}",
        "size": size * _MIB if honest else 100,
    }
    yield member("index.json", json.dumps({"schemaVersion": 2, "manifests": [line]}).encode())
    yield header(f"blobs/sha256/{digest.hexdigest()}", size * _MIB)
    yield from (_ZEROS for _ in range(size))


def large_header(size: int, kind: bytes) -> Iterator[bytes]:
    """An extended header of `size` MiB."""
    yield header("x", size * _MIB, kind)
    yield from (_ZEROS for _ in range(size))
    yield member("manifest.json", b"[]")


def many_configurations(count: int) -> Iterator[bytes]:
    """That many images with configurations of nearly 4 MiB."""
    items = []
    for number in range(count):
        yield member(f"{number}.json", b'{"author":"%06d' % number + b"x" * (4 * _MIB - 100) + b'","rootfs":{}}')
        items.append({"Config": f"{number}.json", "RepoTags": [f"a:{number}"], "Layers": []})
    yield member("manifest.json", json.dumps(items).encode())


def many_values() -> Iterator[bytes]:
    """A configuration of more than a million values."""
    yield member("0.json", b'{"x":[' + b"{}," * 1_300_000 + b"{}]}")
    yield member("manifest.json", b'[{"Config":"0.json","RepoTags":["a:1"]}]')


def many_members() -> Iterator[bytes]:
    """More files than any archive of images has."""
    for number in range(200_000):
        yield header(f"{number}", 0)


_BOMBS: Final = {
    "a manifest that says its size": lambda: large_manifest(250, honest=True),
    "a manifest that hides its size": lambda: large_manifest(250, honest=False),
    "a pax header": lambda: large_header(250, tarfile.XHDTYPE),
    "a global pax header": lambda: large_header(250, tarfile.XGLTYPE),
    "a long name": lambda: large_header(250, tarfile.GNUTYPE_LONGNAME),
    "configurations": lambda: many_configurations(100),
    "values": many_values,
    "members": many_members,
}


@pytest.mark.parametrize("bomb", _BOMBS)
def test_no_archive_takes_much_memory(bomb: str, tmp_path: Path) -> None:
    """Sizes are known before anything is read."""
    archive = tmp_path / "archive.tar.gz"
    with gzip.open(archive, "wb", 1) as out:
        for piece in _BOMBS[bomb]():
            out.write(piece)
        out.write(bytes(1024))
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, archive, tmp_path / "home"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    peak, told = done.stdout.split(" ", 1)
    assert told.startswith(("Invalid", "SizeMismatch"))
    assert int(peak) < _LIMIT
