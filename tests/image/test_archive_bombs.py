"""Archives of a few MiB that expand to hundreds: refused by name, and never held in memory."""

from __future__ import annotations

import gzip
import hashlib
import io
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

pytestmark = pytest.mark.slow  # each makes, reads and measures some hundred megabytes

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


def layer_of(members: Iterator[bytes]) -> Iterator[bytes]:
    """An image whose one layer, compressed to next to nothing, has `members`."""
    packed, diff_id = io.BytesIO(), hashlib.sha256()
    with gzip.open(packed, "wb", 1) as out:
        for piece in (*members, bytes(1024)):
            out.write(piece)
            diff_id.update(piece)
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id.hexdigest()}"]},
    }
    yield member("0.json", json.dumps(configuration).encode())
    yield member("0.tar", packed.getvalue())
    yield member("manifest.json", b'[{"Config":"0.json","RepoTags":["a:1"],"Layers":["0.tar"]}]')


def files(count: int) -> Iterator[bytes]:
    """That many files, with names as long as those of Python's packages."""
    return (header(f"usr/lib/python3/dist-packages/{n // 200:05d}/package/{n:07d}.py", 0) for n in range(count))


def folders_that_nobody_mentions() -> Iterator[bytes]:
    """Files that each lie in 45 directories of their own."""
    return (header(f"{number}/" + "x/" * 45, 0) for number in range(40_000))


def attributes() -> Iterator[bytes]:
    """Files with more extended attributes than any has."""
    for number in range(30_000):
        info = tarfile.TarInfo(str(number))
        info.pax_headers = {f"SCHILY.xattr.user.{key}": str(number) for key in range(30)}
        yield info.tobuf(tarfile.PAX_FORMAT)


def sparse_files() -> Iterator[bytes]:
    """Sparse files of many pieces."""
    for number in range(30):
        info = tarfile.TarInfo(str(number))
        pairs = ",".join(f"{2 * at},0" for at in range(60_000))
        info.pax_headers = {"GNU.sparse.size": "200000", "GNU.sparse.numblocks": "60000", "GNU.sparse.map": pairs}
        yield info.tobuf(tarfile.PAX_FORMAT)


_BOMBS: Final = {
    "a manifest that says its size": lambda: large_manifest(250, honest=True),
    "a manifest that hides its size": lambda: large_manifest(250, honest=False),
    "a pax header": lambda: large_header(250, tarfile.XHDTYPE),
    "a global pax header": lambda: large_header(250, tarfile.XGLTYPE),
    "a long name": lambda: large_header(250, tarfile.GNUTYPE_LONGNAME),
    "configurations": lambda: many_configurations(100),
    "values": many_values,
    "members": many_members,
    "files of a layer": lambda: layer_of(files(400_000)),
    "folders of a layer": lambda: layer_of(folders_that_nobody_mentions()),
    "attributes in a layer": lambda: layer_of(attributes()),
    "pieces of sparse files": lambda: layer_of(sparse_files()),
}


@pytest.mark.parametrize("bomb", _BOMBS)
def test_no_archive_takes_much_memory(bomb: str, tmp_path: Path) -> None:
    """Sizes are known before anything is read, and a layer has no more members than its bytes justify."""
    peak, told = load(_BOMBS[bomb](), tmp_path)
    assert told.startswith(("Invalid", "SizeMismatch", "LayerTooLarge"))
    assert peak < _LIMIT


def test_a_layer_of_many_files_is_read_within_the_same_memory(tmp_path: Path) -> None:
    """As large images have them, even if nothing is in the files."""
    peak, told = load(layer_of(files(200_000)), tmp_path)
    assert told == "nothing\n"
    assert peak < _LIMIT


def load(pieces: Iterator[bytes], tmp_path: Path) -> tuple[int, str]:
    """What loading an archive takes at its peak in KiB, and the error that it ends in."""
    archive = tmp_path / "archive.tar.gz"
    with gzip.open(archive, "wb", 1) as out:
        for piece in pieces:
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
    return int(peak), told
