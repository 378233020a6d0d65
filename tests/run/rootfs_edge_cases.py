"""The tar of an image with all that is hard to keep: attributes, capabilities, links, closed and nested folders."""

from __future__ import annotations

import io
import struct
import tarfile

from minimal_rootfs import rootfs

__all__ = ["CAPABILITY", "access_list", "edge_case_rootfs"]

# cap_net_bind_service=ep in revision 2 (capabilities(7), "File capability extended attribute versioning").
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def access_list(mask: int) -> bytes:
    """An access list that also names user 33, as the kernel has it (linux/posix_acl_xattr.h)."""
    nobody = 0xFFFFFFFF
    rows = ((0x01, 6, nobody), (0x02, 7, 33), (0x04, 4, nobody), (0x10, mask, nobody), (0x20, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


def edge_case_rootfs() -> bytes:
    """The small root file system and, in ``/srv``, what is hard."""
    data = io.BytesIO(rootfs())
    with tarfile.open(fileobj=data, mode="a") as tar:

        def add(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", **fields: object) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mtime = kind, len(content), 1_000_000_000
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))

        def marked(key: str, value: bytes) -> dict[str, str]:
            return {f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape")}

        folder = tarfile.DIRTYPE
        add("srv", folder, mode=0o755)
        add("srv/bound", content=b"program", mode=0o755, pax_headers=marked("security.capability", CAPABILITY))
        add("srv/given", content=b"program", mode=0o755, pax_headers=marked("security.capability", CAPABILITY))
        add("srv/note", content=b"text", pax_headers=marked("user.note", b"mine"))
        access, private = "system.posix_acl_access", "trusted.note"
        add("srv/listed", content=b"listed", mode=0o660, pax_headers=marked(access, access_list(6)))
        add("srv/private", content=b"text", pax_headers=marked(private, b"mine") | marked("security.ima", b"\x01sum"))
        add("srv/shared", folder, mode=0o775, pax_headers=marked("system.posix_acl_default", access_list(7)))
        add("srv/closed", folder, mode=0)
        add("srv/closed/in", content=b"secret", mode=0, uid=7, gid=8)
        for name in ("tree", "tree/a", "tree/a/b"):
            add(f"srv/{name}", folder, mode=0o750, uid=33, gid=44)
        add("srv/tree/a/b/file", content=b"deep", uid=5, gid=6, mode=0o640)
        add("srv/tree/link", tarfile.SYMTYPE, linkname="a/b/file", uid=9, gid=9, mode=0o777)
        add("srv/one", content=b"shared", uid=12, gid=13)
        add("srv/two", tarfile.LNKTYPE, linkname="srv/one", uid=12, gid=13)
        add("srv/pipe", tarfile.FIFOTYPE, mode=0o622, uid=3)
        add("srv/set", content=b"set", mode=0o6755, uid=21, gid=22)
        add("srv/file", content=b"a file", uid=31, gid=32)
        add("srv/folder", folder, mode=0o711, uid=31, gid=32)
        add("srv/folder/child", content=b"child")
    return data.getvalue()
