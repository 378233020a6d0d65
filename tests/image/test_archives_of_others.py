"""Archives as other tools write them: what they hold is loaded, and what is left out is told."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.image.archive import import_rootfs, load
from dockmagic.image.validate import validate
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DockmagicError, InvalidArchive, InvalidDocument, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

Json = dict[str, Any]
MACHINE = {"architecture": Platform.local().architecture, "os": "linux"}
OTHER = {"architecture": "s390x", "os": "linux"}


def tar(files: dict[str, bytes], links: Iterable[tuple[str, str]] = ()) -> bytes:
    """A tar of files and symbolic links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


LAYERS = [tar({f"etc/{name}": name.encode()}) for name in ("one", "two", "three")]


def js(value: object) -> bytes:
    """JSON."""
    return json.dumps(value).encode()


def desc(blob: bytes, kind: str, **more: object) -> Json:
    """A descriptor."""
    return {"mediaType": kind, "digest": Digest.of(blob), "size": len(blob), **more}


def config(layers: Iterable[bytes], **more: object) -> bytes:
    """The configuration of an image of these layers."""
    return js({**MACHINE, "rootfs": {"type": "layers", "diff_ids": [Digest.of(layer) for layer in layers]}, **more})


def manifest(conf: bytes, layers: Iterable[bytes], **more: object) -> bytes:
    """Its manifest."""
    parts = [desc(layer, media.OCI_LAYER) for layer in layers]
    return js({"schemaVersion": 2, "config": desc(conf, media.OCI_CONFIG), "layers": parts, **more})


def classic(conf: bytes, layers: Iterable[bytes], tag: str = "a:1", links: Iterable[tuple[str, str]] = ()) -> bytes:
    """An archive of docker's older form."""
    files = {"c.json": conf, **{f"{i}.tar": layer for i, layer in enumerate(layers)}}
    names = [*(name for name in files if name.endswith(".tar")), *(name for name, _ in links)]
    files["manifest.json"] = js([{"Config": "c.json", "RepoTags": [tag], "Layers": names}])
    return tar(files, links)


def layout_files(lines: list[Json], blobs: Iterable[bytes], items: list[Json] | None = None) -> dict[str, bytes]:
    """The files of an image layout, with docker's list beside it."""
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": js({"manifests": lines})}
    files |= {f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in blobs}
    return files | ({} if items is None else {"manifest.json": js(items)})


def layout(lines: list[Json], blobs: Iterable[bytes], items: list[Json] | None = None) -> bytes:
    """The same as an archive."""
    return tar(layout_files(lines, blobs, items))


def named(blob: bytes, name: str, kind: str = media.OCI_MANIFEST, **more: object) -> Json:
    """A line of ``index.json``."""
    return desc(blob, kind, annotations={"io.containerd.image.name": f"docker.io/library/{name}"}, **more)


def item(conf: bytes, layers: Iterable[bytes], tag: str) -> Json:
    """An element of ``manifest.json``."""
    path = "blobs/sha256/{}".format
    return {
        "Config": path(Digest.of(conf).hex),
        "RepoTags": [tag],
        "Layers": [path(Digest.of(layer).hex) for layer in layers],
    }


def loaded(archive: bytes, store: ContentStore) -> dict[str, Image]:
    """The images of an archive by name, each whole."""
    images = load(io.BytesIO(archive), store)
    assert [mismatch for image in images for mismatch in validate(image)] == []
    return {name.familiar: image for image in images for name in image.names}


def names(image: Image) -> list[str]:
    """What the image's files are."""
    return [node.entry.path for node in image.files if node.entry.is_file]


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress, gzip.compress], ids=["xz", "bzip2", "gzip"])
def test_compressed_archives_and_layers_load(store: ContentStore, pack: Callable[[bytes], bytes]) -> None:
    """The archive as a whole, and each layer; what no media type tells of is kept plain."""
    conf = config(LAYERS[:2])
    assert names(loaded(pack(classic(conf, LAYERS[:2])), store)["a:1"]) == ["/etc/one", "/etc/two"]
    image = loaded(classic(conf, [pack(layer) for layer in LAYERS[:2]], "b:1"), store)["b:1"]
    assert names(image) == ["/etc/one", "/etc/two"]
    assert image.id == Digest.of(conf)


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress], ids=["xz", "bzip2"])
def test_a_compressed_root_file_system_is_imported(store: ContentStore, pack: Callable[[bytes], bytes]) -> None:
    """Its layer is stored by gzip, for which there is a media type."""
    image = import_rootfs(io.BytesIO(pack(LAYERS[0])), store, Reference.parse("rootfs"))
    assert image.manifest.layers[0].media_type == media.OCI_LAYER_GZIP
    assert image.layers[0].diff_id == Digest.of(LAYERS[0])
    assert validate(image) == ()
    with pytest.raises(DockmagicError, match="truncated"):
        import_rootfs(io.BytesIO(pack(LAYERS[0])[:-12]), store)


