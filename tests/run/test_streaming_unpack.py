"""Layers that are unpacked while they come: the same as unpacked later, and nothing half-done stays."""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from programs import finish, spec

from dockmagic.image.mutate import append_layer
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidContent
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import History
from dockmagic.runtime.creation import create
from dockmagic.runtime.disk.layer_gc import collect_layers
from dockmagic.runtime.disk.streaming_unpack import pull_unpacked
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.snapshot import layers
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.oci.spec import Descriptor

NAME = Reference.parse("arriving:1")


@pytest.fixture
def here(store: ContentStore, tmp_path: Path) -> Iterator[ContentStore]:
    """Another store, which has nothing yet; unpacked layers are shared between containers here."""
    if not choose(store.home).snapshots.shares_layers:
        pytest.skip("each container gets a copy of the whole tree here")
    found = ContentStore(Home(tmp_path / "here"))
    yield found
    remove_folders(choose(found.home), [str(found.home.layers), str(found.home.containers)])


def tar(*members: tuple[str, bytes, bytes | str]) -> bytes:
    """A tar of names, types, and contents or link targets."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, kind, what in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755 if kind == tarfile.DIRTYPE else 0o644
            if isinstance(what, str):
                info.linkname = what
                file.addfile(info)
            else:
                info.size = len(what)
                file.addfile(info, io.BytesIO(what))
    return out.getvalue()


def named(store: ContentStore, image: Image, *tars: bytes) -> Image:
    """`image` with further layers, under `NAME`."""
    with store.lease() as keep:
        for data in tars:
            layer = store.put_bytes(media.OCI_LAYER, data)
            keep([layer.digest])
            image = append_layer(store, image, layer, Digest(layer.digest), History(created_by="test"))
            keep([image.digest, image.id])
        store.tag(NAME, image.descriptor)
    return image


def unpacked(store: ContentStore) -> set[str]:
    """Names of what lies with the unpacked layers, hidden ones too."""
    return {path.name for path in (store.home.layers / choose(store.home).form_name).iterdir()}


def test_a_container_finds_its_layers_unpacked(store: ContentStore, image: Image, here: ContentStore) -> None:
    """All that `ensure` would do has been done by the time the image has its name."""
    named(store, image, tar(("etc", tarfile.DIRTYPE, b""), ("etc/new", tarfile.REGTYPE, b"new\n")))
    pulled = pull_unpacked(store, here, NAME)
    assert unpacked(here) == set(layers.keys(here, pulled))
    known = {path.name: path.stat().st_ino for path in (here.home.layers / choose(here.home).form_name).iterdir()}
    container = create(here, pulled, spec(["sh", "-c", "cat /etc/new; stat -c %u /home/user/own"], network="none"))
    owner = "1000" if choose(here.home).keeps_owners else "0"
    assert finish(container)[:2] == (0, f"new\n{owner}\n")
    container.remove()
    folder = here.home.layers / choose(here.home).form_name
    assert {name: (folder / name).stat().st_ino for name in known} == known


@pytest.mark.parametrize(
    "odd",
    [
        tar(("etc/new", tarfile.REGTYPE, b"new\n")),
        tar(
            ("etc", tarfile.DIRTYPE, b""),
            ("etc/new", tarfile.LNKTYPE, "var/old"),
            ("etc/n", tarfile.LNKTYPE, "etc/new"),
        ),
    ],
    ids=["a folder that it does not mention", "a hard link into a layer below"],
)
def test_a_layer_that_needs_those_below_waits(
    store: ContentStore, image: Image, here: ContentStore, odd: bytes
) -> None:
    """It cannot be unpacked before the others are known; then it is, as ever."""
    named(store, image, odd)
    pulled = pull_unpacked(store, here, NAME)
    assert unpacked(here) == set(layers.keys(here, pulled)[:1])
    container = create(here, pulled, spec(["sh", "-c", "cat /etc/new; stat -c %a /etc"], network="none"))
    code, out, _ = finish(container)
    container.remove()
    assert (code, out[4:]) == (0, "755\n")
    assert out[:4] in {"new\n", "old\n"}


class Spoiled:
    """A source whose layers come otherwise than they should."""

    def __init__(self, store: ContentStore, spoil: Callable[[bytes], bytes]) -> None:
        self._store = store
        self._spoil = spoil
        self.resolve, self.read = store.resolve, store.read

    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> AbstractContextManager[BinaryIO]:
        """The blob, spoiled."""

        @contextmanager
        def opened() -> Iterator[BinaryIO]:
            with self._store.open(desc, verify=verify) as stream:
                yield io.BytesIO(self._spoil(stream.read())[offset:])

        return opened()


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-600] + b"x" * 600, lambda data: b"x" * len(data), lambda data: data[: len(data) // 2]],
    ids=["its end", "all of it", "it breaks off"],
)
def test_of_a_layer_that_is_not_the_one_nothing_stays(
    store: ContentStore, image: Image, here: ContentStore, spoil: Callable[[bytes], bytes]
) -> None:
    """Neither as a blob nor unpacked."""
    named(store, image)
    with pytest.raises(InvalidContent):
        pull_unpacked(Spoiled(store, spoil), here, NAME)  # type: ignore[arg-type]
    assert unpacked(here) == set()
    assert here.names() == ()


def test_interrupted_it_leaves_nothing(store: ContentStore, image: Image, here: ContentStore) -> None:
    """What was unpacked of a layer goes at once."""
    named(store, image)

    def interrupt(_: Descriptor, status: str, done: int, total: int) -> None:
        if status == "Downloading" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_unpacked(store, here, NAME, on_progress=interrupt)
    assert unpacked(here) == set()
    pulled = pull_unpacked(store, here, NAME)
    assert unpacked(here) == set(layers.keys(here, pulled))


def test_what_a_kill_left_is_collected(here: ContentStore) -> None:
    """A folder that nobody will finish goes with the layers that nothing needs."""
    left = here.home.layers / choose(here.home).form_name / ".arriving-0123456789abcdef-1"
    left.mkdir(parents=True)
    collect_layers(here)
    assert not left.exists()
