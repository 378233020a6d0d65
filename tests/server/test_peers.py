"""Other engines push to the embedded registry and pull from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import bcrypt
import pytest

from dockmagic.image.samples import samples_registry
from dockmagic.registry.server import Htpasswd, RegistryServer
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.slow


def needs(peer: str) -> pytest.MarkDecorator:
    """Skip, by name, where `peer` is not installed."""
    return pytest.mark.skipif(shutil.which(peer) is None, reason=f"needs {peer}")


def run(*words: str | Path) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryServer]:
    """One with the samples in it."""
    with samples_registry(Home(tmp_path / "samples")) as server:
        yield server


def manifest_digest(name: str) -> str:
    """What the registry says that `name` is."""
    return str(json.loads(run("skopeo", "inspect", "--tls-verify=false", f"docker://{name}"))["Digest"])


@needs("skopeo")
def test_skopeo_copies_there_and_back(registry: RegistryServer, tmp_path: Path) -> None:
    """Into a layout and into another repository: the same digest everywhere; then it deletes."""
    name = f"{registry.host}/haochen/testrepo:2.0"
    layout, copy = f"oci:{tmp_path}/layout:x", f"{registry.host}/copied/there:1"
    run("skopeo", "copy", "--src-tls-verify=false", f"docker://{name}", layout)
    run("skopeo", "copy", "--dest-tls-verify=false", layout, f"docker://{copy}")
    assert manifest_digest(copy) == manifest_digest(name)
    run("skopeo", "delete", "--tls-verify=false", f"docker://{copy}")
    left = json.loads(run("skopeo", "list-tags", "--tls-verify=false", f"docker://{registry.host}/copied/there"))
    assert left["Tags"] == []


@needs("skopeo")
def test_skopeo_copies_an_index_and_zstd_layers(registry: RegistryServer) -> None:
    """To a second registry, with all platforms."""
    with RegistryServer() as other:
        for name in ("library/fedora:20", "dockmagic/layers:zstd"):
            source, target = f"docker://{registry.host}/{name}", f"docker://{other.host}/{name}"
            run("skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", source, target)
            raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", source)
            assert run("skopeo", "inspect", "--raw", "--tls-verify=false", target) == raw


@pytest.mark.parametrize(
    "engine", [pytest.param("podman", marks=needs("podman")), pytest.param("buildah", marks=needs("buildah"))]
)
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, or sub-uids for the engine's own store")
@needs("skopeo")
def test_engines_pull_and_push(
    registry: RegistryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A pulled image goes up again under another name, and is the same image."""
    monkeypatch.delenv("DOCKER_CONFIG")  # a folder without config.json is an error to them
    monkeypatch.setenv("HOME", str(tmp_path))
    short = Path(mkdtemp(prefix="dm"))  # podman wants its runroot in 50 characters
    store = ("--root", str(short / "root"), "--runroot", str(short / "run"), "--storage-driver", "vfs")
    name, copy = f"{registry.host}/dockmagic/layers:latest", f"{registry.host}/{engine}/layers:1"
    run(engine, *store, "pull", "--tls-verify=false", name)
    run(engine, *store, "tag", name, copy)
    run(engine, *store, "push", "--tls-verify=false", copy)
    first, second = (
        json.loads(run("skopeo", "inspect", "--config", "--raw", "--tls-verify=false", f"docker://{one}"))
        for one in (name, copy)
    )
    assert first["rootfs"] == second["rootfs"]
    shutil.rmtree(short, ignore_errors=True)


@needs("skopeo")
def test_skopeo_logs_in(tmp_path: Path) -> None:
    """With a user of a file; without one it is refused."""
    file = tmp_path / "htpasswd"
    file.write_text(f"ann:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    with samples_registry(Home(tmp_path / "samples")) as samples:
        source = f"docker://{samples.host}/haochen/testrepo:2.0"
        with RegistryServer(tmp_path / "kept", users=Htpasswd(file)) as server:
            words = ("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false")
            target = f"docker://{server.host}/a/b:1"
            refused = subprocess.run([*words, source, target], check=False, capture_output=True, text=True, timeout=60)
            assert refused.returncode != 0
            assert "authentication required" in refused.stderr or "unauthorized" in refused.stderr
            login = f"--authfile={tmp_path}/auth.json"
            run("skopeo", "login", "--tls-verify=false", login, "-u", "ann", "-p", "secret", server.host)
            run(*words, login, source, target)
            run("skopeo", "inspect", "--tls-verify=false", login, target)
