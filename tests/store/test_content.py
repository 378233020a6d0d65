"""The content store: blobs that are whole or not there, names that many processes may change."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import BlobNotFound, DigestMismatch, ImageNotFound, InvalidDocument, SizeMismatch
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import ConfigFile, Descriptor, Manifest, RootFS, to_json
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path

UBUNTU = Reference.parse("ubuntu:12.04")
TAGGER = """
import sys
from dockmagic.oci.reference import Reference
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home
store = ContentStore(Home(sys.argv[1]))
desc = store.names()[0].descriptor
for number in range(10):
    store.tag(Reference.parse(f"app:{sys.argv[2]}-{number}"), desc)
"""


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    """An empty store."""
    return ContentStore(Home(tmp_path / "home"))


def blob(data: bytes) -> Descriptor:
    """The descriptor of `data`."""
    return Descriptor(media_type="application/octet-stream", digest=Digest.of(data), size=len(data))


def image(store: ContentStore, label: str = "") -> Descriptor:
    """An image without layers in `store`; other labels make other images."""
    config = ConfigFile(
        architecture="amd64", os="linux", created="2024-01-01T00:00:00Z", author=label, rootfs=RootFS("layers", ())
    )
    desc = store.put_bytes(media.OCI_CONFIG, to_json(config))
    manifest = Manifest(schema_version=2, media_type=media.OCI_MANIFEST, config=desc, layers=())
    return store.put_bytes(media.OCI_MANIFEST, to_json(manifest))


# Blobs


def test_a_blob_comes_back(store: ContentStore) -> None:
    """Whole, from an offset, as a file; put twice, it is there once."""
    desc = blob(b"0123456789")
    for _ in range(2):
        store.put(desc, io.BytesIO(b"0123456789"))
    assert store.has(desc)
    assert store.read(desc) == b"0123456789"
    with store.open(desc) as stream:
        assert stream.read() == b"0123456789"
    with store.open(desc, offset=7) as stream:
        assert stream.read() == b"789"
    assert list((store.home.root / "partial").iterdir()) == []


@pytest.mark.parametrize(
    ("data", "error"), [(b"01234x6789", DigestMismatch), (b"0123", SizeMismatch), (b"0123456789a", SizeMismatch)]
)
def test_a_wrong_blob_is_not_kept(store: ContentStore, data: bytes, error: type[Exception]) -> None:
    """Other content, too short, too long."""
    desc = blob(b"0123456789")
    with pytest.raises(error):
        store.put(desc, io.BytesIO(data))
    assert not store.has(desc)
    store.put(desc, io.BytesIO(b"0123456789"))
    assert store.read(desc) == b"0123456789"


def test_a_blob_that_changed_on_disk_is_not_believed(store: ContentStore) -> None:
    """Documents and streams are verified whenever they are read."""
    desc = store.put_bytes("text/plain", b"hello")
    store.path(desc.digest).write_bytes(b"hellO")
    with pytest.raises(DigestMismatch):
        store.read(desc)
    with pytest.raises(DigestMismatch), store.open(desc) as stream:
        stream.read(), stream.read()


def test_a_missing_blob_says_which(store: ContentStore) -> None:
    """By its digest."""
    desc = blob(b"none")
    for read in (store.read, store.file, lambda each: store.open(each).__enter__()):
        with pytest.raises(BlobNotFound, match=desc.digest.hex):
            read(desc)


@settings(deadline=None, max_examples=40)  # the disk decides how long it takes
@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=4))
def test_a_blob_may_come_in_any_pieces_and_attempts(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    """Each writer goes on where the one before it stopped."""
    store = ContentStore(Home(tmp_path_factory.mktemp("pieces")))
    desc = blob(data)
    for cut in sorted(min(cut, len(data)) for cut in cuts):
        with store.writer(desc) as writer:
            assert b"".join(writer.earlier()) == data[: writer.offset]
            writer.write(data[writer.offset : max(cut, writer.offset)])
            assert not writer.present
    with store.writer(desc) as writer:
        list(writer.earlier())
        writer.write(data[writer.offset :])
        writer.commit()
    with store.writer(desc) as writer:
        assert writer.present
    assert store.path(desc.digest).read_bytes() == data
    assert list((store.home.root / "partial").iterdir()) == []


def test_only_one_writes_a_blob_at_a_time(store: ContentStore) -> None:
    """A second writer waits, and may give up waiting."""
    desc = blob(b"0123456789")
    with store.writer(desc) as writer:
        writer.write(b"01234")
        with pytest.raises(InterruptedError):
            store.writer(desc, stop=lambda: True)
    with store.writer(desc, stop=lambda: True) as writer:
        assert writer.offset == 5


# Names


def test_a_name_leads_to_its_manifest(store: ContentStore) -> None:
    """With the facts that a list shows; `latest` where the name says nothing; by digest too."""
    desc = image(store)
    index = Digest.of(b"index")
    store.tag(UBUNTU, desc, index_digest=index, from_registry=True, size=42)
    (entry,) = store.names()
    assert (entry.ref, entry.repository, entry.descriptor) == (UBUNTU, "docker.io/library/ubuntu", desc)
    assert (entry.size, entry.created, entry.platform) == (42, "2024-01-01T00:00:00Z", "linux/amd64")
    assert entry.repo_digest == index
    assert store.resolve(UBUNTU) == desc
    assert store.resolve(UBUNTU.with_digest(index)) == store.resolve(UBUNTU.with_digest(desc.digest)) == desc
    store.tag(Reference.parse("app"), desc)
    assert store.resolve(Reference.parse("app:latest")) == desc
    assert [each.size for each in store.names()] == [42, 42]
    with pytest.raises(ImageNotFound, match="%pull ubuntu"):
        store.resolve(Reference.parse("ubuntu"))


def test_what_was_made_here_has_no_repository(store: ContentStore) -> None:
    """No registry knows it, so it has no digest there."""
    store.tag(UBUNTU, image(store))
    assert (store.names()[0].repository, store.names()[0].repo_digest) == ("", None)


def test_an_image_keeps_its_place_until_it_is_removed(store: ContentStore) -> None:
    """A tag moves: the old image stays without a name, until it gets one again; removing the last name ends it."""
    old, new = image(store, "old"), image(store, "new")
    store.tag(UBUNTU, old)
    store.tag(UBUNTU, new)
    assert [(each.ref, each.descriptor) for each in store.names()] == [(UBUNTU, new), (None, old)]
    store.tag(Reference.parse("again:1"), old)
    assert [each.ref and each.ref.familiar for each in store.names()] == ["ubuntu:12.04", "again:1"]
    assert store.untag(UBUNTU)
    assert not store.untag(UBUNTU)
    assert [each.descriptor for each in store.names()] == [old]


def test_a_batch_is_all_or_nothing(store: ContentStore) -> None:
    """An error in the middle changes no name."""
    desc = image(store)
    store.tag(UBUNTU, desc)

    def fail_in_the_middle() -> None:
        with store.edit() as names:
            names.set(Reference.parse("other:1"), desc)
            names.remove(UBUNTU)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_in_the_middle()
    assert [each.ref for each in store.names()] == [UBUNTU]


def test_only_images_that_are_here_get_names(store: ContentStore) -> None:
    """Manifest and configuration must be there, and be what they say."""
    with pytest.raises(BlobNotFound):
        store.tag(UBUNTU, Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(b"x"), size=1))
    with pytest.raises(InvalidDocument):
        store.tag(UBUNTU, store.put_bytes(media.OCI_MANIFEST, b'{"schemaVersion":2,"config":{}}'))
    assert store.names() == ()


def test_processes_that_tag_at_once_lose_no_name(store: ContentStore) -> None:
    """Names change under a lock."""
    store.tag(UBUNTU, image(store))
    processes = [
        subprocess.Popen([sys.executable, "-c", TAGGER, str(store.home.root), str(number)]) for number in range(3)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(store.names()) == 31


def test_entries_of_other_tools_survive(store: ContentStore) -> None:
    """What somebody else put into ``index.json`` is listed if it is an image, and kept in any case."""
    desc = image(store)
    foreign = {"mediaType": desc.media_type, "digest": desc.digest, "size": desc.size}
    artifact = {"mediaType": "application/vnd.example", "digest": Digest.of(b"x"), "size": 1}
    named = foreign | {"annotations": {"org.opencontainers.image.ref.name": "example.com/theirs:1"}}
    store.home.index.write_bytes(to_json({"schemaVersion": 2, "manifests": [named, artifact]}))
    (entry,) = store.names()
    assert (str(entry.ref), entry.platform, entry.size) == ("example.com/theirs:1", "linux/amd64", None)
    store.tag(UBUNTU, image(store, "ours"))
    assert [line["digest"] for line in json.loads(store.home.index.read_bytes())["manifests"]][:2] == [
        desc.digest,
        Digest.of(b"x"),
    ]


def test_a_broken_index_is_said_to_be_broken(store: ContentStore) -> None:
    """And stays as it is: nothing is written over it."""
    store.tag(UBUNTU, image(store))
    store.home.index.write_bytes(b'{"schemaVersion": 2')
    with pytest.raises(InvalidDocument, match=r"index\.json"):
        store.names()
    with pytest.raises(InvalidDocument):
        store.tag(UBUNTU, image(store, "new"))
    assert store.home.index.read_bytes() == b'{"schemaVersion": 2'


@settings(deadline=None, max_examples=40)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["set", "remove"]), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12
    )
)
def test_names_behave_like_a_mapping_that_forgets_no_image(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    """Names follow a plain dictionary; an image stays listed until its last name is removed."""
    store = ContentStore(Home(tmp_path_factory.mktemp("names")))
    images = {label: image(store, label) for label in "xyz"}
    expected: dict[str, str] = {}
    unnamed: set[str] = set()
    for verb, name, label in steps:
        ref = Reference.parse(f"{name}:1")
        before = expected.get(name)
        if verb == "set":
            store.tag(ref, images[label])
            expected[name] = label
            unnamed.discard(label)
            if before not in (None, label) and before not in expected.values():
                unnamed.add(str(before))
        else:
            assert store.untag(ref) == (before is not None)
            expected.pop(name, None)
    labels = {desc.digest: label for label, desc in images.items()}
    found = [(entry.ref, labels[entry.descriptor.digest]) for entry in store.names()]
    assert {ref.path.removeprefix("library/"): label for ref, label in found if ref is not None} == expected
    assert sorted(label for ref, label in found if ref is None) == sorted(unnamed)


# Other tools


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_skopeo_reads_the_store_under_full_names(store: ContentStore) -> None:
    """``oci:STORE:docker.io/library/ubuntu:12.04``."""
    desc = image(store)
    store.tag(UBUNTU, desc)
    store.tag(Reference.parse("other:1"), image(store, "other"))
    said = subprocess.run(
        ["skopeo", "inspect", "--raw", f"oci:{store.home.store}:{UBUNTU}"], capture_output=True, check=True
    )
    assert Digest.of(said.stdout) == desc.digest


@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_umoci_reads_the_store_under_full_names(store: ContentStore) -> None:
    """It lists and describes them."""
    store.tag(UBUNTU, image(store))
    store.tag(Reference.parse("other:1"), image(store, "other"))
    said = subprocess.run(["umoci", "ls", "--layout", store.home.store], capture_output=True, text=True, check=True)
    assert sorted(said.stdout.split()) == ["docker.io/library/other:1", str(UBUNTU)]
    subprocess.run(["umoci", "stat", "--image", f"{store.home.store}:{UBUNTU}"], capture_output=True, check=True)
