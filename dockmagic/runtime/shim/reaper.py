"""The small program that ``--init`` puts in front of a container's own: it hands on signals and reaps orphans."""

from __future__ import annotations

import shutil
from pathlib import Path

from dockmagic.oci.errors import NotSupported

__all__ = ["INSIDE", "find_reaper"]

#: Where it is seen in the container: on the tmpfs of ``/dev``, so that the image gets no mount point for it.
INSIDE = "/dev/init"
_KNOWN = ("docker-init", "catatonit", "tini-static", "tini")
_INTERPRETER = 3  # PT_INTERP (elf(5)): a program that has one needs libraries, which the image may not have


def find_reaper() -> str:
    """Path of a static one on this machine.

    Raises:
        NotSupported: there is none.
    """
    for name in _KNOWN:
        path = shutil.which(name) or shutil.which(name, path="/usr/libexec/podman:/usr/lib/podman")
        if path and _is_static(Path(path)):
            return path
    raise NotSupported(
        "--init needs docker-init, catatonit or a static tini on this machine",
        hint="Install one (Debian: apt install catatonit), or leave --init away",
    )


def _is_static(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if head[:5] != b"\x7fELF\x02":
                return False
            start, size, count = (int.from_bytes(head[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
            file.seek(start)
            rows = file.read(size * count)
    except OSError:
        return False
    return all(int.from_bytes(rows[at : at + 4], "little") != _INTERPRETER for at in range(0, len(rows), size or 1))
