"""Files in registries that are no images: written, attached, listed and read, by us and by oras."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
import tempfile
from typing import TYPE_CHECKING

import pytest
from small_images import image_maker

from dockmagic import Engine, ImageNotFound, InvalidInput, NotSupported, PathNotFound, UnsafeEntry
from dockmagic.image.artifacts.reading import Artifact
from dockmagic.image.artifacts.unpacking import unpack_folder
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidArchive, InvalidContent
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.registry.repository import Repository

TITLE = "org.opencontainers.image.title"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with a home of its own."""
    with Engine(tmp_path / "home") as engine:
        engine.home.prepare()
        yield engine


@pytest.fixture
def host(registry_host: str, request: pytest.FixtureRequest) -> str:
    """A place in a registry that no other test uses; one registry lists referrers, Debian's does not."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return f"{registry_host}/artifacts/{'-'.join(part for part in name.split('-') if part)[:60].strip('-')}"


def put(repository: Repository, ref: Reference, document: dict[str, object], *blobs: bytes) -> Descriptor:
    """Put a manifest that was written by hand, and its blobs, into a registry."""
    for data in blobs:
        desc = Descriptor(media_type=media.OCTETS, digest=Digest.of(data), size=len(data))
        if not repository.has(desc):
            repository.put(desc, io.BytesIO(data))
    raw = to_json(document)
    desc = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(raw), size=len(raw))
    repository.name(ref, desc, raw)
    return desc


def line(data: bytes, kind: str, **annotations: str) -> dict[str, object]:
    """A descriptor as JSON."""
    found: dict[str, object] = {"mediaType": kind, "digest": str(Digest.of(data)), "size": len(data)}
    return {**found, "annotations": annotations} if annotations else found


def test_files_come_back_as_they_were(engine: Engine, host: str, tmp_path: Path) -> None:
    """From a mapping, with types by their names; what is not asked for is not read."""
    (tmp_path / "weights.bin").write_bytes(os.urandom(5000))
    pushed = engine.artifacts.push(
        f"{host}:1",
        {"notes.md": "# Grüße\n", "raw": b"\0\1", "deep/weights.bin": tmp_path / "weights.bin"},
        artifact_type="application/vnd.example.model",
        annotations={"owner": "ann"},
        media_types={"raw": "application/x-raw"},
    )
    artifact = engine.artifacts.pull(f"{host}:1")
    assert artifact.digest == pushed.digest
    assert artifact.type == "application/vnd.example.model"
    assert artifact.annotations["owner"] == "ann"
    assert [(one.title, one.media_type) for one in artifact.files] == [
        ("notes.md", "text/markdown"),
        ("raw", "application/x-raw"),
        ("deep/weights.bin", media.OCTETS),
    ]
    assert artifact.read("notes.md").decode() == "# Grüße\n"
    paths = artifact.save(tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths] == [one.title for one in artifact.files]
    assert (tmp_path / "out/deep/weights.bin").read_bytes() == (tmp_path / "weights.bin").read_bytes()
    with pytest.raises(PathNotFound, match="has 3 files"):
        artifact.read()
    with pytest.raises(PathNotFound, match="no file nothing"):
        artifact.read("nothing")


def test_the_manifest_is_as_the_specification_has_it(engine: Engine, host: str) -> None:
    """With the empty configuration, the artifact's type, and each file's title."""
    artifact = engine.artifacts.push(f"{host}:1", {"a.json": "{}"}, artifact_type="application/vnd.example")
    document = json.loads(artifact.source.read(artifact.descriptor))
    assert document["config"] == {"mediaType": media.OCI_EMPTY, "digest": str(Digest.of(b"{}")), "size": 2}
    assert document["artifactType"] == "application/vnd.example"
    assert document["layers"][0]["annotations"] == {TITLE: "a.json"}
    assert document["layers"][0]["mediaType"] == "application/json"
    assert "org.opencontainers.image.created" in document["annotations"]


def test_a_folder_is_one_file_and_unpacked_again(engine: Engine, host: str, tmp_path: Path) -> None:
    """As oras does it; twice the same bytes."""
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.txt").write_text("a")
    (folder / "link").symlink_to("sub/a.txt")
    first = engine.artifacts.push(f"{host}:1", {"data": folder})
    (one,) = first.files
    assert one.is_folder
    assert one.descriptor == engine.artifacts.push(f"{host}:2", {"data": folder}).files[0].descriptor
    first.save(tmp_path / "out")
    assert (tmp_path / "out/data/sub/a.txt").read_text() == "a"
    assert (tmp_path / "out/data/link").is_symlink()


def test_a_frame_travels_as_parquet(engine: Engine, host: str) -> None:
    """And comes back as one."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    artifact = engine.artifacts.push(f"{host}:1", {"table.parquet": frame, "notes.txt": "n"})
    assert artifact.files[0].media_type == "application/vnd.apache.parquet"
    pd.testing.assert_frame_equal(engine.artifacts.pull(f"{host}:1").frame("table.parquet"), frame)
    with pytest.raises(NotSupported, match="no table"):
        artifact.frame("notes.txt")
    with pytest.raises(TypeError, match="bytes, a str, a path or a data frame"):
        engine.artifacts.push(f"{host}:2", {"x": 3})


