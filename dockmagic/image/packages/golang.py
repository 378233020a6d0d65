"""Modules of Go programs: the build information that the linker puts into each (Go's package ``debug/buildinfo``)."""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, Final

from .elf import Elf
from .package import PackageRecord
from .reader import PackageReader, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_MAGIC: Final = b"\xff Go buildinf:"
_LIMIT: Final = 512 << 20
# The text of the modules stands between two marks of 16 bytes.
_MARK: Final = 16


def _wants(_: bytes, entry: Entry) -> bool:
    """Programs are found by what is in them: all that may be executed is looked into."""
    return bool(entry.mode & 0o111) and entry.size > 64


def _read(content: FileContent) -> Iterator[PackageRecord]:
    chunks = iter(content.chunks)
    first = bytes(next(chunks, b""))
    if not first.startswith(b"\x7fELF"):
        return
    if content.entry.size > _LIMIT:
        raise Unreadable(f"it is a program of {content.entry.size:,} bytes, and up to {_LIMIT:,} are read")
    program = b"".join(chain((first,), map(bytes, chunks)))
    if _MAGIC not in program:
        return
    try:
        version, modules = _build_info(Elf(program))
    except (struct.error, ValueError, IndexError) as error:
        raise Unreadable(f"the build information in it is broken: {error}") from error
    yield from _records(version, modules)


def _build_info(elf: Elf) -> tuple[str, str]:
    """Version of Go, and the text of the modules."""
    at = elf.section(b".go.buildinfo")
    if at is None:
        at = elf.content.index(_MAGIC)
    pointer_size, flags = elf.content[at + 14], elf.content[at + 15]
    if flags & 2:  # from Go 1.18 on both texts follow, each after its length
        version, after = _text(elf.content, at + 32)
        modules, _ = _text(elf.content, after)
    else:  # before, two pointers to headers of strings
        form = (">" if flags & 1 else "<") + ("Q" if pointer_size == 8 else "I")
        version, modules = (_string(elf, form, at + 16 + place * pointer_size) for place in (0, 1))
    if len(modules) > 2 * _MARK and modules[-_MARK - 1 : -_MARK] == b"\n":
        modules = modules[_MARK:-_MARK]
    return version.decode(errors="replace"), modules.decode(errors="replace")


def _text(content: bytes, at: int) -> tuple[bytes, int]:
    """The text at a place, after its length as a varint; and where it ends."""
    length = shift = 0
    while True:
        byte = content[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift > 63:
            raise ValueError("a length has no end")
    if at + length > len(content):
        raise ValueError("a text goes beyond the end")
    return content[at : at + length], at + length


def _string(elf: Elf, form: str, at: int) -> bytes:
    """The string of Go whose header a pointer at this place leads to."""
    width = struct.calcsize(form)
    (header,) = struct.unpack_from(form, elf.content, at)
    data, length = struct.unpack(form[0] + form[1] * 2, elf.at_address(header, 2 * width))
    return elf.at_address(data, length)


def _records(version: str, modules: str) -> Iterator[PackageRecord]:
    """Go's standard library, the module of the program and those it needs; one that is replaced as its replacement."""
    if version:
        # What follows a blank are experiments of the compiler.
        number = version.partition(" ")[0]
        yield PackageRecord(type="golang", name="stdlib", version=number, url_version=number.removeprefix("go"))
    found: list[tuple[str, str]] = []
    for line in modules.splitlines():
        kind, *fields = line.split("\t")
        if kind in ("mod", "dep") and len(fields) >= 2:
            found.append((fields[0], fields[1]))
        elif kind == "=>" and found and len(fields) >= 2:
            # A replacement that is a folder has no version.
            found[-1] = (fields[0], fields[1]) if fields[1] else found[-1]
    for name, number in found:
        if name and number:
            yield PackageRecord(type="golang", name=name, version=number)


READER: Final = PackageReader(_wants, _read)
