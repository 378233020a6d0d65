"""A small image that can run: of this machine's own programs, so its digests differ from machine to machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockmagic.oci.platforms import Platform

from .recipe import Binary, Link, Sample, Step

if TYPE_CHECKING:
    from .recipe import Content

__all__ = ["busybox"]

_TOOLS: Final = ("sh", "cat", "date", "echo", "env", "false", "hostname", "id", "ls", "mkdir", "rm", "sleep", "true")
_INTERPRETER: Final = b"/ld-linux"
_LIBRARY = re.compile(r"(/\S+) \(0x")
_FOLDERS: Final[dict[str, Content]] = {
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "proc": 0o555,
    "root": 0o700,
    "sys": 0o555,
    "tmp": 0o1777,
}


def busybox() -> tuple[Sample, ...]:
    """``busybox``, if this machine has a static busybox, or a shell and ``ldd``; else nothing."""
    files = _static() or _shell()
    if not files:
        return ()
    return (
        Sample(
            repository="library/busybox",
            tags=("1.0", "latest"),
            steps=(Step("/bin/sh -c #(nop) ADD file:busybox in /", _FOLDERS | files), Step('CMD ["sh"]')),
            config={"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
            architectures=(Platform.local().architecture,),
        ),
    )


def _static() -> dict[str, Content]:
    found = shutil.which("busybox")
    if found is None:
        return {}
    data = Path(found).read_bytes()
    if not data.startswith(b"\x7fELF") or _INTERPRETER in data[:4096]:
        return {}  # not static
    listing = subprocess.run([found, "--list"], check=False, capture_output=True, text=True)  # noqa: S603 - found on PATH
    if listing.returncode:
        return {}
    applets: dict[str, Content] = {f"bin/{name}": Link("busybox") for name in listing.stdout.split()}
    return applets | {"bin/busybox": Binary(data)}


def _shell() -> dict[str, Content]:
    ldd = shutil.which("ldd")
    if ldd is None:
        return {}
    files: dict[str, Content] = {}
    for tool in _TOOLS:
        program = shutil.which(tool)
        if program is None:
            continue
        linked = subprocess.run([ldd, program], check=False, capture_output=True, text=True)  # noqa: S603 - found on PATH
        files[f"bin/{tool}"] = Binary(Path(program).read_bytes())
        for library in _LIBRARY.findall(linked.stdout):
            files[library.lstrip("/")] = Binary(Path(library).read_bytes())
    return files if "bin/sh" in files else {}
