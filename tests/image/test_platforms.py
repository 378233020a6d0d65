"""Indexes kept whole: pulled with all platforms, made of images, changed, pushed, shown and used."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from indexes import all_at, push_index
from small_images import image_maker

from dockmagic import BlobNotFound, Conflict, Engine, ImageNotFound, InvalidInput, PlatformNotFound
from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.invoke import invoke
from dockmagic.image.validate import validate
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic import Image


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """A registry for all tests."""
    with RegistryServer() as server:
        yield server


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with a home of its own."""
    with Engine(tmp_path / "home") as engine:
        engine.home.prepare()
        yield engine


@pytest.fixture
def index(server: RegistryServer, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The name of an index in the registry: two platforms and an attestation."""
    name = f"{server.host}/{request.node.name.replace('_', '-').split('[')[0]}:1"
    with Engine(tmp_path / "publisher") as publisher:
        push_index(publisher, name)
    return name


def test_an_index_comes_with_everything_in_it(engine: Engine, index: str) -> None:
    """The name stands for this machine's image; every platform is there without the registry."""
    image = engine.images.pull_platforms(index)
    assert image.tags == (index,)
    assert image.platform == Platform.local()
    here = all_at(engine, index)
    assert here == all_at(engine, f"docker://{index}")
    assert len(engine.images) == 1
    with Engine(engine.home, registries=Unreachable()) as alone:
        for platform in ("linux/amd64", "linux/arm64"):
            found = alone.images.find(index, platform=platform)
            assert str(found.platform) == platform
            assert (found / platform.replace("/", "-")).read_text() == platform
            assert validate(found) == ()
            assert str(alone.images.ensure(index, platform=platform).platform) == platform


class Unreachable:
    """Registries that nobody may ask."""

    def repository(self, ref: Reference) -> object:
        """Fail."""
        raise AssertionError(f"{ref} was asked for")

    def close(self) -> None:
        """Nothing is open."""


def test_the_collector_keeps_what_the_index_needs(engine: Engine, index: str) -> None:
    """And takes it away with the name."""
    engine.images.pull_platforms(index)
    before = set((engine.home.store / "blobs/sha256").iterdir())
    engine.images.prune(all_unused=False)
    from dockmagic.store.gc import collect  # for this test alone

    collect(engine.store)
    assert set((engine.home.store / "blobs/sha256").iterdir()) == before
    engine.images.remove(index)
    assert list((engine.home.store / "blobs/sha256").iterdir()) == []
    assert engine.store.manifests() == ()


def test_a_name_that_moves_on_leaves_its_index(engine: Engine, index: str) -> None:
    """While a pull of the same index keeps it, and a further name has it, too."""
    engine.images.pull_platforms(index)
    engine.images.pull(index)
    assert engine.store.whole_index(Reference.parse(index)) is not None
    engine.images.tag(index, "other:1")
    assert engine.store.whole_index(Reference.parse("other:1")) == engine.store.whole_index(Reference.parse(index))
    image_maker(engine.store)({"x": b"y"}, name="plain:1")
    engine.images.tag("plain:1", index)
    assert engine.store.whole_index(Reference.parse(index)) is None
    assert engine.store.whole_index(Reference.parse("other:1")) is not None


def test_an_image_that_is_no_index_is_pulled_as_ever(engine: Engine, index: str) -> None:
    """All of its platforms are one."""
    name = index.removesuffix(":1") + ":arm64"
    assert str(engine.images.pull_platforms(name).platform) == "linux/arm64"
    assert engine.store.whole_index(Reference.parse(name)) is None


def test_what_is_missing_in_an_index_lets_nothing_in(engine: Engine, index: str, tmp_path: Path) -> None:
    """No name, and what has come is collected."""
    engine.images.copy(f"docker://{index}", f"oci:{tmp_path}/l:x", all_platforms=True)
    (line,) = json.loads((tmp_path / "l/index.json").read_text())["manifests"]
    children = json.loads((tmp_path / "l/blobs/sha256" / line["digest"][7:]).read_text())["manifests"]
    (tmp_path / "l/blobs/sha256" / children[2]["digest"][7:]).unlink()
    with pytest.raises(BlobNotFound):
        engine.images.copy(f"oci:{tmp_path}/l:x", "broken:1", all_platforms=True)
    assert engine.store.manifests() == ()


def test_attestations_are_shown_as_what_they_are(engine: Engine, index: str) -> None:
    """Here and in a registry; unknown/unknown is nowhere."""
    there = engine.images.platforms(index)
    assert [(row.kind, row.platform, row.here) for row in there] == [
        ("image", "linux/amd64", False),
        ("image", "linux/arm64", False),
        ("attestation", "linux/amd64", False),
    ]
    assert there[2].subject == there[0].digest
    engine.images.pull_platforms(index)
    rows = engine.images.platforms()
    assert [row.here for row in rows] == [True] * 3
    assert [row.digest for row in rows] == [row.digest for row in there]
    image_maker(engine.store)({"x": b"y"}, name="plain:1")
    assert [(row.kind, row.platform, row.here) for row in engine.images.platforms("plain:1")] == [
        ("image", str(Platform.local()), True)
    ]


# Lists made here


@pytest.fixture
def members(engine: Engine) -> tuple[Image, Image]:
    """Images of two platforms."""
    make = image_maker(engine.store)
    for name in ("amd64", "arm64"):
        make({name: name.encode()}, platform=f"linux/{name}", name=f"app:{name}")
    return engine.images.get("app:amd64"), engine.images.get("app:arm64")


def test_a_list_is_made_pushed_and_used(
    engine: Engine, server: RegistryServer, members: tuple[Image, Image], tmp_path: Path
) -> None:
    """One name for both; whoever pulls it gets the image of the platform."""
    image = engine.manifests.create("app:1", ["app:amd64", members[1]], annotations={"made": "here"})
    assert image.digest == members[Platform.local().architecture == "arm64"].digest
    document = engine.manifests.inspect("app:1")
    assert document["annotations"] == {"made": "here"}
    assert [line["platform"] for line in document["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
    ]
    done = engine.manifests.push("app:1", f"{server.host}/made:1")
    with Engine(tmp_path / "elsewhere") as elsewhere:
        for each in members:
            pulled = elsewhere.images.pull(f"{server.host}/made:1", platform=each.platform)
            assert pulled.digest == each.digest
            assert pulled.repo_digest == done.digest
        remote = elsewhere.manifests.inspect(f"{server.host}/made:1", verbose=True)
    assert [one["Descriptor"]["digest"] for one in remote] == [each.digest for each in members]
    assert remote[0]["OCIManifest"]["config"]["digest"] == members[0].id


def test_a_list_is_amended_and_annotated(engine: Engine, members: tuple[Image, Image]) -> None:
    """The images stay what they are."""
    engine.manifests.create("app:1", "app:amd64")
    with pytest.raises(Conflict, match="is there already"):
        engine.manifests.create("app:1", "app:arm64")
    engine.manifests.create("app:1", "app:arm64", amend=True)
    engine.manifests.annotate("app:1", "app:arm64", arch="arm", variant="v7", os_features=["x"], annotations={"a": "b"})
    lines = engine.manifests.inspect("app:1")["manifests"]
    assert lines[1]["platform"] == {"architecture": "arm", "os": "linux", "variant": "v7", "os.features": ["x"]}
    assert lines[1]["annotations"] == {"a": "b"}
    assert lines[1]["digest"] == members[1].digest
    assert "annotations" not in lines[0]
    image_maker(engine.store)({"z": b"z"}, name="stranger:1")
    with pytest.raises(PlatformNotFound, match="no such image"):
        engine.manifests.annotate("app:1", "stranger:1", arch="arm")
    engine.manifests.remove("app:1")
    assert "app:1" not in engine.images
    assert "app:amd64" in engine.images
    for call in (engine.manifests.push, engine.manifests.remove):
        with pytest.raises(ImageNotFound, match="there is no list app:1"):
            call("app:1")
    with pytest.raises(InvalidInput, match="at least one"):
        engine.manifests.create("app:2", [])


def test_members_of_registries_are_brought(engine: Engine, index: str) -> None:
    """Each with its layers, so that the list is whole."""
    base = index.removesuffix(":1")
    engine.manifests.create("both:1", [f"{base}:amd64", f"{base}:arm64"])
    assert [row.here for row in engine.images.platforms("both:1")] == [True, True]
    assert [one.tags for one in engine.images] == [("both:1",)]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_umoci_and_skopeo_go_on_reading_the_store(engine: Engine, index: str, tmp_path: Path) -> None:
    """A whole index is no second image of the name to them, and umoci's collector finds all of it."""
    image = engine.images.pull_platforms(index)
    name = str(Reference.parse(index))
    listed = subprocess.run(["umoci", "ls", "--layout", engine.home.store], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == [name]
    subprocess.run(["umoci", "gc", "--layout", engine.home.store], check=True, capture_output=True)
    assert all(row.here for row in engine.images.platforms(index))
    if shutil.which("skopeo"):
        command = ["skopeo", "--insecure-policy", "inspect", "--raw", f"oci:{engine.home.store}:{name}"]
        assert subprocess.run(command, check=True, capture_output=True).stdout == image.raw_manifest


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_skopeo_chooses_from_a_list_of_ours(
    engine: Engine, server: RegistryServer, members: tuple[Image, Image], tmp_path: Path
) -> None:
    """By the platforms that we wrote into it."""
    engine.manifests.create("app:1", ["app:amd64", "app:arm64"])
    engine.manifests.push("app:1", f"{server.host}/chosen:1")
    for each in members:
        target = tmp_path / each.platform.architecture
        command = ["skopeo", "--insecure-policy", "--override-arch", each.platform.architecture, "copy", "-q"]
        source = f"docker://{server.host}/chosen:1"
        subprocess.run([*command, "--src-tls-verify=false", source, f"dir:{target}"], check=True)
        assert (target / "manifest.json").read_bytes() == each.raw_manifest


def test_a_push_of_a_list_says_what_it_leaves_out(engine: Engine, index: str) -> None:
    """One image goes, and the verb for all of them is named."""
    engine.images.pull_platforms(index)
    told: list[str] = []
    invoke(CommandContext(engine, say=told.append), ["push", index])
    assert f"{index} is a list: the image of one platform is pushed, `manifest push` sends all of them" in told
