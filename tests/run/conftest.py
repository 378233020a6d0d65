"""Containers in a home of their own, on an image made here: the machine's static busybox, nothing from outside."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import BUSYBOX, rootfs
from programs import finish, spec
from rootfs_edge_cases import edge_case_rootfs

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.errors import NotSupported
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config
from dockmagic.runtime.creation import create
from dockmagic.runtime.listing import containers
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container


def _is_static(path: str) -> bool:
    return subprocess.run(["ldd", path], capture_output=True, check=False).returncode != 0


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentStore]:
    """A store in which containers can run; the tests are skipped, with the reason, where none can."""
    if BUSYBOX is None or not _is_static(BUSYBOX):
        pytest.skip("needs a static busybox (Debian's busybox-static)")
    # A short path of our own, which the container's other users may pass.
    folder = tmp_path_factory.mktemp("home")
    found = ContentStore(Home(folder))
    found.home.prepare()
    try:
        isolation = choose(found.home)
    except NotSupported as error:
        pytest.skip(str(error))
    yield found
    for container in containers(found):
        container.remove(force=True)
    # Unpacked layers belong to other users, whom pytest could not clean up after.
    remove_folders(isolation, [str(found.home.layers), str(found.home.volumes)])


@pytest.fixture
def force(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Makes containers of one tier; the test is skipped, with the reason, where that does not work."""

    def one(tier: str) -> str:
        monkeypatch.setenv("DOCKMAGIC_TIER", tier)
        try:
            choose(store.home)
        except NotSupported as error:
            pytest.skip(str(error))
        return tier

    return one


@pytest.fixture
def several_users(store: ContentStore) -> None:
    """Skips where files and programs can belong to one user only: what they would be is noted down, not shown."""
    if not choose(store.home).keeps_owners:
        pytest.skip("needs more than one user: root, or sub-ids in /etc/subuid")


@pytest.fixture
def namespaces(store: ContentStore) -> None:
    """Skips where a container has no processes, mounts and network of its own."""
    if not choose(store.home).driver.mounts:
        pytest.skip("needs namespaces: root that may mount, or user namespaces")


@pytest.fixture
def commits(store: ContentStore) -> None:
    """Skips where no layer can be made of what a container wrote."""
    if choose(store.home).tier == "proot":
        pytest.skip("what ran under proot cannot be committed")


@pytest.fixture(scope="session")
def image(store: ContentStore) -> Image:
    """A small image with a shell."""
    config = Config(cmd=("sh",), env=("FROM_IMAGE=1",))
    return import_rootfs(io.BytesIO(rootfs()), store, Reference.parse("small:1"), config=config)


@pytest.fixture(scope="session")
def hard(store: ContentStore) -> Image:
    """An image with all that can be kept in one: attributes, capabilities, hard links, closed and nested folders."""
    return import_rootfs(io.BytesIO(edge_case_rootfs()), store, Reference.parse("hard:1"))


@pytest.fixture
def make(store: ContentStore, image: Image) -> Iterator[Callable[..., Container]]:
    """Creates containers that are gone after the test."""
    made: list[Container] = []

    def one(*command: str, **flags: object) -> Container:
        of = flags.pop("image", image)
        network = "none" if choose(store.home).driver.mounts else "host"  # without namespaces there is only the latter
        on_notice = flags.pop("on_notice", lambda _: None)
        container = create(store, of, spec(command, **{"network": network, **flags}), on_notice=on_notice)  # type: ignore[arg-type]
        made.append(container)
        return container

    yield one
    for container in made:
        if container.folder.exists():
            container.remove(force=True)


@pytest.fixture
def run(make: Callable[..., Container]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in a fresh container: exit code, what it wrote, and what it wrote as errors."""

    def one(*command: str, stdin: bytes | None = None, **flags: object) -> tuple[int, str, str]:
        return finish(make(*command, interactive=stdin is not None, **flags), stdin=stdin)

    return one
