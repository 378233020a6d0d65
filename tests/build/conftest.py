"""Fixtures of builds: a harness for single copies, and one for whole Dockerfiles."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from build_harness import Builder
from copy_harness import CopyHarness

from dockmagic.oci.errors import NotSupported
from dockmagic.oci.reference import Reference
from dockmagic.runtime.listing import containers
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSYBOX = shutil.which("busybox")
_BASE = """
FROM scratch
COPY bin /bin/
COPY etc /etc/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp && mkdir /root /var
ENV FROM_BASE=1
CMD ["sh"]
"""


@pytest.fixture
def copies(tmp_path: Path) -> CopyHarness:
    """A store and an empty context of this test alone."""
    store = ContentStore(Home(tmp_path / "home"))
    store.home.prepare()
    folder = tmp_path / "context"
    folder.mkdir()
    return CopyHarness(store, folder)


@pytest.fixture(scope="session")
def plain_store(tmp_path_factory: pytest.TempPathFactory) -> ContentStore:
    """A store for builds that start no process."""
    store = ContentStore(Home(tmp_path_factory.mktemp("plain")))
    store.home.prepare()
    return store


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentStore]:
    """A store with ``base``, in which RUN works; the tests are skipped, with the reason, where nothing can run."""
    if BUSYBOX is None or subprocess.run(["ldd", BUSYBOX], capture_output=True, check=False).returncode == 0:
        pytest.skip("needs a static busybox (Debian's busybox-static)")
    folder = tmp_path_factory.mktemp("running")
    store = ContentStore(Home(folder / "home"))
    store.home.prepare()
    try:
        isolation = choose(store.home)
    except NotSupported as error:
        pytest.skip(str(error))
    context = folder / "base"
    (context / "bin").mkdir(parents=True)
    shutil.copy(BUSYBOX, context / "bin" / "busybox")
    users = "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n"
    Builder(store, context)(
        _BASE,
        {"etc/passwd": users, "etc/group": "root:x:0:\nuser:x:1000:\n"},
        tags=(Reference.parse("base"),),
    )
    yield store
    for container in containers(store):
        container.remove(force=True)
    # Unpacked layers belong to other users, whom pytest could not clean up after.
    remove_folders(isolation, [str(store.home.layers), str(store.home.builds)])


@pytest.fixture
def plain(plain_store: ContentStore, tmp_path: Path) -> Builder:
    """Builds without processes."""
    return _builder(plain_store, tmp_path)


@pytest.fixture
def make(running_store: ContentStore, tmp_path: Path) -> Builder:
    """Builds with processes."""
    return _builder(running_store, tmp_path)


def _builder(store: ContentStore, folder: Path) -> Builder:
    context = folder / "context"
    context.mkdir()
    return Builder(store, context)
