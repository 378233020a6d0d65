"""A container's output on disk: frames of what it wrote, when, and to which stream. Imported by the shim."""

from __future__ import annotations

import os
import struct
import time
from typing import NamedTuple

__all__ = ["STDERR", "STDOUT", "Frame", "append", "read"]

STDOUT = 1
STDERR = 2
_HEAD = struct.Struct(">QIB3x")
_PIECE = 1 << 20


class Frame(NamedTuple):
    """One piece of output.

    Attributes:
        time: when it came, in nanoseconds since the epoch.
        stream: `STDOUT` or `STDERR`.
        data: the bytes.
    """

    time: int
    stream: int
    data: bytes


def append(descriptor: int, stream: int, data: bytes) -> None:
    """Write one frame at the end of the log.

    Raises:
        OSError: it cannot be written; then nothing of it is there.
    """
    rest = [_HEAD.pack(time.time_ns(), len(data), stream), data]
    written = os.writev(descriptor, rest)
    if written < _HEAD.size + len(data):
        whole = memoryview(b"".join(rest))
        try:
            while written < len(whole):
                written += os.write(descriptor, whole[written:])
        except OSError:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
            raise


def read(descriptor: int, offset: int, limit: int = _PIECE) -> tuple[list[Frame], int]:
    """The whole frames from `offset` on, as lie in `limit` bytes (at least one), and the offset after them."""
    data = os.pread(descriptor, limit, offset)
    frames: list[Frame] = []
    place = 0
    while len(data) - place >= _HEAD.size:
        when, length, stream = _HEAD.unpack_from(data, place)
        end = place + _HEAD.size + length
        if end > len(data):
            if frames:
                break
            whole = os.pread(descriptor, _HEAD.size + length, offset)
            if len(whole) < _HEAD.size + length:
                break
            data = whole
        frames.append(Frame(when, stream, data[place + _HEAD.size : end]))
        place = end
    return frames, offset + place
