"""What a file of an image looks like, as plain data: coloured text, bitmaps within limits. Never as markup."""

from __future__ import annotations

import struct
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.format import human_size
from dockmagic.notebook.text import printable

if TYPE_CHECKING:
    from dockmagic.image.path import ImagePath

__all__ = ["preview"]

_TEXT: Final = 64_000
_BITMAP: Final = 2_000_000
_PIXELS: Final = 16_000_000
#: Values of ``e_type`` and ``e_machine`` (elf(5)).
_KINDS: Final = {1: "object file", 2: "executable", 3: "shared object or executable", 4: "core dump"}
_MACHINES: Final = {
    3: "x86", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "S/390", 40: "ARM", 62: "x86-64", 183: "AArch64",
    243: "RISC-V",
}  # fmt: skip


def preview(path: ImagePath) -> dict[str, Any]:
    """The beginning of a file.

    Returns:
        ``tokens``, pairs of a token's kind (Pygments' short names) and its text; or ``image``, media type and base64;
        or a ``line`` that says why there is neither.
    """
    size = path.entry.size
    with path.open("rb") as stream:
        head = stream.read(_TEXT)
        kind = _bitmap(head)
        if kind is not None:
            media, width, height = kind
            if size > _BITMAP or not 0 < width * height <= _PIXELS:
                return {"line": f"a bitmap of {width}x{height} pixels and {human_size(size)}: too large to be shown"}
            content = head + stream.read(_BITMAP)
            return {"image": [media, b64encode(content).decode()], "line": f"{width}x{height} pixels"}
    if head[:4] == b"\x7fELF":
        return {"line": _elf(head)}
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < _TEXT or error.start < _TEXT - 4:
            return {"line": "no text"}
        text = head[: error.start].decode("utf-8")
    if "\0" in text:
        return {"line": "no text"}
    more = {"line": f"the first {human_size(_TEXT)} of {human_size(size)}"} if size > len(head) else {}
    return {"tokens": _tokens(path.name, text), **more}


def _tokens(name: str, text: str) -> list[list[str]]:
    from pygments import lex
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.token import STANDARD_TYPES
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(name, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    found: list[list[str]] = []
    for kind, value in lex(text, lexer):
        short = STANDARD_TYPES.get(kind, "")
        value = "".join(one if one in "\n\t" else printable(one) for one in value)  # noqa: PLW2901
        if found and found[-1][0] == short:
            found[-1][1] += value
        else:
            found.append([short, value])
    return found


def _bitmap(head: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height in pixels, as the file's own head says."""
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and len(head) >= 24:
        return "image/png", *struct.unpack(">II", head[16:24])
    if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10:
        return "image/gif", *struct.unpack("<HH", head[6:10])
    return _jpeg(head) if head[:3] == b"\xff\xd8\xff" else None


def _jpeg(head: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + max(length, 2)
    return None


def _elf(head: bytes) -> str:
    if len(head) < 20:
        return "the beginning of an ELF file"
    order = "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack(f"{order}HH", head[16:20])
    bits = {1: "32-bit", 2: "64-bit"}.get(head[4], "")
    return f"ELF {bits} {_KINDS.get(kind, f'type {kind}')} for {_MACHINES.get(machine, f'machine {machine}')}"
