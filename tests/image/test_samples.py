"""The samples: always the same, valid, offline, and never in the user's own store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dockmagic.engine import Engine
from dockmagic.image.samples import samples_home, samples_registry
from dockmagic.image.samples.recipe import Binary, Link
from dockmagic.image.samples.runnable import _static, programs
from dockmagic.image.validate import validate
from dockmagic.oci.errors import ImageNotFound, RegistryBlocked
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.image.layer import Layer

_FIXED = {
    "dockmagic/layers:latest": "sha256:366435caa41a90941f77671fac2da517b928c25af639e1ae061278ef339736e9",
    "dockmagic/layers:zstd": "sha256:9b3b6ef89e856b428dad868b87b7480100bfe8663fd90c6d1711990da472cc65",
}
# The stand-ins of systems, each with its layers' DiffIDs below and above the one of this machine's programs.
_SYSTEMS = {
    "ubuntu:12.04": "96c3bf39 19f8c890 0dd1c1bf f0424571 programs",
    "ubuntu:12.10": "3e9d6b74 36d851d0 b0265e82 77ea0b43 programs",
    "ubuntu:14.04": "352677bf 5bf19396 9c124d98 c330001c programs",
    "fedora:20": "47f86d08 programs",
    "haochen/testrepo:1.0": "352677bf 5bf19396 9c124d98 c330001c programs c71965ac",
    "haochen/testrepo:2.0": "352677bf 5bf19396 9c124d98 c330001c programs c71965ac 89bab44c",
}
_PROGRAMS = "programs-of-this-machine"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One with the samples on."""
    with Engine(tmp_path / "home") as engine:
        engine.use_samples(wanted=True)
        yield engine


@pytest.mark.parametrize(("name", "digest"), _FIXED.items())
def test_layer_teaching_samples_are_the_same_on_every_machine(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, digest: str
) -> None:
    """Their manifests' digests are part of what they are; `_EDITION` goes up when they change."""
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/amd64")
    assert engine.images.pull(name).digest == digest


@pytest.mark.parametrize(("name", "short_diff_ids"), _SYSTEMS.items())
def test_of_a_system_only_the_layer_of_programs_differs(engine: Engine, name: str, short_diff_ids: str) -> None:
    """It is one and the same in all of them, so it is stored once."""
    layers = engine.images.pull(name).layers
    shown = ["programs" if _PROGRAMS in layer.created_by else layer.diff_id[7:15] for layer in layers]
    assert shown == short_diff_ids.split()
    (shared,) = {layer.diff_id for layer in (*layers, *engine.images.pull("ubuntu").layers) if _is_programs(layer)}
    assert len(shared) == 71


def _is_programs(layer: Layer) -> bool:
    return _PROGRAMS in layer.created_by


@pytest.mark.parametrize("name", [*_FIXED, *_SYSTEMS, "busybox"])
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


@pytest.mark.parametrize("static", [True, False], ids=["busybox", "copied"])
def test_there_is_always_a_bash(monkeypatch: pytest.MonkeyPatch, *, static: bool) -> None:
    """The machine's own with its libraries, beside a static busybox or tools that are copied one by one."""
    if static and not _static():
        pytest.skip("needs a static busybox")
    if not static:
        monkeypatch.setattr("dockmagic.image.samples.runnable._static", dict)
    found = programs()
    assert isinstance(found["bin/bash"], Binary)
    assert {"bin/sh", "bin/cat", "bin/ls"} <= set(found)


def test_without_busybox_a_shell_has_all_that_coreutils_offer_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that a first shell is about, too: a pipe with a name, a terminal's settings; each with what it needs."""
    monkeypatch.setattr("dockmagic.image.samples.runnable._static", dict)
    found = programs()
    words = "[ chroot env id mkfifo mknod nohup printf stty test timeout tty who awk find grep gzip ps sed tar vi which"
    assert {f"bin/{word}" for word in words.split() if shutil.which(word)} <= set(found)
    assert all(
        f"bin/{content.target}" in found or content.target.lstrip("/") in found
        for content in found.values()
        if isinstance(content, Link)
    )
    assert any("/libc." in path for path in found)


def test_one_program_under_several_names_is_copied_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As coreutils are in one piece on some systems; scripts of the shell are taken as they are."""
    shutil.copy(shutil.which("cat") or "", tmp_path / "all-in-one")
    for name in ("b2sum", "stty", "tac"):
        (tmp_path / name).symlink_to("all-in-one")
    (tmp_path / "which").write_text("#!/bin/sh\n:\n")
    (tmp_path / "zcat").write_text("#!/usr/bin/perl\n")
    for name in ("which", "zcat"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("dockmagic.image.samples.runnable._static", dict)
    found = programs()
    assert isinstance(found["bin/b2sum"], Binary)
    assert (found["bin/stty"], found["bin/tac"]) == (Link("b2sum"), Link("b2sum"))
    assert found["bin/which"] == Binary(b"#!/bin/sh\n:\n")
    assert "bin/zcat" not in found


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
    (home.root / "registry-4.draft").mkdir(parents=True)
    samples_registry(home)
    made = home.root / "registry-4"
    before = made.stat().st_mtime_ns
    samples_registry(home)
    assert made.stat().st_mtime_ns == before
    assert not (home.root / "registry-4.draft").exists()


def test_a_fresh_home_goes_with_its_process_even_a_killed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process left goes when the next fresh home is made; that of a living one stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = "import os; from dockmagic import Engine; e = Engine(); e.use_samples(wanted=True, fresh=True); {}"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code.format("os._exit(0)")], env=environ, check=True)
    assert len(list(tmp_path.glob("dockmagic-samples-*"))) == 1
    with Engine() as living, Engine() as another:
        living.use_samples(wanted=True, fresh=True)
        another.use_samples(wanted=True, fresh=True)
        assert len(list(tmp_path.glob("dockmagic-samples-*"))) == 2
        assert living.home.root.is_dir()
    subprocess.run([sys.executable, "-c", code.format("")], env=environ, check=True)
