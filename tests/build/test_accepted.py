"""Other engines take the images that are built here, keep their IDs and words, and run them alike."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dockmagic.builder.outcome.output import BuildOutput
from dockmagic.oci.digest import Digest
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_harness import Builder

    from dockmagic.builder.outcome.result import Build
    from dockmagic.image.image import Image

# Words that all versions of BuildKit have written in the same way.
_DOCKERFILE = """
FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV KIND="two words" EMPTY=

FROM base
ARG VERSION=3
ARG UNSET
LABEL org.example.what="x y" version=$VERSION
WORKDIR /srv/app
COPY one two ./
ADD one /added
RUN echo $VERSION > made && chmod 600 made && chown 5:6 made
VOLUME ["/data"]
USER 5:6
STOPSIGNAL SIGQUIT
ENTRYPOINT ["cat"]
CMD ["/added", "made"]
ONBUILD RUN echo triggered
"""
_SAYS = "one\n3\n"
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


def run(*words: str | Path, **environment: str) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def needs(*peers: str) -> pytest.MarkDecorator:
    """Skip, by name, where one of `peers` is not installed."""
    missing = [peer for peer in peers if shutil.which(peer) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


class Built(NamedTuple):
    """What was built, and where it was written."""

    build: Build
    folder: Path

    @property
    def image(self) -> Image:
        """The result."""
        return self.build.image

    @property
    def layout(self) -> str:
        """The archive of an OCI layout."""
        return f"{self.folder}/oci.tar"

    @property
    def archive(self) -> str:
        """The archive of ``docker save``."""
        return f"{self.folder}/docker.tar"


@pytest.fixture
def built(make: Builder, tmp_path: Path) -> Built:
    """The Dockerfile above."""
    shutil.copy(shutil.which("busybox") or "", make.folder / "busybox")
    outputs = (
        BuildOutput(type="oci", dest=str(tmp_path / "oci.tar")),
        BuildOutput(type="docker", dest=str(tmp_path / "docker.tar")),
    )
    files = {"one": "one\n", "two": "two\n"}
    return Built(make(_DOCKERFILE, files, tags=(Reference.parse("example.org/built:1"),), outputs=outputs), tmp_path)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with the short path that engines need for their sockets."""
    folder = Path(mkdtemp(prefix="dm-peer-"))
    yield folder
    subprocess.run(["umount", "--quiet", "--recursive", folder / "root" / "overlay"], capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def told(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without its times and DiffIDs."""
    rows = [{key: value for key, value in row.items() if key != "created"} for row in config["history"]]
    return {
        **{key: value for key, value in config.items() if key not in ("created", "rootfs")},
        "history": rows,
        "layers": len(config["rootfs"]["diff_ids"]),
    }


@needs("skopeo")
@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_skopeo_reads_and_copies(built: Built, form: str) -> None:
    """The labels, the layers and the image ID are those of the image here."""
    source = f"{form}:{built.layout if form == 'oci-archive' else built.archive}"
    found = json.loads(run("skopeo", "inspect", source))
    assert found["Labels"] == {"org.example.what": "x y", "version": "3"}
    assert len(found["Layers"]) == len(built.image.layers)
    run("skopeo", "copy", source, f"dir:{built.folder}/copy")
    manifest = json.loads((built.folder / "copy" / "manifest.json").read_bytes())
    assert manifest["config"]["digest"] == built.image.id
    assert json.loads(run("skopeo", "inspect", "--config", "--raw", source)) == json.loads(built.image.raw_config)


@needs("skopeo")
def test_skopeo_sees_dockers_media_types_on_request(make: Builder, tmp_path: Path) -> None:
    """``oci-mediatypes=false``: a schema 2 manifest, whose configuration and layers are Docker's too."""
    output = BuildOutput(type="oci", dest=str(tmp_path / "oci.tar"), docker_media_types=True)
    built = make("FROM base\nRUN echo 1 > /made", outputs=(output,))
    manifest = json.loads(run("skopeo", "inspect", "--raw", f"oci-archive:{tmp_path}/oci.tar"))
    docker = "application/vnd.docker"
    assert manifest["mediaType"] == f"{docker}.distribution.manifest.v2+json"
    assert manifest["config"] == {
        "mediaType": f"{docker}.container.image.v1+json",
        "digest": built.image.id,
        "size": len(built.image.raw_config),
    }
    assert {layer["mediaType"] for layer in manifest["layers"]} == {f"{docker}.image.rootfs.diff.tar.gzip"}


@needs("podman", "runc")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, or sub-uids for podman's own store")
@pytest.mark.parametrize("form", ["layout", "archive"])
def test_podman_keeps_and_runs(built: Built, short: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Loaded from either archive it has our ID and history, and says what it says here."""
    monkeypatch.delenv("DOCKER_CONFIG")  # a folder without config.json is an error to podman
    podman = ("podman", "--root", f"{short}/root", "--runroot", f"{short}/run", "--runtime=runc")
    run(*podman, "load", "-q", "-i", getattr(built, form))
    (found,) = json.loads(run(*podman, "image", "inspect", built.image.id.hex))
    assert found["Id"] == built.image.id.hex
    assert [row["created_by"] for row in found["History"]] == [row.created_by for row in built.image.history]
    assert found["Labels"] == built.image.config.labels
    words = ("run", "--rm", "--network=none", *_LIMITS)
    probe = subprocess.run([*podman, *words, "--entrypoint=true", found["Id"]], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("podman cannot run containers here")
    assert run(*podman, *words, found["Id"]) == _SAYS


# ------------------------------------------------------------------ dockerd


class Docker(NamedTuple):
    """A daemon of its own, and the client that speaks to it."""

    client: str
    socket: str

    def __call__(self, *words: str | Path, **environment: str) -> str:
        """What ``docker …`` prints."""
        return run(self.client, "-H", self.socket, *words, **environment)


def _builders() -> Iterator[str]:
    """Every docker on the path: of two, the first may not be able to build."""
    for folder in os.get_exec_path():
        if os.access(f"{folder}/docker", os.X_OK):
            yield f"{folder}/docker"


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """A dockerd in a folder of its own that touches neither the machine's network nor its firewall."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None or not list(_builders()):
        pytest.skip("needs dockerd and root")
    folder = Path(mkdtemp(prefix="dm-dockerd-"))
    place = ("--data-root", folder / "root", "--exec-root", folder / "exec", "--pidfile", folder / "pid")
    quiet = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none")
    docker = Docker(next(_builders()), f"unix://{folder}/sock")
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(["dockerd", *place, *quiet, "-H", docker.socket], stdout=log, stderr=log)
    try:
        for _ in range(150):
            with contextlib.suppress(AssertionError):
                docker("version")
                break
            if daemon.poll() is not None:
                break
            time.sleep(0.2)
        else:
            pytest.skip("dockerd does not come up here")
        if daemon.poll() is not None:
            pytest.skip("dockerd does not run here")
        yield docker
    finally:
        daemon.terminate()
        daemon.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def test_dockerd_keeps_and_runs(built: Built, docker: Docker) -> None:
    """The same ID and history after load, and the same words from its program."""
    docker("load", "-q", "-i", built.archive)
    (found,) = json.loads(docker("image", "inspect", "example.org/built:1"))
    assert found["Id"] == built.image.id
    rows = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", found["Id"]).splitlines()
    assert rows == [row.created_by for row in reversed(built.image.history)]
    assert docker("run", "--rm", "--network=none", found["Id"]) == _SAYS


def test_dockerd_writes_the_same_configuration(built: Built, docker: Docker, make: Builder) -> None:
    """Its BuildKit makes of the same Dockerfile what we make of it, all but times and layers' digests."""
    (make.folder / "Dockerfile").write_text(_DOCKERFILE)
    for client in _builders():
        words = ("build", "-q", "--network=none", "-t", "theirs", make.folder)
        with contextlib.suppress(AssertionError):
            Docker(client, docker.socket)(*words, DOCKER_BUILDKIT="1")
            break
    else:
        pytest.skip("this docker cannot build")
    docker("save", "-o", built.folder / "theirs.tar", "theirs")
    unpacked = built.folder / "theirs"
    unpacked.mkdir()
    run("tar", "-C", unpacked, "-xf", built.folder / "theirs.tar")
    (entry,) = json.loads((unpacked / "manifest.json").read_bytes())
    theirs = (unpacked / entry["Config"]).read_bytes()
    assert docker("image", "inspect", "-f", "{{.Id}}", "theirs").strip() == Digest.of(theirs)
    assert told(json.loads(built.image.raw_config)) == told(json.loads(theirs))