def test_what_is_attached_is_listed(engine: Engine, host: str) -> None:
    """At registries that list referrers, and at those that do not; signatures under cosign's tags, too."""
    image_maker(engine.store)({"a": b"1"}, name=f"{host}:1")
    image = engine.images.get(f"{host}:1")
    image.push()
    before = len(engine.artifacts.list(f"{host}:1"))
    sbom = engine.artifacts.attach(f"{host}:1", {"app.cdx.json": "{}"}, artifact_type="application/vnd.cyclonedx+json")
    engine.artifacts.attach(f"{host}:1", {"report.txt": "fine"}, artifact_type="application/vnd.example.report")
    assert sbom.subject == image.digest
    rows = engine.artifacts.list(f"{host}:1")
    assert (before, len(rows)) == (0, 2)
    assert {(row.artifact_type, row.files) for row in rows} == {
        ("application/vnd.cyclonedx+json", ("app.cdx.json",)),
        ("application/vnd.example.report", ("report.txt",)),
    }
    (one,) = engine.artifacts.list(f"{host}:1", artifact_type="application/vnd.cyclonedx+json")
    assert one.digest == sbom.digest
    assert engine.artifacts.pull(f"{host}@{one.digest}").read() == b"{}"
    ref = Reference.parse(f"{host}:1")
    tag = ref.with_tag(f"sha256-{image.digest.hex}.sig")
    layer = b"{}signed"
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": line(b"{}", media.OCI_CONFIG),
        "layers": [line(layer, "application/vnd.dev.cosign.simplesigning.v1+json")],
    }
    put(engine.registries.repository(ref), tag, document, b"{}", layer)
    assert [row.artifact_type for row in engine.artifacts.list(f"{host}:1")][-1] == "signature (cosign)"
    with pytest.raises(ImageNotFound):
        engine.artifacts.attach(f"{host}:nothing", {"a": "b"})


def test_artifacts_lie_in_layouts_too_and_are_copied(engine: Engine, host: str, tmp_path: Path) -> None:
    """`copy` moves them like images."""
    place = f"oci:{tmp_path}/l:data"
    pushed = engine.artifacts.push(place, {"a.txt": "a"})
    engine.images.copy(place, f"docker://{host}:1")
    engine.images.copy(f"docker://{host}:1", f"oci-archive:{tmp_path}/a.tar:data")
    artifact = engine.artifacts.pull(f"oci-archive:{tmp_path}/a.tar:data")
    assert (artifact.digest, artifact.read()) == (pushed.digest, b"a")
    with pytest.raises(NotSupported, match="takes images alone"):
        engine.artifacts.push(f"docker-archive:{tmp_path}/d.tar", {"a": "b"})


