"""Programs of this machine, so that samples can run. They differ from machine to machine, and with them digests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .recipe import Binary, Link, Sample, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .recipe import Content

__all__ = ["busybox", "programs"]

#: Copied with their libraries where there is no static busybox.
_TOOLS: Final = (
    "cat", "chmod", "chown", "cp", "cut", "date", "dd", "df", "du", "echo", "env", "expr", "false", "find", "grep",
    "gzip", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mktemp", "mv", "ps", "pwd", "readlink", "rm",
    "rmdir", "sed", "seq", "sh", "sha256sum", "sleep", "sort", "stat", "sync", "tail", "tar", "tee", "test", "touch",
    "tr", "true", "uname", "uniq", "wc", "which", "whoami", "xargs", "yes",
)  # fmt: skip
_INTERPRETER: Final = b"/ld-linux"
_LIBRARY = re.compile(r"(/\S+) \(0x")
_BASH: Final = "bin/bash"
#: What stands for bash where the machine has none.
_BASH_BY_SH: Final = '#!/bin/sh\nENV="$HOME/.bashrc" exec /bin/sh "$@"\n'
_FOLDERS: Final[Mapping[str, Content]] = {
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
    files = _tools()
    if not files:
        return ()
    return (
        Sample(
            repository="library/busybox",
            tags=("1.0", "latest"),
            steps=(Step("/bin/sh -c #(nop) ADD file:busybox in /", {**_FOLDERS, **files}), Step('CMD ["sh"]')),
            config={"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
        ),
    )


def programs() -> Mapping[str, Content]:
    """What makes a stand-in of a system run: tools, ``/bin/sh`` and ``/bin/bash``; nothing where there is no shell."""
    files = _tools()
    if not files:
        return {}
    shell = dict(_with_libraries("bash", _BASH))
    return {**files, **(shell or {_BASH: _BASH_BY_SH})}


def _tools() -> dict[str, Content]:
    return _static() or _copied()


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


def _copied() -> dict[str, Content]:
    files = {path: content for tool in _TOOLS for path, content in _with_libraries(tool, f"bin/{tool}")}
    return files if "bin/sh" in files else {}


def _with_libraries(tool: str, path: str) -> Iterator[tuple[str, Content]]:
    """A program of this machine for `path` in an image, and the libraries that it is linked to."""
    ldd, program = shutil.which("ldd"), shutil.which(tool)
    if ldd is None or program is None:
        return
    data = Path(program).read_bytes()
    linked = subprocess.run([ldd, program], check=False, capture_output=True, text=True)  # noqa: S603 - found on PATH
    if not data.startswith(b"\x7fELF") or (linked.returncode and not _is_static(linked)):
        return
    yield path, Binary(data)
    for library in _LIBRARY.findall(linked.stdout):
        yield library.lstrip("/"), Binary(Path(library).read_bytes())


def _is_static(linked: subprocess.CompletedProcess[str]) -> bool:
    return "not a dynamic executable" in linked.stderr + linked.stdout or "statically linked" in linked.stdout
