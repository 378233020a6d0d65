"""A container's output on disk: frames of what it wrote, when, and to which stream. Imported by the shim."""

from __future__ import annotations

import os
import struct
import time
from typing import NamedTuple

__all__ = ["STDERR", "STDOUT", "Frame", "append", "mend", "read"]

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


def mend(path: str) -> None:
    """Cut off a frame that is only half there since its writer was killed: nobody could read on behind it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        size, place = os.fstat(descriptor).st_size, 0
        while place < size:
            head = os.pread(descriptor, _HEAD.size, place)
            end = place + _HEAD.size + (_HEAD.unpack(head)[1] if len(head) == _HEAD.size else 0)
            if len(head) < _HEAD.size or end > size:
                os.ftruncate(descriptor, place)
                return
            place = end
    finally:
        os.close(descriptor)
