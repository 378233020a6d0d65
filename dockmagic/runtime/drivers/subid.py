"""The driver of users with ids in /etc/subuid: a user namespace in which files belong to several users."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .namespaces import UserNamespace

if TYPE_CHECKING:
    from pathlib import Path

    from .means import Means

__all__ = ["Subid"]


class Subid(UserNamespace):
    """A user namespace whose maps newuidmap and newgidmap write."""

    name = "subid"
    about = "a user namespace with the ids that /etc/subuid grants"

    def find(self) -> Means:
        """The two programs, and the ids that are granted."""
        import pwd
        import shutil
        from pathlib import Path

        from dockmagic.oci.errors import NotSupported

        from .means import Means

        uid, gid = os.geteuid(), os.getegid()
        if uid == 0:
            raise NotSupported("root needs no user namespace")
        helpers = tuple(shutil.which(name) or "" for name in ("newuidmap", "newgidmap"))
        if not all(helpers):
            raise NotSupported("newuidmap is not installed", hint="An administrator can install the package uidmap")
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            raise NotSupported(f"the user {uid} has no name") from None
        maps = []
        for file, own in (("/etc/subuid", uid), ("/etc/subgid", gid)):
            granted = _granted(Path(file), name, uid)
            if not granted:
                raise NotSupported(
                    f"{file} grants {name} no ids",
                    hint="An administrator can run: "
                    f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}",
                )
            rows, inside = [(0, own, 1)], 1
            for first, count in granted:
                rows.append((inside, first, count))
                inside += count
            maps.append(tuple(rows))
        return Means(maps[0], maps[1], helpers)


def _granted(file: Path, name: str, uid: int) -> list[tuple[int, int]]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        owner, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if owner in (name, str(uid)) and first.isdecimal() and count.isdecimal():
            found.append((int(first), int(count)))
    return found
