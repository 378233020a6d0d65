"""The tar of the small image that containers run on here: the machine's static busybox, nothing from outside."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

BUSYBOX = shutil.which("busybox")


def rootfs() -> bytes:
    """The tar of a small root file system with busybox as its shell."""
    assert BUSYBOX is not None
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:

        def add(  # noqa: PLR0917  (rows of a table)
            name: str, kind: bytes, mode: int, content: bytes = b"", link: str = "", uid: int = 0
        ) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.size, info.linkname = kind, mode, len(content), link
            info.uid = info.gid = uid
            info.mtime = 1_000_000_000
            tar.addfile(info, io.BytesIO(content))

        for name in ("bin", "etc", "proc", "sys", "dev", "root", "home", "var"):
            add(name, tarfile.DIRTYPE, 0o755)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("home/user", tarfile.DIRTYPE, 0o700, uid=1000)
        add("home/user/own", tarfile.REGTYPE, 0o600, b"mine\n", uid=1000)
        add("bin/busybox", tarfile.REGTYPE, 0o755, Path(BUSYBOX).read_bytes())
        applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
        for name in applets:
            if name != "busybox":
                add(f"bin/{name}", tarfile.SYMTYPE, 0o777, link="busybox")
        add("etc/passwd", tarfile.REGTYPE, 0o644, b"root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
        add("etc/group", tarfile.REGTYPE, 0o644, b"root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")
        add("var/old", tarfile.REGTYPE, 0o644, b"old\n")
        add("var/dir", tarfile.DIRTYPE, 0o755)
        add("var/dir/in", tarfile.REGTYPE, 0o644, b"in\n")
    return out.getvalue()
