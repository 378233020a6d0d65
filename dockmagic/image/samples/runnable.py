"""Programs of this machine, so that samples can run. They differ from machine to machine, and with them digests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .recipe import Binary, Link, Sample, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .recipe import Content

__all__ = ["busybox", "programs", "tools"]

#: Copied with their libraries where there is no static busybox: all of coreutils …
_COREUTILS: Final = (
    "[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown chroot cksum comm cp csplit cut date dd df "
    "dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join kill link "
    "ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv "
    "printf ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf "
    "sleep sort split stat stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand "
    "uniq unlink uptime users vdir wc who whoami yes"
)
#: … and the small programs that a shell is rarely without.
_OTHERS: Final = (
    "sh awk bunzip2 bzcat bzip2 cal clear cmp diff egrep fgrep find flock free getopt grep gunzip gzip hexdump "
    "hostname ip less more nc pgrep pidof pkill ps renice reset rev sed setsid tar top tput unxz vi watch which xargs "
    "xxd xz xzcat zcat"
)
#: Where administrators' programs are, also for a user without these folders on the path.
_SYSTEM: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
#: Bytes of a program with its libraries: an editor with those of a desktop is no small program.
_LARGEST: Final = 8 << 20
_INTERPRETER: Final = b"/ld-linux"
_ANSWER = re.compile(r"^(/.+):\n", re.MULTILINE)
_LIBRARY = re.compile(r"(/\S+) \(0x")
_SCRIPT = re.compile(rb"#! ?/bin/sh\b")
_BASH: Final = "bin/bash"
#: What stands for bash where the machine has none.
_BASH_BY_SH: Final = '#!/bin/sh\nENV="$HOME/.bashrc" exec /bin/sh "$@"\n'
#: What programs know of the terminals that containers and people have (terminfo(5)); its place differs.
_TERMINALS: Final = ("d/dumb", "l/linux", "s/screen", "v/vt100", "x/xterm", "x/xterm-256color")
_TERMINFO: Final = ("etc/terminfo", "lib/terminfo", "usr/share/terminfo")
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


def tools() -> Mapping[str, Content]:
    """A static busybox of this machine, or copies of its own small programs; nothing where there is no shell."""
    return _static() or _copied()


def busybox(files: Mapping[str, Content]) -> tuple[Sample, ...]:
    """The image ``busybox`` of these `tools`; nothing where there are none."""
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


def programs(files: Mapping[str, Content] | None = None) -> Mapping[str, Content]:
    """What makes a stand-in of a system run: tools, ``/bin/sh`` and ``/bin/bash``; nothing where there is no shell.

    Args:
        files: the `tools`, where they were looked for already.
    """
    files = tools() if files is None else files
    if not files:
        return {}
    shell = _with_libraries(["bash"])
    return {**files, **(shell or {_BASH: _BASH_BY_SH})}


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
    files = _with_libraries(f"{_COREUTILS} {_OTHERS}".split())
    return files | _terminals() if "bin/sh" in files else {}


def _terminals() -> dict[str, Content]:
    places = ((f"{folder}/{name}", Path("/", folder, name)) for name in _TERMINALS for folder in _TERMINFO)
    return {path: Binary(place.read_bytes(), 0o644) for path, place in places if place.is_file()}


def _with_libraries(names: Iterable[str]) -> dict[str, Content]:
    """Programs of this machine for ``/bin`` of an image, and the libraries that they are linked to."""
    search = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM))
    files: dict[str, Content] = {}
    needed: dict[Path, None] = {}
    called: dict[Path, list[str]] = {}  # a program under several names looks at the one that it is called by
    for name in names:
        if place := shutil.which(name, path=search):
            called.setdefault(Path(place).resolve(), []).append(name)
    heads = {program: _head(program) for program in called}
    linked = _libraries([program for program, head in heads.items() if head.startswith(b"\x7fELF")])
    for program, (name, *others) in called.items():
        libraries = linked.get(program)
        if libraries is not None and sum(path.stat().st_size for path in (program, *libraries)) <= _LARGEST:
            needed |= dict.fromkeys(libraries)
        elif not _SCRIPT.match(heads[program]):
            continue
        files[f"bin/{name}"] = Binary(program.read_bytes())
        files |= {f"bin/{other}": Link(name) for other in others}
    seen: dict[Path, Path] = {}
    for library in needed:  # one that is found in /lib and in /usr/lib is one
        first = seen.setdefault(library.resolve(), library)
        files[str(library).lstrip("/")] = Binary(library.read_bytes()) if first is library else Link(str(first))
    return files


def _head(program: Path) -> bytes:
    try:
        with program.open("rb") as file:
            return file.read(64)
    except OSError:
        return b""  # one that may be run and not read


def _libraries(programs: Sequence[Path]) -> dict[Path, list[Path]]:
    """The libraries of each program that has all it needs: by one ``ldd``, which is slower to start than to answer."""
    ldd = shutil.which("ldd")
    if ldd is None or not programs:
        return {}
    done = subprocess.run([ldd, *programs], check=False, capture_output=True, text=True)  # noqa: S603 - found on PATH
    # Of several the GNU C library's names each before it answers, and musl's answers for the first alone.
    _, *answers = _ANSWER.split(f"{programs[0]}:\n{done.stdout}" if len(programs) == 1 else done.stdout)
    if not answers:
        return {program: libraries for one in programs for program, libraries in _libraries([one]).items()}
    return {
        Path(program): [Path(library) for library in _LIBRARY.findall(answer)]
        for program, answer in zip(answers[::2], answers[1::2], strict=True)
        if "not found" not in answer
    }
