"""The collector: what nothing needs goes, all else stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import ConfigFile, Descriptor, Index, Manifest, RootFS, to_json
from dockmagic.store.content import ContentStore
from dockmagic.store.gc import collect
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path

NAME = Reference.parse("app:1")
LEASEHOLDER = """
import sys, time
from dockmagic.oci.digest import Digest
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home
with ContentStore(Home(sys.argv[1])).lease([Digest(sys.argv[2])]):
    print(flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    """An empty store."""
    return ContentStore(Home(tmp_path / "home"))


class Made:
    """An image of one layer in a store, with a file table."""

    def __init__(self, store: ContentStore, content: bytes) -> None:
        self.diff_id = Digest.of(content)
        self.layer = store.put_bytes(media.OCI_LAYER, content)
        rootfs = RootFS("layers", (self.diff_id,))
        self.config = store.put_bytes(
            media.OCI_CONFIG, to_json(ConfigFile(architecture="amd64", os="linux", rootfs=rootfs))
        )
        manifest = Manifest(schema_version=2, media_type=media.OCI_MANIFEST, config=self.config, layers=(self.layer,))
        self.manifest = store.put_bytes(media.OCI_MANIFEST, to_json(manifest))
        self.table = store.home.table(self.diff_id)
        store.home.write(self.table, b"table")

    @property
    def blobs(self) -> set[Digest]:
        """All of it."""
        return {self.layer.digest, self.config.digest, self.manifest.digest}


def test_an_image_without_a_name_goes_whole(store: ContentStore) -> None:
    """Its blobs and its table; the named one beside it stays whole."""
    kept, gone = Made(store, b"kept"), Made(store, b"gone")
    store.tag(NAME, kept.manifest)
    told = collect(store, dry_run=True)
    assert set(told.blobs) == gone.blobs
    assert gone.table.exists()
    assert collect(store) == told
    assert all(store.path(digest).exists() for digest in kept.blobs)
    assert not any(store.path(digest).exists() for digest in gone.blobs)
    assert (kept.table.exists(), gone.table.exists()) == (True, False)
    assert list(store.home.trash.iterdir()) == []
    assert collect(store).blobs == ()


def test_a_shared_layer_stays(store: ContentStore) -> None:
    """As long as one image has it."""
    one = Made(store, b"same")
    store.tag(NAME, one.manifest)
    Made(store, b"same")
    assert collect(store).blobs == ()


def test_other_roots_keep_what_they_name(store: ContentStore) -> None:
    """A manifest's digest keeps the image, an index's digest its images, a blob's digest the blob."""
    images = [Made(store, content) for content in (b"container", b"indexed", b"blob", b"gone")]
    index = store.put_bytes(
        media.OCI_INDEX, to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=(images[1].manifest,)))
    )
    roots = [lambda: [images[0].manifest.digest, index.digest], lambda: iter([images[2].layer.digest])]
    gone = set(collect(store, roots=roots).blobs)
    assert gone == images[3].blobs | images[2].blobs - {images[2].layer.digest}


def test_running_work_keeps_what_it_has_leased(store: ContentStore) -> None:
    """Until its block ends."""
    made = Made(store, b"coming")
    with store.lease([made.layer.digest]) as add:
        assert made.layer.digest not in collect(store).blobs
        made = Made(store, b"coming")
        add(made.blobs)
        assert collect(store).blobs == ()
    assert set(collect(store).blobs) == made.blobs


def test_a_lease_ends_with_its_process(store: ContentStore) -> None:
    """Held by another process it counts; when that is killed, no more."""
    made = Made(store, b"leased")
    process = subprocess.Popen(
        [sys.executable, "-c", LEASEHOLDER, str(store.home.root), made.layer.digest], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert made.layer.digest not in collect(store).blobs
    process.kill()
    process.communicate()
    assert collect(store).blobs == (made.layer.digest,)
    assert list(store.home.leases.iterdir()) == []


def test_entries_of_other_tools_keep_their_blobs(store: ContentStore) -> None:
    """An index that somebody put into ``index.json`` keeps its images."""
    made = Made(store, b"theirs")
    index = store.put_bytes(
        media.OCI_INDEX, to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=(made.manifest,)))
    )
    store.home.write(store.home.index, to_json(Index(schema_version=2, manifests=(index,))))
    assert collect(store).blobs == ()


def test_a_download_waits_a_week_to_be_taken_up(store: ContentStore) -> None:
    """Then it goes; one that somebody is writing to never does."""
    store.home.prepare()
    descs = [Descriptor(media_type=media.OCI_LAYER, digest=Digest.of(data), size=9) for data in (b"a", b"b", b"c")]
    old, young, busy = (store.home.partial(desc.digest) for desc in descs)
    for path in (old, young, busy):
        path.write_bytes(b"begun")
    with store.writer(descs[2]):
        for path in (old, busy):
            os.utime(path, (time.time() - 8 * 86400,) * 2)
        collect(store)
        assert [path.exists() for path in (old, young, busy)] == [False, True, True]


def test_where_nothing_is_nothing_is_collected(store: ContentStore) -> None:
    """And nothing is created."""
    assert collect(store).blobs == ()
    assert not store.home.root.exists()
