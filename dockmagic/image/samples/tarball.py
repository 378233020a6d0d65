"""Layers whose bytes are the same on every machine."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from dockmagic.layer.whiteout import opaque_name, whiteout_name
from dockmagic.oci.media import Compression

from .recipe import Binary, Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .recipe import Content, Step

__all__ = ["compress", "tarball"]

_DEFLATE_BLOCK: Final = 0xFFFF
_ZSTD_BLOCK: Final = 128 * 1024


def tarball(step: Step, mtime: int) -> bytes:
    """The step's layer: whiteouts first, then entries sorted by name, as the canonical difference is."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in _members(step):
            info.mtime = mtime
            tar.addfile(info, io.BytesIO(data))
    # tarfile pads to 10 KiB, of which two blocks of zeros are the end and the rest is nothing.
    end = out.getvalue().rstrip(b"\0")
    return end + bytes(-len(end) % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def _members(step: Step) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for path in sorted(step.emptied):
        yield tarfile.TarInfo(opaque_name(path.encode()).decode()), b""
    for path in sorted(step.removed):
        yield tarfile.TarInfo(whiteout_name(path.encode()).decode()), b""
    # Every engine writes the directories above what it changes into the layer too.
    parents = {str(parent) for path in (*step.files, *step.removed) for parent in PurePosixPath(path).parents}
    files = dict.fromkeys(parents - {"."}, 0o755) | dict(step.files)
    for path, content in sorted(files.items()):
        yield _member(path, content)


def _member(path: str, content: Content) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    data = b""
    if isinstance(content, int):
        info.type, info.mode = tarfile.DIRTYPE, content
    elif isinstance(content, Link):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, content.target
    elif isinstance(content, Binary):
        info.mode, data = content.mode, content.data
    else:
        data = content.encode()
        info.mode = 0o755 if content.startswith("#!") else 0o644
    info.size = len(data)
    return info, data


def compress(data: bytes, compression: Compression) -> bytes:
    """`data` in that format but not smaller: a real compressor's bytes depend on its version."""
    return _STORED[compression](data)


def _gzip(data: bytes) -> bytes:
    # RFC 1952, with the stored blocks of RFC 1951, section 3.2.4.
    out = bytearray(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
    for start in range(0, len(data), _DEFLATE_BLOCK):
        piece = data[start : start + _DEFLATE_BLOCK]
        last = start + _DEFLATE_BLOCK >= len(data)
        out += struct.pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF) + piece
    return bytes(out + struct.pack("<II", zlib.crc32(data), len(data)))


def _zstd(data: bytes) -> bytes:
    # RFC 8878, section 3.1.1: one segment with its size in eight bytes, then raw blocks.
    out = bytearray(b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", len(data)))
    for start in range(0, len(data), _ZSTD_BLOCK):
        piece = data[start : start + _ZSTD_BLOCK]
        last = start + _ZSTD_BLOCK >= len(data)
        out += struct.pack("<I", len(piece) << 3 | last)[:3] + piece
    return bytes(out)


#: What writes each format without making it smaller.
_STORED: Final[dict[Compression, Callable[[bytes], bytes]]] = {
    Compression.NONE: bytes,
    Compression.GZIP: _gzip,
    Compression.ZSTD: _zstd,
}
