"""Images made on the spot, stores of their own, and a registry to pull from and push to."""

from __future__ import annotations

import gzip
import io
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.request
from typing import TYPE_CHECKING, Protocol

import pytest

from dockmagic.image.mutate import append_layer, empty_image, with_config
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config, History
from dockmagic.registry.registries import Registries
from dockmagic.registry.server import RegistryServer
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.registry.repository import Repository


def layer_tar(files: Mapping[str, bytes | None]) -> bytes:
    """A layer: content by path, a directory by a slash at the end, ``-> TARGET`` for a link, None for a whiteout."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            member = tarfile.TarInfo(f"{folder}/.wh.{name}".lstrip("/") if content is None else path)
            if path.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            data = content or b""
            if data.startswith(b"\x7fELF"):
                member.mode = 0o755
            if data.startswith(b"-> "):
                member.type, member.linkname, data = tarfile.SYMTYPE, data[3:].decode(), b""
            member.size = len(data)
            member.mtime = 1_700_000_000
            tar.addfile(member, io.BytesIO(data))
    return raw.getvalue()


class MakeImage(Protocol):
    """Makes an image; see `make_image`."""

    def __call__(
        self,
        *layers: Mapping[str, bytes | None],
        name: str = "",
        base: Image | None = None,
        platform: str = "",
        cmd: str = "",
    ) -> Image:
        """An image of `layers` upon `base`, named `name` in the store."""
        ...


def image_maker(store: ContentStore) -> MakeImage:
    """A `MakeImage` for `store`."""

    def make(
        *layers: Mapping[str, bytes | None],
        name: str = "",
        base: Image | None = None,
        platform: str = "",
        cmd: str = "",
    ) -> Image:
        where = Platform.parse(platform) if platform else Platform.local()
        image = base or empty_image(store, where, created="2024-01-01T00:00:00Z")
        for number, files in enumerate(layers):
            tar = layer_tar(files)
            desc = store.put_bytes(media.OCI_LAYER_GZIP, gzip.compress(tar, 1, mtime=0))
            step = History(created=f"2024-01-0{number + 1}T00:00:00Z", created_by=f"COPY {next(iter(files))} /")
            image = append_layer(store, image, desc, Digest.of(tar), step)
        if cmd:
            image = with_config(store, image, Config(cmd=(cmd,)), History(created_by=f"CMD {cmd}"))
        if name:
            store.tag(Reference.parse(name), image.descriptor)
            image.names = (Reference.parse(name).or_latest(),)
        return image

    return make


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
