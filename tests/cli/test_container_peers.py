"""podman and umoci beside us: a committed image, what has changed in a container, and its files as a tar."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Typed = Callable[..., Any]
    Podman = Callable[..., bytes]

_SCRIPT = """
mkdir /new; echo x > /new/file; chown 33:44 /new/file; chmod 4711 /new/file; ln /new/file /new/two; ln -s a /link
mkfifo /pipe; rm /var/old; echo more >> /etc/passwd; mkdir -m 700 /own; chown 5:6 /own
"""
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@pytest.fixture
def podman() -> Iterator[Podman]:
    """Podman with a storage of its own, under the short path that it needs for its sockets."""
    if os.geteuid() or not shutil.which("podman") or not shutil.which("runc"):
        pytest.skip("needs podman and runc, as root")
    folder = Path(mkdtemp(prefix="dm-peer-"))
    storage = ("--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs", "--runtime", "runc")

    # It insists on a file where this says that there is one.
    environment = {key: value for key, value in os.environ.items() if key != "DOCKER_CONFIG"}

    def run(*words: str | Path) -> bytes:
        done = subprocess.run(
            ["podman", *storage, *words], check=False, capture_output=True, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield run
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def committed(typed: Typed, box: str, tmp_path: Path) -> Path:
    """The archive of ``made:1``, committed from the container ``peer``; the image below it in ``box.tar``."""
    assert typed("run --name peer", box, "sh", "-ec", _SCRIPT).code == 0
    assert typed("commit peer made:1").code == 0
    assert typed("save -o", str(tmp_path / "made.tar"), "made:1").code == 0
    assert typed("save -o", str(tmp_path / "box.tar"), box).code == 0
    return tmp_path / "made.tar"


def _tree(archive: bytes) -> dict[str, tuple[object, ...]]:
    """What is in a tar, but for what an engine puts there; one name of a file is as good as another."""
    found: dict[str, tuple[object, ...]] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            name = os.path.normpath("/" + member.name)
            kind = tarfile.REGTYPE if member.islnk() else member.type
            content = None if member.issym() else tar.extractfile(member)
            data = content.read() if content is not None else b""
            link = member.linkname if member.issym() else ""
            found[name] = (kind, member.mode & 0o7777, member.uid, member.gid, link, data)
    return {name: what for name, what in found.items() if name not in ("/", "/etc") and not _is_the_engines(name)}


def _is_the_engines(path: str) -> bool:
    return path.startswith(("/dev", "/proc", "/sys", "/run", "/etc/host", "/etc/resolv", "/etc/mtab", "/etc/ssl"))


def test_podman_takes_and_runs_a_committed_image(typed: Typed, committed: Path, podman: Podman, tmp_path: Path) -> None:
    """And has the same files in it, with owners, modes and set-id bits, as the container here."""
    podman("load", "-q", "-i", committed)
    name = "docker.io/library/made:1"
    said = podman(
        "run", "--rm", "--network=none", *_LIMITS, name, "sh", "-c", "stat -c '%u %g %a %h' /new/file; ls /var"
    )
    assert said.split() == [b"33", b"44", b"4711", b"2"]
    podman("create", "--name", "made", *_LIMITS, name, "true")
    assert typed("export -o", str(tmp_path / "here.tar"), "peer").code == 0
    assert _tree(podman("export", "made")) == _tree((tmp_path / "here.tar").read_bytes())


@pytest.mark.usefixtures("committed")
def test_diff_and_cp_give_what_podmans_do(typed: Typed, podman: Podman, tmp_path: Path, box: str) -> None:
    """For the same changes: the same lines, and the same tree in the archive of a folder."""
    podman("load", "-q", "-i", tmp_path / "box.tar")
    name = podman("images", "--format", "{{.Id}}").decode().split()[0]
    podman("run", "--network=none", "--name", "peer", *_LIMITS, name, "sh", "-ec", _SCRIPT)
    lines = {line for line in podman("diff", "peer").decode().splitlines() if line != "C /etc"}
    # podman names the folder of a changed file too, and what it has mounted.
    assert set(typed("diff peer").lines) - {"C /etc"} == {line for line in lines if not _is_the_engines(line[2:])}
    ours = typed("cp peer:/new -").out.encode()
    # podman's archive says that all is root's; docker's has the owners.
    archive = _tree(podman("cp", "peer:/new", "-"))
    assert {name: (*what[:2], *what[4:]) for name, what in _tree(ours).items()} == {
        name: (*what[:2], *what[4:]) for name, what in archive.items()
    }
    assert box


@pytest.mark.usefixtures("committed")
def test_umoci_unpacks_a_committed_image(tmp_path: Path) -> None:
    """From the store itself, which is an OCI layout."""
    if os.geteuid() or not shutil.which("umoci"):
        pytest.skip("needs umoci, as root")
    image = f"{os.environ['DOCKMAGIC_HOME']}/store:docker.io/library/made:1"
    done = subprocess.run(
        ["umoci", "unpack", "--image", image, tmp_path / "bundle"], check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    status = (tmp_path / "bundle" / "rootfs" / "new" / "file").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777, status.st_nlink) == (33, 44, 0o4711, 2)
    assert not (tmp_path / "bundle" / "rootfs" / "var" / "old").exists()
