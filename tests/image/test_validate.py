"""Validate finds what is not as it says."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import msgspec
import pytest

from dockmagic.image.image import Image
from dockmagic.image.validate import validate
from dockmagic.layer.toc import LayerTOC
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.spec import to_json

if TYPE_CHECKING:
    from small_images import MakeImage

    from dockmagic.store.content import ContentStore


@pytest.fixture
def image(make_image: MakeImage) -> Image:
    """Two layers."""
    return make_image({"a": b"1" * 100}, {"b": b"2"}, name="example/app:1")


def found(image: Image) -> set[tuple[str, str]]:
    """Where and what, of every mismatch."""
    return {(each.where, each.what) for each in validate(image)}


def changed(store: ContentStore, image: Image, **members: object) -> Image:
    """`image` with other members in its manifest."""
    manifest = msgspec.json.decode(image.raw_manifest) | members
    return Image(store, store.put_bytes(media.OCI_MANIFEST, to_json(manifest)), home=store.home)


def test_a_whole_image_has_nothing_wrong(image: Image) -> None:
    """No mismatch at all."""
    assert validate(image) == ()


def test_a_flipped_bit_is_found(image: Image, store: ContentStore) -> None:
    """In a layer: its digest, and what follows from it; the other layer is looked at all the same."""
    path = store.path(image.manifest.layers[0].digest)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # the gzip checksum
    path.write_bytes(data)
    store.path(image.manifest.layers[1].digest).unlink()
    assert found(image) == {("layer 0", "digest"), ("layer 0", "content"), ("layer 1", "content")}


def test_a_truncated_config_is_found(image: Image, store: ContentStore) -> None:
    """Size, digest and content."""
    path = store.path(image.id)
    path.write_bytes(path.read_bytes()[:-10])
    assert {("config", "size"), ("config", "digest"), ("config", "content")} <= found(image)


def test_a_wrong_size_or_type_is_found(image: Image, store: ContentStore) -> None:
    """What descriptors say is compared with what is there."""
    first, second = msgspec.json.decode(image.raw_manifest)["layers"]
    wrong = changed(
        store,
        image,
        layers=[first | {"size": 1}, second | {"mediaType": media.OCI_LAYER}],
        mediaType=media.DOCKER_MANIFEST,
    )
    assert found(wrong) == {("layer 0", "size"), ("layer 1", "compression"), ("manifest", "media type")}


def test_other_diff_ids_are_found(image: Image, store: ContentStore) -> None:
    """Two layers in the wrong order, and one too few."""
    config = msgspec.json.decode(image.raw_config)
    config["rootfs"]["diff_ids"].reverse()
    desc = store.put_bytes(media.OCI_CONFIG, msgspec.json.encode(config))
    wrong = changed(store, image, config={"mediaType": desc.media_type, "digest": desc.digest, "size": desc.size})
    assert found(wrong) == {("layer 0", "DiffID"), ("layer 1", "DiffID")}
    layers = msgspec.json.decode(image.raw_manifest)["layers"]
    assert ("config", "number of DiffIDs") in found(changed(store, image, layers=layers[:1]))


def test_a_file_table_of_another_layer_is_found(image: Image, store: ContentStore) -> None:
    """A table is what everything else is read from, so it is recomputed too."""
    first, second = image.config_file.rootfs.diff_ids
    _ = image.files
    store.home.write(store.home.table(first), store.home.table(second).read_bytes())
    assert isinstance(LayerTOC.loads(store.home.table(first).read_bytes()), LayerTOC)
    assert found(image) == {("layer 0", "file table")}


def test_what_is_no_layer_is_found(image: Image, store: ContentStore) -> None:
    """Compressed nonsense, and an artifact."""
    blob = store.put_bytes(media.OCI_LAYER_GZIP, gzip.compress(b"nonsense" * 200))
    nonsense = {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}
    layers = [nonsense, nonsense | {"mediaType": "application/vnd.example"}]
    assert found(changed(store, image, layers=layers)) == {("layer 0", "content"), ("layer 1", "media type")}


def test_a_mismatch_reads_as_a_sentence(image: Image, store: ContentStore) -> None:
    """What is expected and what is found."""
    store.path(image.digest).write_bytes(b"{}")
    assert str(validate(image)[0]) == f"manifest: size is 2, not {image.descriptor.size}"
    assert Digest.of(b"{}") in {each.actual for each in validate(image)}