def test_an_xz_layer_that_is_another_one_is_refused(store: ContentStore) -> None:
    """Its DiffID tells."""
    with pytest.raises(InvalidArchive, match="DiffID"):
        loaded(classic(config(LAYERS[:1]), [lzma.compress(LAYERS[1])]), store)


@pytest.mark.parametrize("layers", [None, [], ...], ids=str)
@pytest.mark.parametrize("rootfs", [{"type": "layers"}, {"type": "layers", "diff_ids": None}, None], ids=str)
def test_images_without_layers_load(store: ContentStore, layers: object, rootfs: object) -> None:
    """As docker's own structs and podman write them."""
    conf = js({**MACHINE, "config": {"Labels": {"a": "b"}}, "rootfs": rootfs})
    element = {"Config": "c.json", "RepoTags": ["none:1"], "Layers": layers}
    elements = [{key: value for key, value in element.items() if value is not ...}]
    image = loaded(tar({"c.json": conf, "manifest.json": js(elements)}), store)["none:1"]
    assert (len(image.layers), image.config.labels) == (0, {"a": "b"})


def test_lists_of_lower_case_load(store: ContentStore) -> None:
    """As Go reads them."""
    files = {"c.json": config(LAYERS[:1]), "l": LAYERS[0]}
    elements = js([{"config": "c.json", "repotags": ["low:1"], "layers": ["l"]}])
    assert "low:1" in loaded(tar({**files, "manifest.json": elements}), store)


def test_layers_behind_links_load(store: ContentStore) -> None:
    """A chain of them, one that means the archive's root, one to a folder; one in a circle is not there."""
    links = [("b/l", "../0.tar"), ("c/l", "../b/l"), ("d/l", "0.tar"), ("e", "c")]
    conf = config([LAYERS[0]] * 4)
    assert len(loaded(classic(conf, LAYERS[:1], links=links[:3]), store)["a:1"].layers) == 4
    files = {"c.json": config(LAYERS[:1]), "c/l": LAYERS[0]}
    files["manifest.json"] = js([{"Config": "c.json", "RepoTags": ["folder:1"], "Layers": ["e/l"]}])
    assert "folder:1" in loaded(tar(files, links[3:]), store)
    with pytest.raises(InvalidArchive, match="not in it"):
        loaded(classic(config(LAYERS[:1] * 2), LAYERS[:1], links=[("x", "y"), ("y", "x")][:1]), store)


def test_what_index_json_alone_tells_of_is_loaded_too(store: ContentStore) -> None:
    """Another platform's image, beside one that both tell of."""
    here, there = config(LAYERS[:1]), config(LAYERS[1:2], **OTHER)
    one, two = manifest(here, LAYERS[:1]), manifest(there, LAYERS[1:2])
    lines = [named(one, "one:1", platform=MACHINE), named(two, "two:1", platform=OTHER)]
    archive = layout(lines, [here, there, one, two, *LAYERS[:2]], [item(here, LAYERS[:1], "one:1")])
    assert sorted(loaded(archive, store)) == ["one:1", "two:1"]


def test_what_manifest_json_alone_tells_of_is_loaded_too(store: ContentStore) -> None:
    """The other way round."""
    conf, more = config(LAYERS[:1]), config(LAYERS[1:2])
    raw = manifest(conf, LAYERS[:1])
    items = [item(conf, LAYERS[:1], "one:1"), item(more, LAYERS[1:2], "two:1")]
    archive = layout([named(raw, "one:1")], [conf, more, raw, *LAYERS[:2]], items)
    assert sorted(loaded(archive, store)) == ["one:1", "two:1"]