@pytest.mark.parametrize("title", ["../up", "/abs", "a/../../b", "c\\d"])
def test_a_title_that_leads_out_writes_nothing(engine: Engine, host: str, tmp_path: Path, title: str) -> None:
    """Neither do the files before it."""
    ref = Reference.parse(f"{host}:1")
    files = [line(b"fine", media.OCTETS, **{TITLE: "fine"}), line(b"bad", media.OCTETS, **{TITLE: title})]
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": "application/x",
        "config": line(b"{}", media.OCI_EMPTY),
        "layers": files,
    }
    put(engine.registries.repository(ref), ref, document, b"{}", b"fine", b"bad")
    with pytest.raises(UnsafeEntry, match="leads out"):
        engine.artifacts.pull(f"{host}:1").save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_that_is_there_leads_nobody_out(engine: Engine, host: str, tmp_path: Path) -> None:
    """Nor does one in a folder's archive."""
    engine.artifacts.push(f"{host}:1", {"sub/file": "x"})
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeEntry, match="by a link"):
        engine.artifacts.pull(f"{host}:1").save(tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        member = tarfile.TarInfo("data/link")
        member.type, member.linkname = tarfile.SYMTYPE, "../../../elsewhere"
        tar.addfile(member)
    data = raw.getvalue()
    ref = Reference.parse(f"{host}:2")
    folder = line(data, media.OCI_LAYER_GZIP, **{TITLE: "data", "io.deis.oras.content.unpack": "true"})
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": "application/x",
        "config": line(b"{}", media.OCI_EMPTY),
        "layers": [folder],
    }
    put(engine.registries.repository(ref), ref, document, b"{}", data)
    with pytest.raises(UnsafeEntry, match="leads out"):
        engine.artifacts.pull(f"{host}:2").save(tmp_path / "other")


def archived(*members: tuple[str, bytes, str]) -> bytes:
    """The archive of a folder: names with a type of tar's and a content or a link's target."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                member.linkname = content
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return raw.getvalue()


@pytest.mark.parametrize(
    "members",
    [
        [("data/link", tarfile.SYMTYPE, "/etc")],
        [("data/link", tarfile.SYMTYPE, "../elsewhere"), ("data/link/file", tarfile.REGTYPE, "x")],
        [("data/sub", tarfile.SYMTYPE, "."), ("data/sub/../../out", tarfile.REGTYPE, "x")],
        [("data/hard", tarfile.LNKTYPE, "../secret")],
        [("data/a/b/up", tarfile.SYMTYPE, "../.."), ("data/a/b/up/evil", tarfile.SYMTYPE, "../../../secret")],
        [("../out", tarfile.REGTYPE, "x"), ("/abs", tarfile.REGTYPE, "x"), ("other/file", tarfile.REGTYPE, "x")],
        [("data/device", tarfile.CHRTYPE, "")],
    ],
)
def test_a_hostile_folder_writes_nothing_outside_of_its_name(
    tmp_path: Path, members: list[tuple[str, bytes, str]]
) -> None:
    """Whatever its members and links are; what does not belong to it is left out or refused."""
    place, root = tmp_path / "place", tmp_path / "place/root"
    root.mkdir(parents=True)
    (place / "secret").write_text("s")
    (place / "elsewhere").mkdir()
    (place / "a.tgz").write_bytes(archived(*members))
    with contextlib.suppress(UnsafeEntry, InvalidArchive):
        unpack_folder(place / "a.tgz", "data", root)
    assert {path.name for path in root.iterdir()} <= {"data"}
    assert {path.name for path in place.iterdir()} == {"root", "secret", "elsewhere", "a.tgz"}
    assert list((place / "elsewhere").iterdir()) == []
    assert not [path for path in (root / "data").rglob("*") if not path.resolve().is_relative_to(root / "data")]


def test_a_folder_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything of it is written."""
    monkeypatch.setenv("DOCKMAGIC_MAX_LAYER_SIZE", "100000")
    (tmp_path / "a.tgz").write_bytes(archived(("data/zeros", tarfile.REGTYPE, "\0" * 200_000)))
    with pytest.raises(InvalidArchive, match="more than 100000 bytes"):
        unpack_folder(tmp_path / "a.tgz", "data", tmp_path)
    assert not (tmp_path / "data").exists()


