"""Copies between places: every byte as it was, nothing half there, and other tools read and write the same."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from typing import TYPE_CHECKING

import pytest
from indexes import all_at, push_index, raw_at
from small_images import image_maker

from dockmagic import Conflict, DockmagicError, Engine, ImageNotFound, InvalidInput, NotSupported, RegistryError
from dockmagic.image.transports.restartable import RestartableBlob
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidContent
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dockmagic import Image
    from dockmagic.oci.spec import Descriptor

needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with a home of its own."""
    with Engine(tmp_path / "home") as engine:
        engine.home.prepare()
        yield engine


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """A registry for all tests."""
    with RegistryServer() as server:
        yield server


@pytest.fixture
def image(engine: Engine) -> Image:
    """An image of two layers in the store: ``app:1``."""
    image_maker(engine.store)({"a": b"1" * 3000}, {"b/": b"", "b/c": b"2"}, name="app:1", cmd="sh")
    return engine.images.get("app:1")


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker is looked for where there is none."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nothing/here.sock")


@pytest.mark.parametrize(
    "way", ["oci:{0}/layout:x", "oci:{0}/layout", "oci-archive:{0}/a.tar:x", "dir:{0}/d", "docker://{1}/way"]
)
def test_an_image_keeps_its_bytes_on_every_way(
    engine: Engine, image: Image, server: RegistryServer, tmp_path: Path, way: str
) -> None:
    """There, and from there back into the store."""
    place = way.format(tmp_path, server.host)
    done = engine.images.copy("app:1", place, preserve_digests=True)
    assert done.digest == image.digest
    assert raw_at(engine, place) == image.raw_manifest
    engine.images.copy(place, "back:1")
    back = engine.images.get("back:1")
    assert back.digest == image.digest
    assert engine.images.validate(back) == ()
    assert engine.images.copy("app:1", place).sent == (0 if "archive" not in place else done.sent)


@pytest.mark.parametrize(
    "way", ["oci:{0}/layout:x", "oci-archive:{0}/a.tar:x", "dir:{0}/d", "docker://{1}/all/there:1"]
)
def test_an_index_goes_with_everything_in_it(engine: Engine, server: RegistryServer, tmp_path: Path, way: str) -> None:
    """Platforms and attestations, all by the same digests; without --all one image."""
    source = f"docker://{server.host}/multi:1"
    digest = push_index(engine, f"{server.host}/multi:1")
    place = way.format(tmp_path, server.host)
    done = engine.images.copy(source, place, all_platforms=True)
    assert (done.digest, done.media_type, done.manifests) == (digest, media.OCI_INDEX, 4)
    assert all_at(engine, place) == all_at(engine, source)
    one = engine.images.copy(source, f"oci:{tmp_path}/one:1", platform="linux/arm64")
    assert engine.images.open(tmp_path / "one").platform == Platform.parse("linux/arm64")
    assert one.manifests == 1


def test_between_repositories_of_one_registry_nothing_is_moved(
    engine: Engine, image: Image, server: RegistryServer
) -> None:
    """Blobs are mounted; a second copy finds the manifest."""
    first = f"docker://{server.host}/mount/from:1"
    engine.images.copy("app:1", first)
    said: list[str] = []
    done = engine.images.copy(
        first,
        f"docker://{server.host}/mount/to:1",
        on_progress=lambda _desc, status, _done, _total: said.append(status),
    )
    assert done.sent == 0
    assert "Mounted" in said
    assert "Pushing" not in said


def test_from_registry_to_registry_the_disk_is_not_touched(tmp_path: Path, server: RegistryServer) -> None:
    """The home of the engine that copies is not even made."""
    with Engine(tmp_path / "there") as there, RegistryServer() as other:
        digest = push_index(there, f"{server.host}/stream:1")
        with Engine(tmp_path / "none") as engine:
            source, target = f"docker://{server.host}/stream:1", f"docker://{other.host}/stream:1"
            assert engine.images.copy(source, target, all_platforms=True).digest == digest
            assert all_at(engine, target) == all_at(engine, source)
        assert not (tmp_path / "none").exists()


