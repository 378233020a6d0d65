"""apt has a user of its own for downloads; where nobody else can be, its folders are that user's all the same."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.reference import Reference
from dockmagic.runtime.commit import commit
from dockmagic.runtime.disk.record import Mount

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Force = Callable[[str], str]

_FILES = {
    "etc/passwd": b"root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/bin/false\n",
    "etc/apt/sources.list": b"deb [trusted=yes] copy:/repository ./\n",
    "repository/Packages": b"",  # something to fetch, for which apt starts a process that becomes its own user
    "var/lib/dpkg/status": b"",
}


@pytest.fixture
def debian(store: ContentStore) -> Image:
    """The small image with what apt expects of a system; its programs are mounted."""
    data = io.BytesIO(rootfs())
    with tarfile.open(fileobj=data, mode="a") as tar:
        for name, content in _FILES.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo("etc/apt/apt.conf.d")
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
    return import_rootfs(io.BytesIO(data.getvalue()), store, Reference.parse("debian:1"))


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")
@pytest.mark.parametrize("tier", ["root", "subid", "single"])
def test_folders_of_apt_are_its_users(
    store: ContentStore,
    debian: Image,
    make: Callable[..., Container],
    force: Force,
    tier: str,
) -> None:
    """As root of a machine would have made them; and what apt fetches arrives."""
    force(tier)
    folders = [folder for folder in ("/usr", "/lib", "/lib64") if Path(folder).exists()]
    mounts = [Mount(type="bind", target=folder, source=os.path.realpath(folder), read_only=True) for folder in folders]
    command = ("/usr/bin/apt-get", "-o", "APT::Update::Error-Mode=any", "update")
    container = make(*command, image=debian, mounts=mounts, env=["PATH=/usr/bin:/bin"])
    code, out, err = finish(container)
    assert (code, err) == (0, ""), out
    notices: list[str] = []
    entries = commit(container, on_notice=notices.append).layers[-1].table.entries
    assert notices == []
    made = {entry.path: (entry.uid, entry.mode) for entry in entries}
    assert made["/var/lib/apt/lists/partial"] == (42, 0o700)
    assert made["/var/lib/apt/lists/_repository_._Packages"][1] == 0o644
