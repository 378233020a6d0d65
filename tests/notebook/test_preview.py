"""What the browser shows of a file: bitmaps within limits, text with its kinds of token, facts of a program."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.notebook.views.preview import preview

if TYPE_CHECKING:
    from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    """The preview of a file with this name and content."""

    def show(name: str, content: bytes) -> dict[str, Any]:
        place = tmp_path / name
        place.write_bytes(content)
        path: Any = SimpleNamespace(name=name, open=place.open, entry=SimpleNamespace(size=len(content)))
        return preview(path)

    return show


def test_a_bitmap_is_shown_only_within_limits_of_pixels_and_bytes(shown: Any) -> None:
    """A small file may claim a picture that takes a browser's memory."""
    assert shown("a.png", _PNG + struct.pack(">II", 3, 2))["image"][0] == "image/png"
    assert "too large" in shown("b.png", _PNG + struct.pack(">II", 60_000, 60_000))["line"]
    assert "too large" in shown("c.png", _PNG + struct.pack(">II", 3, 2) + b"x" * 2_000_000)["line"]


def test_drawings_and_pages_are_text(shown: Any) -> None:
    """Neither SVG nor HTML is ever an image or markup; control characters are made visible."""
    for name in ("a.svg", "a.html", "a.txt"):
        content = "<svg onload='alert(1)'>\x1b]52;c;aGk=\x07</svg>"
        answer = shown(name, content.encode())
        assert "image" not in answer
        text = "".join(value for _, value in answer["tokens"])
        assert "onload" in text
        assert "\x1b" not in text


def test_a_program_is_told_by_its_head_and_other_bytes_as_no_text(shown: Any) -> None:
    """Kind and processor of an ELF file."""
    head = b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 3, 62)
    assert shown("ls", head)["line"] == "ELF 64-bit shared object or executable for x86-64"
    assert shown("bytes", b"\xff\xfe\0")["line"] == "no text"