def test_docker_archives_are_written_and_read(engine: Engine, image: Image, tmp_path: Path) -> None:
    """Under the name that is given; what cannot be kept there is refused."""
    place = f"docker-archive:{tmp_path}/d.tar:other/name:2"
    engine.images.copy("app:1", place)
    with tarfile.open(tmp_path / "d.tar") as tar:
        (item,) = json.load(tar.extractfile("manifest.json") or io.BytesIO())
    assert item["RepoTags"] == ["other/name:2"]
    engine.images.copy(f"docker-archive:{tmp_path}/d.tar", "back:1")
    assert engine.images.get("back:1").id == image.id
    with pytest.raises(NotSupported, match="another digest"):
        engine.images.copy("app:1", f"docker-archive:{tmp_path}/e.tar", preserve_digests=True)
    assert not (tmp_path / "e.tar").exists()
    with pytest.raises(ImageNotFound, match="no image nothing:1"):
        engine.images.copy(f"docker-archive:{tmp_path}/d.tar:nothing:1", "x:1")


def test_a_layout_keeps_its_other_images(engine: Engine, image: Image, tmp_path: Path) -> None:
    """A name moves on; several need a name to choose by."""
    for name in ("one", "two"):
        engine.images.copy("app:1", f"oci:{tmp_path}/l:{name}")
    other = image.append({"/new": "n"}, tags="app:2")
    engine.images.copy("app:2", f"oci:{tmp_path}/l:two")
    assert raw_at(engine, f"oci:{tmp_path}/l:one") == image.raw_manifest
    assert raw_at(engine, f"oci:{tmp_path}/l:two") == other.raw_manifest
    with pytest.raises(ImageNotFound, match="holds 2 images"):
        raw_at(engine, f"oci:{tmp_path}/l")
    with pytest.raises(ImageNotFound, match="has no image three"):
        raw_at(engine, f"oci:{tmp_path}/l:three")