def test_two_items_for_one_image_are_two_names(store: ContentStore) -> None:
    """With a layout beside them and without."""
    conf = config(LAYERS[:1])
    raw = manifest(conf, LAYERS[:1])
    items = [item(conf, LAYERS[:1], "one:1"), item(conf, LAYERS[:1], "one:2")]
    assert sorted(loaded(layout([desc(raw, media.OCI_MANIFEST)], [conf, raw, LAYERS[0]], items), store)) == [
        "one:1",
        "one:2",
    ]
    blobs = layout_files([], [conf, LAYERS[0]], items)
    del blobs["index.json"]
    assert len(load(io.BytesIO(tar(blobs)), store)) == 1
    assert {str(entry.ref) for entry in store.names()} >= {"docker.io/library/one:1", "docker.io/library/one:2"}


def _order(parts: list[Json]) -> list[Json]:
    return parts[::-1]


def _missing(parts: list[Json]) -> list[Json]:
    return parts[1:]


def _sizes(parts: list[Json]) -> list[Json]:
    return [{**part, "size": part["size"] + 512} for part in parts]


@pytest.mark.parametrize("wrong", [_order, _missing, _sizes])
def test_a_wrong_manifest_beside_a_right_list_is_passed_over(
    store: ContentStore, wrong: Callable[[list[Json]], list[Json]]
) -> None:
    """Docker 25.0.0 and its candidates wrote layers in another order, too few, or of other sizes."""
    conf = config(LAYERS)
    raw = manifest(conf, LAYERS)
    raw = js({**json.loads(raw), "layers": wrong(json.loads(raw)["layers"])})
    archive = layout([named(raw, "a:1")], [conf, raw, *LAYERS], [item(conf, LAYERS, "a:1")])
    told: list[str] = []
    (image,) = load(io.BytesIO(archive), store, on_notice=told.append)
    assert names(image) == ["/etc/one", "/etc/three", "/etc/two"]
    assert len(told) == 1
    assert "manifest.json is taken" in told[0]


def test_a_right_manifest_beside_a_list_in_another_order_keeps_its_digest(store: ContentStore) -> None:
    """The layers themselves are asked."""
    conf = config(LAYERS)
    raw = manifest(conf, LAYERS)
    archive = layout([named(raw, "a:1")], [conf, raw, *LAYERS], [item(conf, LAYERS[::-1], "a:1")])
    assert loaded(archive, store)["a:1"].digest == Digest.of(raw)


def test_one_name_for_two_images_is_refused(store: ContentStore) -> None:
    """Readers of the one list and of the other would run different programs."""
    conf, evil = config(LAYERS[:1]), config(LAYERS[1:2])
    raw = manifest(conf, LAYERS[:1])
    archive = layout([named(raw, "a:1")], [conf, evil, raw, *LAYERS[:2]], [item(evil, LAYERS[1:2], "a:1")])
    with pytest.raises(InvalidArchive, match="ambiguous"):
        loaded(archive, store)
    assert store.names() == ()


def test_a_configuration_goes_by_the_digest_that_it_has(store: ContentStore) -> None:
    """Whatever its member is called: docker and podman compute it too."""
    conf = config(LAYERS[:1])
    wrong = f"{'a' * 64}.json"
    elements = js([{"Config": wrong, "RepoTags": ["a:1"], "Layers": ["l"]}])
    image = loaded(tar({wrong: conf, "l": LAYERS[0], "manifest.json": elements}), store)["a:1"]
    assert image.id == Digest.of(conf)


def test_artifacts_beside_images_are_left_out_and_told(store: ContentStore) -> None:
    """By their manifests' types, and by the lines' media types; alone they are refused by name."""
    conf = config(LAYERS[:1])
    image, empty = manifest(conf, LAYERS[:1]), b"{}"
    chart = js(
        {
            "schemaVersion": 2,
            "artifactType": "application/vnd.example.chart",
            "config": desc(empty, media.OCI_EMPTY),
            "layers": [desc(LAYERS[1], "application/x-chart")],
        }
    )
    lines = [named(image, "a:1"), named(chart, "chart:1"), desc(b"{}", "application/vnd.example+json")]
    told: list[str] = []
    found = load(io.BytesIO(layout(lines, [conf, image, empty, chart, *LAYERS[:2]])), store, on_notice=told.append)
    assert [image.names[0].familiar for image in found] == ["a:1"]
    assert len(told) == 2
    assert any("vnd.example.chart" in line for line in told)
    with pytest.raises(UnsupportedMediaType, match=r"vnd\.example\.chart"):
        load(io.BytesIO(layout(lines[1:2], [empty, chart, LAYERS[1]])), store)