def test_a_folder_is_unpacked_over_an_older_one(tmp_path: Path) -> None:
    """Modes, links and hard links; what was there besides stays."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/old").write_text("old")
    (tmp_path / "data/file").write_text("before")
    members = [
        ("data", tarfile.DIRTYPE, ""),
        ("data/file", tarfile.REGTYPE, "after"),
        ("data/sub", tarfile.DIRTYPE, ""),
        ("data/sub/link", tarfile.SYMTYPE, "../file"),
        ("data/hard", tarfile.LNKTYPE, "data/file"),
    ]
    (tmp_path / "a.tgz").write_bytes(archived(*members))
    unpack_folder(tmp_path / "a.tgz", "data", tmp_path)
    read = {name: (tmp_path / "data" / name).read_text() for name in ("old", "file", "sub/link", "hard")}
    assert read == {"old": "old", "file": "after", "sub/link": "after", "hard": "after"}


def test_content_that_lies_is_not_written(engine: Engine, tmp_path: Path) -> None:
    """Not under its name, nor under another."""
    place = f"oci:{tmp_path}/l:data"
    engine.artifacts.push(place, {"a.txt": "right"})
    (tmp_path / "l/blobs/sha256" / Digest.of(b"right").hex).write_bytes(b"wrong")
    with pytest.raises(InvalidContent):
        engine.artifacts.pull(place).save(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_bad_files_are_one_line(engine: Engine, host: str, tmp_path: Path) -> None:
    """What is not there, and two of one name."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        engine.artifacts.push(f"{host}:1", tmp_path / "nothing")
    (tmp_path / "a").mkdir()
    for name in ("a/x", "x"):
        (tmp_path / name).write_text("x")
    with pytest.raises(InvalidInput, match="the same name"):
        engine.artifacts.push(f"{host}:1", [tmp_path / "x", tmp_path / "a/x"])


# What others write: by their documentation, and by oras itself


def test_what_regctl_writes_is_read(engine: Engine, host: str, tmp_path: Path) -> None:
    """A file without a title goes by its digest; an artifact without files is one, too."""
    ref = Reference.parse(f"{host}:1")
    repository = engine.registries.repository(ref)
    base = {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "artifactType": "application/example.config"}
    put(
        repository,
        ref,
        {**base, "config": line(b"{}", media.OCI_EMPTY), "layers": [line(b"hi", "text/plain")]},
        b"{}",
        b"hi",
    )
    artifact = engine.artifacts.pull(f"{host}:1")
    assert artifact.read() == b"hi"
    assert [path.name for path in artifact.save(tmp_path)] == [Digest.of(b"hi").hex]
    empty = ref.with_tag("2")
    put(repository, empty, {**base, "config": line(b"{}", media.OCI_EMPTY), "layers": [line(b"{}", media.OCI_EMPTY)]})
    assert engine.artifacts.pull(f"{host}:2").files == ()


def test_what_helm_and_older_tools_write_is_read(engine: Engine, host: str) -> None:
    """Whose type is that of the configuration."""
    ref = Reference.parse(f"{host}:1")
    config = b'{"name":"chart"}'
    document = {
        "schemaVersion": 2,
        "config": line(config, "application/vnd.cncf.helm.config.v1+json"),
        "layers": [line(b"chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
    }
    put(engine.registries.repository(ref), ref, document, config, b"chart")
    artifact = engine.artifacts.pull(f"{host}:1")
    assert (artifact.type, artifact.read()) == ("application/vnd.cncf.helm.config.v1+json", b"chart")


@pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")  # of oras' own unpacking
def test_oras_reads_ours_and_we_read_its(
    engine: Engine, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and folders, both ways."""
    client_module = pytest.importorskip("oras.client")
    client = client_module.OrasClient(insecure=True, tls_verify=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # oras leaves folders there
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/two.txt").write_text("two")
    client.push(target=f"{host}:theirs", files=["one.txt:text/plain", "folder"], disable_path_validation=True)
    artifact = engine.artifacts.pull(f"{host}:theirs")
    assert artifact.read("one.txt") == b"one"
    artifact.save(tmp_path / "theirs")
    assert (tmp_path / "theirs/folder/two.txt").read_text() == "two"
    engine.artifacts.push(f"{host}:ours", ["one.txt", "folder"])
    client.pull(target=f"{host}:ours", outdir=str(tmp_path / "ours"))
    assert (tmp_path / "ours/one.txt").read_text() == "one"
    assert (tmp_path / "ours/folder/two.txt").read_text() == "two"


def test_an_artifact_says_what_it_is(engine: Engine, tmp_path: Path) -> None:
    """In one line."""
    artifact = engine.artifacts.push(f"oci:{tmp_path}/l:data", {"a.txt": "a"})
    assert isinstance(artifact, Artifact)
    assert repr(artifact) == f"<Artifact application/vnd.unknown.artifact.v1 {artifact.digest.short}: a.txt>"
