"""Pull: what arrives, what is not fetched again, and what happens when something goes wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dockmagic.image import local
from dockmagic.image.mutate import with_labels
from dockmagic.image.transfer import choose, plan, plan_repository, pull, pull_repository, push
from dockmagic.image.validate import validate
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch, ImageNotFound, InvalidLayer, PlatformNotFound, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Descriptor, Index, to_json
from dockmagic.store.content import ContentStore
from dockmagic.store.gc import collect
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from small_images import MakeImage

    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference
    from dockmagic.registry.repository import Repository

    Place = tuple[Repository, Reference]

RANDOM = random.Random(7)  # noqa: S311 - the same bytes in every run
BIG = {f"data/{number}": RANDOM.randbytes(1 << 20) for number in range(12)}
# It writes without the lock of sys.stdout: a thread that is left behind may hold that when the interpreter ends.
SCRIPT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may ignore it
from dockmagic.image.transfer import pull
from dockmagic.oci.reference import Reference
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home
from dockmagic.registry.registries import Registries
ref = Reference.parse(sys.argv[2])
pull(Registries().repository(ref), ContentStore(Home(sys.argv[1])), ref, on_progress=lambda *_: os.write(1, b'\\n'))
"""


def puller(home: Path, ref: Reference) -> subprocess.Popen[bytes]:
    """Another process that pulls `ref` into `home`; it writes a line for each piece that comes."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home), str(ref)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[Digest, str, int]] = []

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """Remember."""
        assert 0 <= done <= total == desc.size
        self.said.append((desc.digest, status, done))

    def last(self) -> dict[Digest, str]:
        """The last status of each layer."""
        return {digest: status for digest, status, _ in self.said}


class Watched:
    """A source that remembers from where blobs were read."""

    def __init__(self, source: Repository) -> None:
        self.resolve = source.resolve
        self.read = source.read
        self._open = source.open
        self.offsets: list[int] = []

    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> AbstractContextManager[BinaryIO]:
        """Remember."""
        self.offsets.append(offset)
        return self._open(desc, offset=offset, verify=verify)


def test_what_was_pushed_comes_back_the_same(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage
) -> None:
    """Push, pull: same manifest, same content, under the full name, valid, with size and tables."""
    target, ref = repository
    image = make_image({"etc/": b"", "etc/motd": b"hello\n"}, {"etc/motd": None, "bin/tool": b"#!\n"}, cmd="/bin/tool")
    push(image, target, ref)
    heard = Heard()
    pulled = pull(target, other, ref, on_progress=heard)
    assert (pulled.digest, pulled.id, pulled.names) == (image.digest, image.id, (ref,))
    assert pulled.raw_config == image.raw_config
    assert pulled.config.cmd == ("/bin/tool",)
    assert (pulled / "bin/tool").read_bytes() == b"#!\n"
    assert not (pulled / "etc/motd").exists()
    assert pulled.size == 9
    assert set(heard.last().values()) == {"Pull complete"}
    assert validate(pulled) == ()
    assert all(other.home.table(diff_id).exists() for diff_id in pulled.config_file.rootfs.diff_ids)
    assert list((other.home.root / "partial").iterdir()) == []
    assert list(other.home.leases.iterdir()) == []


def test_a_second_pull_fetches_nothing(repository: Place, other: ContentStore, make_image: MakeImage) -> None:
    """Every layer already exists, and the name stays."""
    target, ref = repository
    push(make_image({"a": b"1"}, {"b": b"2"}), target, ref)
    pull(target, other, ref)
    heard = Heard()
    assert pull(target, other, ref, on_progress=heard).names == (ref,)
    assert set(heard.last().values()) == {"Already exists"}


def test_a_layer_that_another_image_brought_is_not_fetched(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """Only what is new comes; a plan says so before, and tells with whom the rest is shared."""
    target, ref = repository
    base = make_image({"a": b"1"})
    push(base, target, ref)
    push(make_image({"b": b"2"}, base=base), target, ref.with_tag("2"))
    pull(target, other, ref)
    planned = plan(target, other, ref.with_tag("2"))
    shared, new = planned.layers
    assert (shared.have, shared.to_fetch, shared.shared_with) == (True, 0, (ref.familiar,))
    assert (new.have, new.to_fetch, new.shared_with) == (False, new.size, ())
    heard = Heard()
    pull(target, other, ref.with_tag("2"), on_progress=heard)
    assert [heard.last()[layer.digest] for layer in planned.layers] == ["Already exists", "Pull complete"]


def test_a_broken_off_download_is_taken_up_by_range(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage
) -> None:
    """What an earlier attempt left is not fetched again."""
    target, ref = repository
    image = make_image(BIG)
    push(image, target, ref)
    (desc,) = image.manifest.layers
    other.home.prepare()
    left = store.path(desc.digest).read_bytes()[: 5 << 20]
    other.home.partial(desc.digest).write_bytes(left)
    assert plan(target, other, ref).to_fetch == desc.size - len(left)
    watched = Watched(target)
    assert validate(pull(watched, other, ref)) == ()
    assert watched.offsets == [len(left)]


@pytest.mark.parametrize("left", [b"nonsense" * 1000, b""])
def test_what_an_earlier_attempt_left_damaged_is_fetched_anew(
    repository: Place, other: ContentStore, make_image: MakeImage, left: bytes
) -> None:
    """A partial file that does not belong there costs time, and nothing else."""
    target, ref = repository
    image = make_image(BIG)
    push(image, target, ref)
    other.home.prepare()
    other.home.partial(image.manifest.layers[0].digest).write_bytes(left)
    assert validate(pull(target, other, ref)) == ()


def test_an_image_that_lists_other_diff_ids_is_refused(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage
) -> None:
    """A layer that is not the one which the configuration names is not kept, and nothing is named."""
    target, ref = repository
    image = make_image({"a": b"1"})
    config = json.loads(image.raw_config)
    config["rootfs"]["diff_ids"] = [Digest.of(b"another")]
    manifest = json.loads(image.raw_manifest)
    desc = store.put_bytes(media.OCI_CONFIG, json.dumps(config).encode())
    manifest["config"].update(digest=desc.digest, size=desc.size)
    lying = local.Image(store, store.put_bytes(media.OCI_MANIFEST, json.dumps(manifest).encode()))
    push(lying, target, ref)
    with pytest.raises(DigestMismatch, match="DiffID"):
        pull(target, other, ref)
    assert other.names() == ()
    assert not other.has(lying.manifest.layers[0])


def test_a_layer_that_is_no_tar_is_refused(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage
) -> None:
    """The error is that of the layer, and nothing of it stays."""
    target, ref = repository
    desc = store.put_bytes(media.OCI_LAYER, b"this is no tar" * 100)
    from dockmagic.image.mutate import append_layer  # for this test alone
    from dockmagic.oci.spec import History

    image = append_layer(store, make_image(), desc, desc.digest, History())
    push(image, target, ref)
    with pytest.raises(InvalidLayer):
        pull(target, other, ref)
    assert other.names() == ()
    assert list((other.home.root / "partial").iterdir()) == []


def test_a_name_that_is_not_there_is_said_to_be_missing(repository: Place, other: ContentStore) -> None:
    """Nothing is created for it."""
    target, ref = repository
    with pytest.raises(ImageNotFound):
        pull(target, other, ref)
    assert not other.home.root.exists()


def push_index(target: Repository, ref: Reference, *images: Image) -> Descriptor:
    """An index of `images`, by their platforms."""
    for image in images:
        push(image, target, ref.with_digest(image.digest))
    lines = tuple(
        Descriptor(
            media_type=image.descriptor.media_type,
            digest=image.digest,
            size=image.descriptor.size,
            platform=image.platform,
        )
        for image in images
    )
    raw = to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=lines))
    desc = Descriptor(media_type=media.OCI_INDEX, digest=Digest.of(raw), size=len(raw))
    target.name(ref, desc, raw)
    return desc


def test_of_an_index_the_image_of_the_platform_comes(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """By default this machine's; another when asked for; the name remembers the index's digest."""
    target, ref = repository
    mine = make_image({"mine": b""})
    foreign = make_image({"foreign": b""}, platform="linux/s390x")
    index = push_index(target, ref, mine, foreign)
    here = pull(target, other, ref)
    assert (here.digest, here.index_digest, here.runs_here) == (mine.digest, index.digest, True)
    assert other.resolve(ref.with_digest(index.digest)).digest == mine.digest
    assert pull(target, other, ref).digest == mine.digest
    there = pull(target, other, ref, platform=Platform.parse("s390x"))
    assert (there.digest, there.runs_here) == (foreign.digest, False)
    assert pull(target, other, ref).digest == mine.digest
    with pytest.raises(PlatformNotFound, match="linux/s390x"):
        pull(target, other, ref, platform=Platform.parse("linux/ppc64le"))


def test_an_artifact_is_no_image(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage
) -> None:
    """A chart, a signature, a model: refused by what it is, before anything is fetched."""
    target, ref = repository
    manifest = json.loads(make_image({"a": b"1"}).raw_manifest)
    manifest["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
    chart = local.Image(store, store.put_bytes(media.OCI_MANIFEST, json.dumps(manifest).encode()))
    push(chart, target, ref)
    with pytest.raises(UnsupportedMediaType, match="helm"):
        pull(target, other, ref)
    assert not other.home.root.exists()


@pytest.mark.parametrize(
    "media_type",
    [
        media.OCTETS,
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar+gzip",
    ],
)
def test_layers_under_names_that_other_engines_read_are_layers(
    repository: Place, store: ContentStore, other: ContentStore, make_image: MakeImage, media_type: str
) -> None:
    """The bytes say how they are compressed, also for the media type that a layer gets in a changed image."""
    target, ref = repository
    image = make_image({"etc/motd": b"hello\n"})
    manifest = json.loads(image.raw_manifest)
    manifest["layers"][0]["mediaType"] = media_type
    push(local.Image(store, store.put_bytes(media.OCI_MANIFEST, json.dumps(manifest).encode())), target, ref)
    pulled = pull(target, other, ref)
    assert (pulled / "etc/motd").read_bytes() == b"hello\n"
    (layer,) = with_labels(other, pulled, {"a": "b"}).manifest.layers
    assert layer.media_type == (
        "application/vnd.oci.image.layer.v1.tar" if "foreign" in media_type else media.OCI_LAYER_GZIP
    )


def test_an_image_for_another_processor_comes_where_there_is_no_choice(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """Without an index nothing can be chosen: it is brought, and says that it does not run here."""
    target, ref = repository
    push(make_image({"a": b""}, platform="linux/s390x"), target, ref)
    assert not pull(target, other, ref).runs_here
    assert str(pull(target, other, ref, platform=Platform.parse("linux/ppc64le")).platform) == "linux/s390x"


def test_a_pull_by_digest_gets_no_tag(repository: Place, other: ContentStore, make_image: MakeImage) -> None:
    """As docker keeps it: name and digest."""
    target, ref = repository
    image = make_image({"a": b""})
    push(image, target, ref)
    by_digest = ref.with_digest(image.digest)
    assert pull(target, other, by_digest).names == (by_digest,)
    assert local.find(other, str(by_digest)).digest == image.digest


def test_an_image_that_loses_its_tag_stays_without_a_name(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """The tag moves in the registry; the old image is listed as ``<none>``, of its repository."""
    target, ref = repository
    old, new = make_image({"a": b"1"}), make_image({"a": b"2"})
    push(old, target, ref)
    pull(target, other, ref)
    push(new, target, ref)
    pull(target, other, ref)
    unnamed = next(each for each in other.names() if each.ref is None)
    assert (unnamed.descriptor.digest, unnamed.repository) == (old.digest, ref.name)
    assert local.find(other, str(ref)).digest == new.digest
    assert validate(local.by_digest(other, old.digest)) == ()


def test_a_whole_repository_is_planned_then_pulled(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """N tags, M manifests, each layer once; aliases cost nothing."""
    target, ref = repository
    base = make_image({"base": b"x"})
    second = make_image({"more": b"y"}, base=base)
    refs = [ref.with_tag(tag) for tag in ("1", "latest", "2")]
    for tag, image in zip(refs, (base, base, second), strict=True):
        push(image, target, tag)
    planned = plan_repository(target, other, refs)
    assert (len(planned.images), planned.manifests, len(planned.layers)) == (3, 2, 2)
    heard = Heard()
    images = pull_repository(target, other, refs, on_progress=heard)
    assert [image.digest for image in images] == [base.digest, base.digest, second.digest]
    assert sum(status == "Pull complete" for _, status, _ in heard.said) == 2
    assert {entry.ref for entry in other.names()} == set(refs)


def test_a_remote_image_can_be_read_without_storing_it(
    repository: Place, other: ContentStore, make_image: MakeImage
) -> None:
    """Files and content come over the network; the home stays untouched."""
    target, ref = repository
    push(make_image({"etc/motd": b"hello\n"}, {"b": b"2"}), target, ref)
    image = choose(target, ref, home=other.home)
    assert (image / "etc/motd").read_text() == "hello\n"
    assert [str(path) for path in (image / "/").iterdir()] == ["/b", "/etc"]
    assert not other.home.root.exists()


def test_killed_at_any_moment_a_pull_can_be_repeated(repository: Place, tmp_path: Path, make_image: MakeImage) -> None:
    """After ``kill -9`` nothing half-written is visible, and another process goes on from there."""
    target, ref = repository
    image = make_image(BIG, {"more": RANDOM.randbytes(3 << 20)}, {"small": b"x"})
    push(image, target, ref)
    store = ContentStore(Home(tmp_path / "killed"))
    for lines in (0, 2, 7, 20, 45):
        process = puller(store.home.root, ref)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
        process.communicate()
        for entry in store.names():
            assert validate(local.by_digest(store, entry.descriptor.digest)) == ()
        for desc in image.manifest.layers:
            if store.path(desc.digest).exists():
                assert Digest.of(store.path(desc.digest).read_bytes()) == desc.digest
    assert validate(pull(target, store, ref)) == ()


def test_interrupted_a_pull_ends_soon_and_leaves_the_store_whole(
    repository: Place, tmp_path: Path, make_image: MakeImage
) -> None:
    """Ctrl-C: no traceback of threads, nothing named; what has arrived is kept."""
    target, ref = repository
    push(make_image(BIG, {"more": RANDOM.randbytes(8 << 20)}), target, ref)
    store = ContentStore(Home(tmp_path / "interrupted"))
    process = puller(store.home.root, ref)
    assert process.stdout is not None
    for _ in range(8):
        process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    errors = process.communicate()[1].decode()
    assert time.monotonic() - began < 5
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert store.names() == ()
    assert list(store.home.leases.iterdir()) == []
    assert validate(pull(target, store, ref)) == ()


def test_two_processes_pull_the_same_image(repository: Place, tmp_path: Path, make_image: MakeImage) -> None:
    """Each layer comes once, both end well, and the image is whole."""
    target, ref = repository
    push(make_image(BIG, {"more": RANDOM.randbytes(3 << 20)}), target, ref)
    home = tmp_path / "shared"
    processes = [puller(home, ref) for _ in range(2)]
    for process in processes:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    store = ContentStore(Home(home))
    (entry,) = store.names()
    assert entry.ref == ref
    assert validate(local.by_digest(store, entry.descriptor.digest)) == ()


def test_the_collector_takes_nothing_from_a_pull(repository: Place, tmp_path: Path, make_image: MakeImage) -> None:
    """Layers that have come and have no name yet are leased."""
    target, ref = repository
    push(make_image(BIG, {"more": RANDOM.randbytes(3 << 20)}, {"small": b"x"}), target, ref)
    store = ContentStore(Home(tmp_path / "collected"))
    process = puller(store.home.root, ref)
    assert process.stdout is not None
    while process.stdout.readline():
        collect(store)
    assert process.communicate()[1] == b""
    collect(store)
    assert validate(local.find(store, str(ref))) == ()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root, to mount a small disk")
def test_a_full_disk_loses_nothing(repository: Place, tmp_path: Path, make_image: MakeImage) -> None:
    """A clear error; what has arrived is kept, and with more space the pull goes on."""
    from dockmagic.oci.errors import OutOfSpace

    target, ref = repository
    push(make_image({"small": b"x"}), target, ref.with_tag("small"))
    push(make_image(BIG), target, ref)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs the right to mount")
    try:
        store = ContentStore(Home(disk / "home"))
        pull(target, store, ref.with_tag("small"))
        with pytest.raises(OutOfSpace):
            pull(target, store, ref)
        (entry,) = store.names()
        assert validate(local.by_digest(store, entry.descriptor.digest)) == ()
        (partial,) = (store.home.root / "partial").iterdir()
        arrived = partial.stat().st_size
        assert arrived > 1 << 20
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        assert plan(target, store, ref).layers[0].partial == arrived
        assert validate(pull(target, store, ref)) == ()
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_skopeo_copies_what_was_pulled(
    repository: Place, tmp_path: Path, other: ContentStore, make_image: MakeImage
) -> None:
    """Under its full name, out of the store as it lies, with the same digest."""
    target, ref = repository
    image = make_image({"etc/": b"", "etc/motd": b"hello\n"}, {"etc/motd": None})
    push(image, target, ref)
    pull(target, other, ref)
    copied = tmp_path / "copied"
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "-q", f"oci:{other.home.store}:{ref}", f"dir:{copied}"], check=True
    )
    assert Digest.of((copied / "manifest.json").read_bytes()) == image.digest


@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_umoci_unpacks_what_was_pulled(
    repository: Place, tmp_path: Path, other: ContentStore, make_image: MakeImage
) -> None:
    """And sees the same files as we do."""
    target, ref = repository
    push(make_image({"etc/": b"", "etc/motd": b"hello\n", "a": b"1"}, {"etc/motd": None, "b": b"2"}), target, ref)
    image = pull(target, other, ref)
    bundle = tmp_path / "bundle"
    rootless = ["--rootless"] if os.geteuid() else []
    subprocess.run(
        ["umoci", "unpack", *rootless, "--image", f"{other.home.store}:{ref}", bundle], check=True, capture_output=True
    )
    unpacked = {f"/{path.relative_to(bundle / 'rootfs')}" for path in (bundle / "rootfs").rglob("*")}
    assert unpacked == {node.entry.path for node in image.files}