def test_an_artifact_type_beside_an_images_configuration_is_an_image(store: ContentStore) -> None:
    """What its configuration says it is."""
    conf = config(LAYERS[:1])
    raw = manifest(conf, LAYERS[:1], artifactType="application/vnd.example.app")
    assert "a:1" in loaded(layout([named(raw, "a:1")], [conf, raw, LAYERS[0]]), store)


def test_an_empty_configuration_is_not_called_hostile(store: ContentStore) -> None:
    """Tools for artifacts write it, also under an image's media type."""
    raw = manifest(b"{}", LAYERS[:1])
    with pytest.raises(InvalidDocument, match="1 layers and 0 DiffIDs") as caught:
        loaded(layout([named(raw, "a:1")], [b"{}", raw, LAYERS[0]]), store)
    assert "hostile" not in str(caught.value)


def test_a_manifest_keeps_the_media_type_that_it_says_of_itself(store: ContentStore) -> None:
    """An index with another one makes no invalid image of it, in the store or in what is saved."""
    conf = config(LAYERS[:1])
    raw = manifest(conf, LAYERS[:1], mediaType=media.OCI_MANIFEST)
    image = loaded(layout([named(raw, "a:1", media.DOCKER_MANIFEST)], [conf, raw, LAYERS[0]]), store)["a:1"]
    assert image.descriptor.media_type == media.OCI_MANIFEST
    assert store.names()[0].descriptor.media_type == media.OCI_MANIFEST


def test_a_folder_with_an_image_layout_loads(store: ContentStore, tmp_path: Path) -> None:
    """As podman loads it; links that lead out of it are not followed."""
    conf = config(LAYERS[:1])
    raw = manifest(conf, LAYERS[:1])
    folder = tmp_path / "layout"
    for name, data in layout_files([named(raw, "a:1")], [conf, raw, LAYERS[0]]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (image,) = load(folder, store)
    assert names(image) == ["/etc/one"]
    (folder / "index.json").rename(tmp_path / "index.json")
    (folder / "index.json").symlink_to(tmp_path / "index.json")
    with pytest.raises(InvalidArchive, match="neither"):
        load(folder, store)


def test_an_image_that_names_no_platform_is_for_this_machine(store: ContentStore) -> None:
    """As docker takes it."""
    conf = js({"rootfs": {"type": "layers", "diff_ids": [Digest.of(LAYERS[0])]}})
    assert loaded(classic(conf, LAYERS[:1]), store)["a:1"].runs_here


@pytest.mark.skipif(MACHINE["architecture"] != "amd64", reason="386 is chosen on an amd64 alone")
def test_a_386_image_loads_on_an_amd64_and_runs_there(store: ContentStore) -> None:
    """Where the index has no other."""
    conf = config(LAYERS[:1], architecture="386")
    raw = manifest(conf, LAYERS[:1])
    line = desc(raw, media.OCI_MANIFEST, platform={"architecture": "386", "os": "linux"})
    index = js({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": [line]})
    archive = layout([named(index, "a:1", media.OCI_INDEX)], [index, raw, conf, LAYERS[0]])
    assert loaded(archive, store)["a:1"].runs_here


def test_an_index_whose_line_names_no_platform_is_asked_further(store: ContentStore) -> None:
    """The configuration says it."""
    here, there = config(LAYERS[:1]), config(LAYERS[1:2], **OTHER)
    one, two = manifest(here, LAYERS[:1]), manifest(there, LAYERS[1:2])
    lines = [desc(two, media.OCI_MANIFEST, platform=OTHER), desc(one, media.OCI_MANIFEST)]
    index = js({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": lines})
    archive = layout([named(index, "a:1", media.OCI_INDEX)], [index, one, two, here, there, *LAYERS[:2]])
    assert loaded(archive, store)["a:1"].digest == Digest.of(one)


def _pax(size: int) -> bytes:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, size
    return header.tobuf(tarfile.GNU_FORMAT)


def test_a_header_for_no_member_at_the_end_does_no_harm(store: ContentStore) -> None:
    """Neither in the archive nor in a layer: Go's reader passes over it."""
    record = b"12 path=abc\n"
    trailer = _pax(len(record)) + record.ljust(512, b"\0") + bytes(1024)
    layer = LAYERS[0][: 2 * 512] + trailer
    files = {"c.json": config([layer]), "l": layer}
    files["manifest.json"] = js([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l"]}])
    archive = tar(files).rstrip(b"\0")
    archive += bytes(-len(archive) % 512) + trailer
    assert names(loaded(archive, store)["a:1"]) == ["/etc/one"]
