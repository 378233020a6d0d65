"""An engine as a user has one, with an image that runs and a registry that is pulled from."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import BUSYBOX, rootfs

from dockmagic import Engine, NotSupported
from dockmagic.oci.spec import Config
from dockmagic.registry.server import RegistryServer
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic import Container, Image


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with the image ``small:1``; the tests are skipped, with the reason, where no container can run."""
    if BUSYBOX is None or subprocess.run(["ldd", BUSYBOX], capture_output=True, check=False).returncode == 0:
        pytest.skip("needs a static busybox (Debian's busybox-static)")
    with Engine(tmp_path_factory.mktemp("home")) as engine:
        engine.home.prepare()
        try:
            isolation = choose(engine.home)
        except NotSupported as error:
            pytest.skip(str(error))
        config = Config(cmd=("sh",), env=("FROM_IMAGE=1",), labels={"kind": "small"})
        engine.images.import_rootfs(io.BytesIO(rootfs()), "small:1", config=config)
        yield engine
        for container in engine.containers:
            container.remove(force=True)
        remove_folders(isolation, [str(engine.home.layers), str(engine.home.volumes)])


@pytest.fixture
def engine(running: Engine) -> Iterator[Engine]:
    """The same; its containers are gone after the test."""
    yield running
    for container in running.containers:
        container.remove(force=True, volumes=True)


@pytest.fixture
def image(engine: Engine) -> Image:
    """The image that runs."""
    return engine.images["small:1"]


@pytest.fixture
def container(engine: Engine) -> Container:
    """One that runs."""
    return engine.containers.run("small:1", "sleep 1000", detach=True)


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """The host of a registry on this machine."""
    with RegistryServer() as server:
        yield server.host
