"""The samples: always the same, valid, offline, and never in the user's own store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.engine import Engine
from dockmagic.image.samples import samples_home, samples_registry
from dockmagic.image.validate import validate
from dockmagic.oci.errors import ImageNotFound, RegistryBlocked
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIXED = {
    "ubuntu:12.04": "sha256:e2eaa0a034fcf0ec423a8cd12bfba094f434114ac3857b01757dc8f8fae6a00c",
    "ubuntu:12.10": "sha256:55ecdfd5c679e9f7c3847289fa4d11c0214c644adc4913c30cd17daa68b76e7a",
    "ubuntu:14.04": "sha256:27e8feb27a855d71bc275e43fb73aa76f784d3322528811b678cf70ecbee8531",
    "fedora:20": "sha256:4a71d9ef633273bed651758336cb178301a0ad54a8d5f065d712964c2635fa72",
    "haochen/testrepo:1.0": "sha256:fb84015550b12a5e3e3f53bc1a429df84e16c5e4ad2fa2f3f246dbffbddb2203",
    "haochen/testrepo:2.0": "sha256:77ea34dca9598109ad43aaf0aa0c6792f35c93472a5316b2cf0a13dca817cf37",
    "dockmagic/layers:latest": "sha256:366435caa41a90941f77671fac2da517b928c25af639e1ae061278ef339736e9",
    "dockmagic/layers:zstd": "sha256:9b3b6ef89e856b428dad868b87b7480100bfe8663fd90c6d1711990da472cc65",
}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One with the samples on, which chooses the same platform everywhere."""
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/amd64")
    with Engine(tmp_path / "home") as engine:
        engine.use_samples(wanted=True)
        yield engine


@pytest.mark.parametrize(("name", "digest"), _FIXED.items())
def test_layer_teaching_samples_are_the_same_on_every_machine(engine: Engine, name: str, digest: str) -> None:
    """Their manifests' digests are part of what they are; `_EDITION` goes up when they change."""
    assert engine.images.pull(name).digest == digest


@pytest.mark.parametrize("name", [*_FIXED, "busybox"])
def test_every_sample_is_valid(engine: Engine, name: str) -> None:
    """Digests, DiffIDs, sizes and media types."""
    assert list(validate(engine.images.pull(name))) == []


def test_the_same_layers_in_another_compression_are_the_same_image(engine: Engine) -> None:
    """One image ID, two manifest digests."""
    gzip, zstd = (engine.images.pull(f"dockmagic/layers:{tag}") for tag in ("latest", "zstd"))
    assert gzip.id == zstd.id
    assert gzip.digest != zstd.digest


def test_the_teaching_image_does_all_that_a_layer_can_do(engine: Engine) -> None:
    """A change, a whiteout, an opaque directory, and steps without a layer."""
    image = engine.images.pull("dockmagic/layers")
    changes = [{(change.letter, change.path) for change in layer.changes} for layer in image.layers]
    assert ("C", "/etc/motd") in changes[1]
    assert changes[2] == {("D", "/docs/manual")}
    assert changes[3] >= {("D", "/cache/one"), ("D", "/cache/two"), ("A", "/cache/three")}
    assert image.layers[3].table.opaque
    assert sum(1 for step in image.history if step.empty_layer) == 3
    assert (image / "bin/hi").read_text() == "#!/bin/sh\necho hello\n"


def test_a_users_repository_stands_on_the_official_one(engine: Engine) -> None:
    """Its lower layers are those of ubuntu:14.04, blob by blob."""
    site, ubuntu = engine.images.pull("haochen/testrepo:2.0"), engine.images.pull("ubuntu:14.04")
    lower = site.layers[: len(ubuntu.layers)]
    assert [layer.descriptor for layer in lower] == [layer.descriptor for layer in ubuntu.layers]


def test_busybox_has_a_shell(engine: Engine) -> None:
    """Of this machine."""
    image = engine.images.pull("busybox")
    assert (image / "bin/sh").read_bytes()[:4] == b"\x7fELF"


def test_search_finds_them(engine: Engine) -> None:
    """Official ones and users', most stars first."""
    found = engine.registries.search("ubuntu")
    assert [(one.name, one.is_official) for one in found] == [("ubuntu", True), ("haochen/testrepo", False)]


def test_offline_is_offline(engine: Engine) -> None:
    """What is no sample is not asked for elsewhere."""
    with pytest.raises(ImageNotFound):
        engine.images.pull("debian")
    with pytest.raises(RegistryBlocked, match="while samples are on"):
        engine.images.pull("quay.io/some/thing")


def test_stand_ins_never_enter_the_users_own_store(tmp_path: Path) -> None:
    """They have a home of their own, which stays; a fresh one goes."""
    with Engine(tmp_path / "home") as engine:
        engine.use_samples(wanted=True)
        engine.images.pull("ubuntu:12.04")
        engine.use_samples(wanted=True, fresh=True)
        fresh = engine.home.root
        assert not engine.store.names()
        engine.images.pull("ubuntu:12.04")
        assert fresh.exists()
        engine.use_samples(wanted=False)
        assert not fresh.exists()
        assert not engine.store.names()
        assert not (tmp_path / "home" / "store").exists()
        engine.use_samples(wanted=True)
        assert len(engine.store.names()) == 1


def test_the_environment_begins_with_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``DOCKMAGIC_SAMPLES=1``; ``0`` is off."""
    for value, on in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("DOCKMAGIC_SAMPLES", value)
        with Engine(tmp_path) as engine:
            assert (engine.samples is not None) is on


def test_the_registry_is_made_once(tmp_path: Path) -> None:
    """And an interrupted making leaves nothing half made."""
    home = samples_home(Home(tmp_path))
    (home.root / "registry-1.draft").mkdir(parents=True)
    samples_registry(home)
    made = home.root / "registry-1"
    before = made.stat().st_mtime_ns
    samples_registry(home)
    assert made.stat().st_mtime_ns == before
    assert not (home.root / "registry-1.draft").exists()
