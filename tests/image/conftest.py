"""Images made on the spot, stores of their own, and a registry to pull from and push to."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from small_images import image_maker

from dockmagic.oci.reference import Reference
from dockmagic.registry.registries import Registries
from dockmagic.registry.server import RegistryServer
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from small_images import MakeImage

    from dockmagic.registry.repository import Repository


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    """An empty store."""
    return ContentStore(Home(tmp_path / "home"))


@pytest.fixture
def other(tmp_path: Path) -> ContentStore:
    """Another empty store."""
    return ContentStore(Home(tmp_path / "other"))


@pytest.fixture
def make_image(store: ContentStore) -> MakeImage:
    """Makes images in `store`."""
    return image_maker(store)


@pytest.fixture(scope="session", params=["embedded", "docker-registry"])
def registry_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a registry: our own, and Debian's where it is installed."""
    folder = tmp_path_factory.mktemp("registry")
    if request.param == "embedded":
        with RegistryServer(folder) as server:
            yield server.host
        return
    if shutil.which("docker-registry") is None:
        pytest.skip("needs docker-registry")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    (folder / "config.yml").write_text(
        "version: 0.1\n"
        "log: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '{host}'}}\n"
    )
    process = subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://{host}/v2/")
        yield host
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - of our own making
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


@pytest.fixture
def registries() -> Iterator[Registries]:
    """The way to registries."""
    ours = Registries()
    yield ours
    ours.close()


@pytest.fixture
def repository(
    registry_host: str, registries: Registries, request: pytest.FixtureRequest
) -> tuple[Repository, Reference]:
    """A repository of the registry that no other test uses, and its name."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower()).strip("-")[:100]
    ref = Reference.parse(f"{registry_host}/t/{'-'.join(part for part in name.split('-') if part)}:1")
    return registries.repository(ref), ref