def test_copies_into_one_layout_at_once_lose_no_name(engine: Engine, image: Image, tmp_path: Path) -> None:
    """Each changes the list under a lock."""
    names = [f"n{number}" for number in range(8)]
    threads = [
        threading.Thread(target=engine.images.copy, args=("app:1", f"oci:{tmp_path}/l:{name}")) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = json.loads((tmp_path / "l/index.json").read_text())
    assert sorted(one["annotations"]["org.opencontainers.image.ref.name"] for one in index["manifests"]) == names


def test_a_folder_with_another_image_has_the_new_one_alone(engine: Engine, image: Image, tmp_path: Path) -> None:
    """And one with files of the user is left alone."""
    engine.images.copy("app:1", f"dir:{tmp_path}/d")
    image.flatten(tags="app:2")
    engine.images.copy("app:2", f"dir:{tmp_path}/d")
    flat = engine.images.get("app:2")
    wanted = {"version", "manifest.json", flat.id.hex, *(layer.digest.hex for layer in flat.manifest.layers)}
    assert {path.name for path in (tmp_path / "d").iterdir()} == wanted
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("dear")
    with pytest.raises(InvalidInput, match="has other files in it"):
        engine.images.copy("app:1", f"dir:{tmp_path}/mine")
    with pytest.raises(Conflict, match="is a file"):
        engine.images.copy("app:1", f"dir:{tmp_path}/mine/letter")


@pytest.mark.parametrize(
    ("source", "destination", "error", "words"),
    [
        ("docker:app", "x:1", InvalidInput, "lacks two slashes"),
        ("oci:", "x:1", InvalidInput, "names no place"),
        ("oci:/nothing/here", "x:1", InvalidInput, "there is no folder"),
        ("dir:/nothing/here", "x:1", ImageNotFound, "holds no image"),
        ("oci-archive:/nothing/here", "x:1", InvalidInput, "cannot be read"),
        ("nothing:1", "x:1", ImageNotFound, "No such image"),
        ("app:1", "oci-archive:/nothing/here/a.tar", InvalidInput, "cannot be written"),
        ("docker-daemon:app", "x:1", RegistryError, "docker does not answer"),
    ],
)
def test_what_cannot_be_copied_is_one_line(  # noqa: PLR0917  (what pytest fills in)
    engine: Engine, image: Image, no_docker: None, source: str, destination: str, error: type[Exception], words: str
) -> None:
    """It says what is wrong."""
    with pytest.raises(error, match=words) as caught:
        engine.images.copy(source, destination)
    assert "\n" not in str(caught.value)


def test_content_that_lies_goes_nowhere(engine: Engine, image: Image, server: RegistryServer, tmp_path: Path) -> None:
    """A blob that is not what its digest says is refused by folders, archives and registries."""
    engine.images.copy("app:1", f"oci:{tmp_path}/l:x")
    path = tmp_path / "l/blobs/sha256" / image.manifest.layers[0].digest.hex
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    for place in (
        f"dir:{tmp_path}/d",
        f"oci:{tmp_path}/m:x",
        f"oci-archive:{tmp_path}/a.tar",
        f"docker://{server.host}/lie:1",
    ):
        with pytest.raises((InvalidContent, RegistryError)):
            engine.images.copy(f"oci:{tmp_path}/l:x", place)
        with pytest.raises(DockmagicError):
            raw_at(engine, place)
    with Engine(tmp_path / "other") as other:
        with pytest.raises(InvalidContent):
            other.images.copy(f"oci:{tmp_path}/l:x", "lie:1")
        assert len(other.images) == 0
    assert not (tmp_path / "a.tar").exists()
    assert not list((tmp_path / "d").glob(".*"))
    assert not list(tmp_path.glob(".a.tar*"))


def test_an_index_with_a_child_that_is_missing_is_refused(
    engine: Engine, server: RegistryServer, tmp_path: Path
) -> None:
    """Nothing has the name then."""
    push_index(engine, f"{server.host}/missing:1")
    engine.images.copy(f"docker://{server.host}/missing:1", f"oci:{tmp_path}/l:x", all_platforms=True)
    (line,) = json.loads((tmp_path / "l/index.json").read_text())["manifests"]
    children = json.loads((tmp_path / "l/blobs/sha256" / line["digest"][7:]).read_text())["manifests"]
    (tmp_path / "l/blobs/sha256" / children[1]["digest"][7:]).unlink()
    with pytest.raises(DockmagicError, match="does not hold"):
        engine.images.copy(f"oci:{tmp_path}/l:x", f"docker://{server.host}/missing/copy:1", all_platforms=True)
    with pytest.raises(ImageNotFound):
        engine.registries.repository(Reference.parse(f"{server.host}/missing/copy")).resolve(
            Reference.parse(f"{server.host}/missing/copy:1")
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["oci:{0}/l:x", "oci-archive:{0}/a.tar:x", "dir:{0}/d", "docker://{1}/killed:1", "docker-archive:{0}/d.tar"]
)
def test_a_copy_that_is_killed_leaves_nothing_half(
    engine: Engine, tmp_path: Path, server: RegistryServer, way: str
) -> None:
    """At any moment; the next attempt goes through."""
    image_maker(engine.store)(*({f"f{number}": os.urandom(1 << 20)} for number in range(6)), name="big:1")
    place = way.format(tmp_path, server.host)
    command = [sys.executable, "-m", "dockmagic", "copy", "-q", "big:1", place]
    environment = {**os.environ, "DOCKMAGIC_HOME": str(engine.home.root)}
    for attempt in range(6):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(0.25 + attempt * 0.03)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        try:
            found = all_at(engine, place)
        except DockmagicError:
            continue
        assert len(found) >= 7, place
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    engine.images.copy(place, "after:1")
    assert engine.images.validate(engine.images.get("after:1")) == ()
    assert engine.images.get("after:1").id == engine.images.get("big:1").id


def test_an_interrupted_copy_ends_and_says_so(engine: Engine, image: Image, tmp_path: Path) -> None:
    """The listener's word is heard."""

    def stop(_desc: Descriptor, status: str, _done: int, _total: int) -> None:
        if status == "Pushing":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.images.copy("app:1", f"oci:{tmp_path}/l:x", on_progress=stop)
    with pytest.raises(DockmagicError):
        raw_at(engine, f"oci:{tmp_path}/l:x")


def test_a_layout_that_has_lost_a_blob_gets_it_again(engine: Engine, image: Image, tmp_path: Path) -> None:
    """A folder does not look after itself: that it has the manifest says nothing of the rest."""
    for place, folder in ((f"oci:{tmp_path}/l:x", tmp_path / "l"), (f"dir:{tmp_path}/d", tmp_path / "d")):
        engine.images.copy("app:1", place)
        (path,) = folder.rglob(image.manifest.layers[1].digest.hex)
        path.unlink()
        engine.images.copy("app:1", place)
        assert set(all_at(engine, place)) >= {layer.digest for layer in image.manifest.layers}


def test_a_blob_is_opened_again_where_an_upload_goes_back(engine: Engine, image: Image, server: RegistryServer) -> None:
    """From a registry, whose streams cannot seek."""
    engine.images.copy("app:1", f"docker://{server.host}/again:1")
    repository = engine.registries.repository(Reference.parse(f"{server.host}/again"))
    desc = image.manifest.layers[0]
    whole = engine.store.path(desc.digest).read_bytes()
    with RestartableBlob(repository, desc) as stream:
        assert stream.seekable()
        assert stream.read(10) == whole[:10]
        assert stream.seek(4) == stream.tell() == 4
        assert b"".join(iter(lambda: stream.read(50), b"")) == whole[4:]
        stream.seek(0)
        assert stream.read(3) == whole[:3]


# Whole repositories


def test_repositories_are_kept_alike_by_patterns(
    engine: Engine, image: Image, server: RegistryServer, tmp_path: Path
) -> None:
    """Only what is missing is moved; one that fails does not hold up the others."""
    for name in ("team/one:1", "team/one:2", "team/two:1", "team/deep/three:1", "else/four:1"):
        engine.images.copy("app:1", f"docker://{server.host}/{name}")
    with RegistryServer() as mirror:
        source, target = f"docker://{server.host}/team/*", f"docker://{mirror.host}/mirror"
        planned = engine.images.sync(source, target, dry_run=True)
        assert [row.status for row in planned] == ["Would copy"] * 3
        rows = engine.images.sync(source, target)
        assert [row.destination for row in rows] == [
            f"docker://{mirror.host}/mirror/team/{name}" for name in ("one:1", "one:2", "two:1")
        ]
        assert {row.digest for row in rows} == {image.digest}
        again = engine.images.sync(source, target)
        assert {(row.status, row.size) for row in again} == {("Up to date", 0)}
        image.append({"/x": "y"}, tags="app:2")
        engine.images.copy("app:2", f"docker://{server.host}/team/one:2")
        assert [row.status for row in engine.images.sync(source, target)] == ["Up to date", "Copied", "Up to date"]
    rows = engine.images.sync(f"docker://{server.host}/*/one:*", f"oci:{tmp_path}/mirror")
    assert [row.destination for row in rows] == [f"oci:{tmp_path}/mirror/team/one:{tag}" for tag in "12"]
    assert raw_at(engine, f"oci:{tmp_path}/mirror/team/one:1") == image.raw_manifest
    with pytest.raises(ImageNotFound, match="no repository fits"):
        engine.images.sync(f"docker://{server.host}/nobody/*", f"oci:{tmp_path}/mirror")
    with pytest.raises(NotSupported, match="cannot be copied to"):
        engine.images.sync(f"docker://{server.host}/team/*", "docker-archive:x.tar")
    errors: list[DockmagicError] = []
    (tmp_path / "mirror/team/two").write_text("in the way")
    rows = engine.images.sync(f"docker://{server.host}/team/*", f"oci:{tmp_path}/mirror", on_error=errors.append)
    assert len(rows) == 2
    assert len(errors) == 1


# Peers


def skopeo(*words: str) -> str:
    """What skopeo says."""
    command = ["skopeo", "--insecure-policy", words[0], *(["-q"] if words[0] == "copy" else []), *words[1:]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def listing(program: str) -> str:
    """The images that podman or docker has, by ID and name."""
    command = [program, "images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
@needs_skopeo
@pytest.mark.parametrize("way", ["oci:{0}:x", "oci-archive:{0}.tar:x", "dir:{0}"])
def test_skopeo_reads_and_writes_the_same_bytes(
    engine: Engine, server: RegistryServer, tmp_path: Path, way: str
) -> None:
    """An index with all that is in it, there by us and back by skopeo, and the other way round."""
    digest = push_index(engine, f"{server.host}/peers:1")
    source = f"docker://{server.host}/peers:1"
    ours, theirs = way.format(tmp_path / "ours"), way.format(tmp_path / "theirs")
    engine.images.copy(source, ours, all_platforms=True)
    skopeo("copy", "--all", "--dest-tls-verify=false", ours, f"docker://{server.host}/peers/ours:1")
    skopeo("copy", "--all", "--src-tls-verify=false", source, theirs)
    engine.images.copy(theirs, f"docker://{server.host}/peers/theirs:1", all_platforms=True)
    for name in ("ours", "theirs"):
        place = f"docker://{server.host}/peers/{name}:1"
        assert Digest.of(raw_at(engine, place)) == digest
        assert all_at(engine, place) == all_at(engine, source)


@pytest.mark.slow
@needs_skopeo
def test_skopeo_reads_our_docker_archive_and_we_read_its(engine: Engine, image: Image, tmp_path: Path) -> None:
    """The image ID survives."""
    engine.images.copy("app:1", f"docker-archive:{tmp_path}/ours.tar:app:9")
    skopeo("copy", f"docker-archive:{tmp_path}/ours.tar:app:9", f"docker-archive:{tmp_path}/theirs.tar:app:8")
    engine.images.copy(f"docker-archive:{tmp_path}/theirs.tar:app:8", "back:1")
    assert engine.images.get("back:1").id == image.id


@pytest.mark.slow
@needs_skopeo
@pytest.mark.skipif(
    shutil.which("podman") is None or os.geteuid() != 0, reason="needs podman, and root for its storage"
)
@pytest.mark.parametrize("hidden", [(), ("skopeo",)])
def test_podmans_images_are_reached(
    engine: Engine, image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: tuple[str, ...]
) -> None:
    """By skopeo, or by podman alone; the image ID and the name are there."""
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(storage))
    # Podman wants docker's configuration where it is said to be.
    (tmp_path / "docker-config").mkdir()
    (tmp_path / "docker-config/config.json").write_text("{}")
    which: Callable[[str], str | None] = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in hidden else which(name))
    engine.images.copy("app:1", "containers-storage:localhost/app:5")
    listed = listing("podman")
    assert listed.split() == [str(image.id), "localhost/app:5"]
    engine.images.copy("containers-storage:localhost/app:5", "back:1")
    assert engine.images.get("back:1").id == image.id
    with pytest.raises(ImageNotFound, match="podman has no image"):
        engine.images.copy("containers-storage:localhost/nothing:1", "x:1")


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a dockerd of our own."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("needs dockerd, and root to start it")
    # The path of a socket is short.
    folder = tmp_path_factory.mktemp("d")
    socket = f"/tmp/dockmagic-{os.getpid()}.sock"  # noqa: S108
    options = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none", "--storage-driver=vfs"]
    places = [
        "--data-root",
        f"{folder}/r",
        "--exec-root",
        f"{folder}/e",
        "--pidfile",
        f"{folder}/p",
        "-H",
        f"unix://{socket}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["dockerd", *places, *options], stdout=log, stderr=log)
    try:
        for _ in range(150):
            if (
                subprocess.run(
                    ["docker", "-H", f"unix://{socket}", "info"], capture_output=True, check=False
                ).returncode
                == 0
            ):
                break
            if process.poll() is not None:
                pytest.skip("dockerd does not start here")
            time.sleep(0.2)
        yield socket
    finally:
        process.terminate()
        process.wait()


@pytest.mark.slow
def test_a_running_docker_gives_and_takes_images(
    engine: Engine, image: Image, docker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over its API; docker knows them by the same ID."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker}")
    engine.images.copy("app:1", "docker-daemon:team/app:7")
    listed = listing("docker")
    assert f"{image.id} team/app:7" in listed.splitlines()
    engine.images.copy("docker-daemon:team/app:7", "back:1")
    assert engine.images.get("back:1").id == image.id
    engine.images.copy(f"docker-daemon:{image.id}", "byid:1")
    assert engine.images.get("byid:1").id == image.id
    with pytest.raises(ImageNotFound, match="docker has no image nothing:latest"):
        engine.images.copy("docker-daemon:nothing", "x:1")
