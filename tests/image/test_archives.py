"""Images as files: save and load, import and export, and archives that are not what they seem."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from dockmagic.image.archive import export_rootfs, import_rootfs, load, save
from dockmagic.image.mutate import with_labels
from dockmagic.image.validate import validate
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DockmagicError, InvalidArchive, InvalidInput, InvalidLayer
from dockmagic.oci.media import Compression
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.image.image import Image

ONE = Reference.parse("example/one:1")
TWO = Reference.parse("example/two:2")


def tar_of(files: dict[str, bytes]) -> bytes:
    """A plain tar of these files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return raw.getvalue()


def repacked(archive: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """An archive whose members were changed by hand."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    change(members)
    return tar_of(members)


@pytest.fixture
def image(store: ContentStore) -> Image:
    """An image of one layer."""
    tar = tar_of({"etc/motd": b"hello\n", "bin/tool": b"#!/bin/sh\n" * 500})
    return import_rootfs(io.BytesIO(tar), store, ONE, config=Config(cmd=("/bin/tool",)), message="from a test")


def saved(*images: Image, form: str = "docker-archive", compression: Compression = Compression.NONE) -> bytes:
    """The archive of `images`."""
    out = io.BytesIO()
    save(images, out, form=form, compression=compression)
    return out.getvalue()


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("compression", list(Compression))
def test_what_is_saved_loads_as_the_same_image(
    image: Image, other: ContentStore, form: str, compression: Compression
) -> None:
    """Save and load keep name, manifest digest and content, however the archive is compressed."""
    archive = saved(image, form=form, compression=compression)
    (loaded,) = load(io.BytesIO(archive), other)
    assert loaded.names == (ONE,)
    assert loaded.digest == image.digest
    assert loaded.raw_config == image.raw_config
    assert (loaded / "etc/motd").read_bytes() == b"hello\n"
    assert validate(loaded) == ()


def test_saving_twice_gives_the_same_bytes(image: Image) -> None:
    """An archive holds no times of its own."""
    assert saved(image) == saved(image)


def test_two_images_share_their_layers_in_the_archive(image: Image, store: ContentStore, other: ContentStore) -> None:
    """A layer that two images have is written once."""
    labelled = with_labels(store, image, {"a": "b"})
    store.tag(TWO, labelled.descriptor)
    labelled.names = (TWO,)
    archive = saved(image, labelled)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = tar.getnames()
    assert len(names) == len(set(names))
    assert [each.names for each in load(io.BytesIO(archive), other)] == [(ONE,), (TWO,)]


def test_an_image_without_a_name_loads_without_one(image: Image, other: ContentStore) -> None:
    """It goes by its ID alone."""
    image.names = ()
    (loaded,) = load(io.BytesIO(saved(image)), other)
    assert loaded.names == ()
    assert loaded.id == image.id


def test_zstd_layers_are_saved_in_the_form_that_every_docker_reads(store: ContentStore, other: ContentStore) -> None:
    """Docker before version 23 knows no zstd: its archives get plain layers, under the same image ID."""
    from dockmagic.layer.compression.compress import Compressor  # for this test alone

    packed = io.BytesIO()
    with Compressor(packed, Compression.ZSTD) as out:
        out.write(tar_of({"f": b"x" * 5000}))
    image = import_rootfs(io.BytesIO(packed.getvalue()), store, ONE)
    assert image.manifest.layers[0].media_type.endswith("+zstd")
    archive = saved(image)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (item,) = json.load(tar.extractfile("manifest.json"))
        with tarfile.open(fileobj=tar.extractfile(item["Layers"][0]), mode="r:") as layer:
            assert layer.getnames() == ["f"]
    (loaded,) = load(io.BytesIO(archive), other)
    assert loaded.id == image.id
    assert validate(loaded) == ()


def test_a_classic_archive_with_linked_and_repeated_layers_loads(other: ContentStore) -> None:
    """Docker wrote a layer that comes twice once, and a symbolic link for the second time."""
    layer = tar_of({"a": b"1"})
    diff_id = Digest.of(layer)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id, diff_id]}}
    ).encode()
    name = f"{Digest.of(config).hex}.json"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        items = [{"Config": name, "RepoTags": ["old:1"], "Layers": ["aa/layer.tar", "bb/layer.tar"]}]
        for member, data in {name: config, "aa/layer.tar": layer, "manifest.json": json.dumps(items).encode()}.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("bb/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../aa/layer.tar"
        tar.addfile(link)
    (loaded,) = load(io.BytesIO(raw.getvalue()), other)
    assert [layer.diff_id for layer in loaded.layers] == [diff_id, diff_id]
    assert loaded.names == (Reference.parse("old:1"),)


def _null_manifest(members: dict[str, bytes]) -> None:
    del members["index.json"]
    members["manifest.json"] = b"null"


def _no_list(members: dict[str, bytes]) -> None:
    del members["index.json"], members["manifest.json"]


def _another_image_in_manifest_json(members: dict[str, bytes]) -> None:
    (item,) = json.loads(members["manifest.json"])
    members["other.json"] = b'{"rootfs":{"type":"layers","diff_ids":[]}}'
    members["manifest.json"] = json.dumps([{**item, "Config": "other.json"}]).encode()


def _leads_out(members: dict[str, bytes]) -> None:
    del members["index.json"]
    (item,) = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps([{**item, "Layers": ["../../../../etc/passwd"]}]).encode()


def _other_layer(members: dict[str, bytes]) -> None:
    (item,) = json.loads(members["manifest.json"])
    members[item["Layers"][0]] = gzip.compress(tar_of({"etc/motd": b"evil!\n"}))


def _layer_missing(members: dict[str, bytes]) -> None:
    (item,) = json.loads(members["manifest.json"])
    del members[item["Layers"][0]]


def _bad_name(members: dict[str, bytes]) -> None:
    del members["index.json"]
    (item,) = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps([{**item, "RepoTags": ["Not A Name"]}]).encode()


@pytest.mark.parametrize(
    "change",
    [_null_manifest, _no_list, _another_image_in_manifest_json, _leads_out, _other_layer, _layer_missing, _bad_name],
)
def test_a_hostile_archive_is_refused_and_nothing_is_named(
    image: Image, other: ContentStore, change: Callable[[dict[str, bytes]], None]
) -> None:
    """One clear line, and the store has no image afterwards."""
    with pytest.raises(DockmagicError) as caught:
        load(io.BytesIO(repacked(saved(image), change)), other)
    assert "\n" not in str(caught.value)
    assert other.names() == ()


def test_two_different_members_of_one_name_are_refused(image: Image, other: ContentStore) -> None:
    """Readers would not agree which of them counts."""
    raw = io.BytesIO(saved(image))
    with tarfile.open(fileobj=raw, mode="a") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = 2
        tar.addfile(member, io.BytesIO(b"[]"))
    with pytest.raises(InvalidArchive, match="ambiguous"):
        load(io.BytesIO(raw.getvalue()), other)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP])
def test_a_truncated_archive_is_refused(
    image: Image, other: ContentStore, keep: float, compression: Compression
) -> None:
    """Wherever it was cut."""
    archive = saved(image, compression=compression).rstrip(b"\0")
    with pytest.raises(DockmagicError):
        load(io.BytesIO(archive[: int(len(archive) * keep)]), other)
    assert other.names() == ()


def test_what_is_no_archive_is_refused(other: ContentStore, tmp_path: Path) -> None:
    """Neither noise nor a file that is not there is taken for one."""
    with pytest.raises(InvalidArchive):
        load(io.BytesIO(b"noise " * 1000), other)
    with pytest.raises(InvalidArchive, match="bzip2"):
        load(io.BytesIO(b"BZh91AY&SY" + bytes(1000)), other)
    with pytest.raises(InvalidArchive, match="lzip"):
        load(io.BytesIO(b"LZIP" + bytes(1000)), other)
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path / "missing.tar", other)


def test_nothing_to_save_is_refused() -> None:
    """So is a form that does not exist."""
    with pytest.raises(InvalidInput, match="no image"):
        save([], io.BytesIO())


def test_an_imported_root_file_system_is_an_image(image: Image) -> None:
    """One layer, the command it was given, and the message in its history."""
    assert len(image.layers) == 1
    assert image.config.cmd == ("/bin/tool",)
    assert image.history[0].comment == "from a test"
    assert validate(image) == ()


def test_imports_with_source_date_epoch_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tar gives the same manifest digest, in any store."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    digests = {
        import_rootfs(io.BytesIO(tar_of({"a": b"1" * 9000})), ContentStore(Home(tmp_path / name)), ONE).digest
        for name in ("x", "y")
    }
    assert len(digests) == 1


def test_importing_what_is_no_tar_is_refused(store: ContentStore) -> None:
    """Nothing is named."""
    with pytest.raises(InvalidLayer):
        import_rootfs(io.BytesIO(b"noise " * 1000), store, ONE)
    assert store.names() == ()


def test_export_gives_the_merged_view(store: ContentStore) -> None:
    """Files, links, modes, owners and attributes come out as they went in."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, extra in (
            ("d", tarfile.DIRTYPE, {"mode": 0o1777}),
            ("d/f", tarfile.REGTYPE, {"mode": 0o4755, "uid": 7, "gid": 8}),
            ("d/g", tarfile.LNKTYPE, {"linkname": "d/f"}),
            ("d/s", tarfile.SYMTYPE, {"linkname": "../nowhere"}),
            ("d/p", tarfile.FIFOTYPE, {}),
            ("empty", tarfile.REGTYPE, {}),
        ):
            member = tarfile.TarInfo(name)
            member.type = kind
            for key, value in extra.items():
                setattr(member, key, value)
            member.size = 3 if name == "d/f" else 0
            tar.addfile(member, io.BytesIO(b"abc"))
    image = import_rootfs(io.BytesIO(raw.getvalue()), store, ONE)
    out = io.BytesIO()
    export_rootfs(image, out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        members = {member.name: member for member in tar}
        assert tar.extractfile("d/g").read() == b"abc"
    assert sorted(members) == ["d", "d/f", "d/g", "d/p", "d/s", "empty"]
    assert members["d"].mode == 0o1777
    assert (members["d/f"].mode, members["d/f"].uid, members["d/f"].gid) == (0o4755, 7, 8)
    assert members["d/g"].islnk()
    assert members["d/s"].linkname == "../nowhere"
    assert members["d/p"].isfifo()


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_skopeo_reads_what_we_save_and_we_what_it_saves(
    image: Image, other: ContentStore, tmp_path: Path, form: str
) -> None:
    """The image ID survives both ways; an oci-archive keeps the manifest digest too."""
    ours, theirs = tmp_path / "ours.tar", tmp_path / "theirs.tar"
    ours.write_bytes(saved(image, form=form))
    subprocess.run(["skopeo", "copy", "-q", f"{form}:{ours}", f"{form}:{theirs}:example/one:1"], check=True)
    (loaded,) = load(theirs, other)
    assert loaded.names == (ONE,)
    assert [layer.diff_id for layer in loaded.layers] == [layer.diff_id for layer in image.layers]
    assert loaded.config == image.config
    if form == "oci-archive":
        assert loaded.digest == image.digest
