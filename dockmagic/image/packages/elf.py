"""Sections and addresses of an ELF file (System V ABI, chapter 4 "Object Files")."""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = ["Elf"]


class _Segment(NamedTuple):
    offset: int
    address: int
    size: int


class Elf:
    """An ELF file.

    Args:
        content: the whole file.

    Raises:
        ValueError: it is none.
        struct.error: it is cut off.
    """

    def __init__(self, content: bytes) -> None:
        if content[:4] != b"\x7fELF" or content[4] not in (1, 2) or content[5] not in (1, 2):
            raise ValueError("no ELF file")
        self.content = content
        self._wide = content[4] == 2
        self._order = "<" if content[5] == 1 else ">"
        word = "Q" if self._wide else "I"
        fields = struct.unpack_from(f"{self._order}{word}{word}IHHHHHH", content, 32 - (0 if self._wide else 4))
        self._segments_at, self._sections_at, _, _, *sizes = fields
        self._segment_size, self._segment_count, self._section_size, self._section_count, self._names = sizes

    def section(self, name: bytes) -> int | None:
        """Where a section begins in the file, in bytes; None if there is none of this name."""
        if not self._section_count:
            return None
        names_at = self._section(self._names)[1]
        for place in range(self._section_count):
            name_at, offset = self._section(place)
            if self.content[names_at + name_at : names_at + name_at + len(name) + 1] == name + b"\0":
                return offset
        return None

    def at_address(self, address: int, size: int) -> bytes:
        """What is at an address once the file is loaded.

        Raises:
            ValueError: nothing is.
        """
        for segment in self._segments():
            start = address - segment.address
            if start >= 0 and start + size <= segment.size:
                return self.content[segment.offset + start : segment.offset + start + size]
        raise ValueError(f"nothing is at the address {address:#x}")

    def _section(self, place: int) -> tuple[int, int]:
        """Where the name of a section begins in the names, and the section in the file."""
        at = self._sections_at + place * self._section_size
        form, where = ("I4xQQQ", 3) if self._wide else ("I4xIII", 3)
        fields = struct.unpack_from(self._order + form, self.content, at)
        return fields[0], fields[where]

    def _segments(self) -> list[_Segment]:
        found = []
        for place in range(self._segment_count):
            at = self._segments_at + place * self._segment_size
            if self._wide:
                kind, offset, address, size = struct.unpack_from(f"{self._order}I4xQQ8xQ", self.content, at)
            else:
                kind, offset, address, size = struct.unpack_from(f"{self._order}III4xI", self.content, at)
            if kind == 1:  # loaded
                found.append(_Segment(offset, address, size))
        return found
