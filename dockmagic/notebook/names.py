"""How images, layers and instructions are called on a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockmagic.commands.output.format import short_id, shorten

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["image_name", "instruction", "subject_name"]

_SHELL = re.compile(r"^(?:RUN\s+)?(?:\|\d+\s.*?)?/bin/(?:ba)?sh -c\s+")
_BUILDKIT = re.compile(r"\s*# buildkit\s*$")


def instruction(created_by: str, width: int = 0) -> str:
    """A history row's ``created_by`` as the Dockerfile had it, at most `width` characters (0: all).

    Docker's classic builder wrote ``/bin/sh -c #(nop)  CMD ["bash"]`` and ``/bin/sh -c apt-get update``.
    """
    line = " ".join(_BUILDKIT.sub("", created_by).split())
    command = _SHELL.sub("", line, count=1)
    if command.startswith("#(nop)"):
        line = command.removeprefix("#(nop)").strip()
    elif command != line:
        line = f"RUN {command}"
    return shorten(line, width) if width else line


def image_name(image: Image) -> str:
    """The first name of an image as docker shows it, else its short ID."""
    return image.names[0].familiar if image.names else short_id(image.id)


def subject_name(subject: object) -> str:
    """An image, a layer or a range of layers in words."""
    if hasattr(subject, "names"):
        return image_name(subject)  # type: ignore[arg-type]  # of the three only an image has names
    if not hasattr(subject, "stop"):
        return f"layer {getattr(subject, 'index', '?')}"
    start, stop = getattr(subject, "start", 0), subject.stop
    return f"layer {start}" if stop - start == 1 else f"layers {start} to {stop - 1}"
