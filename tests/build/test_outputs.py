"""Options of ``--output``: layouts in folders, compressions, annotations, each read by others."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from build_harness import read

from dockmagic.builder.outcome.output import BuildOutput
from dockmagic.oci.errors import Conflict, InvalidInput
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from pathlib import Path

    from build_harness import Builder

_TEXT = "FROM scratch\nCOPY f /d/f"
_REF = "org.opencontainers.image.ref.name"
_NAME = "io.containerd.image.name"


def _lines(layout: Path) -> list[dict[str, object]]:
    return json.loads((layout / "index.json").read_text())["manifests"]  # type: ignore[no-any-return]


def test_a_layout_in_a_folder_has_all_names(plain: Builder, tmp_path: Path) -> None:
    """OCILayoutMultiname: a tag each, and the whole name beside it."""
    layout = tmp_path / "out"
    output = BuildOutput.parse(f'type=oci,tar=false,dest={layout},"name=org/repo:tag1,org/repo:tag2"')
    image = plain(_TEXT, {"f": "1"}, outputs=(output,)).image
    lines = _lines(layout)
    assert {line["digest"] for line in lines} == {str(image.digest)}
    assert [line["annotations"] for line in lines] == [
        {_REF: tag, _NAME: f"docker.io/org/repo:{tag}"} for tag in ("tag1", "tag2")
    ]
    assert len(list((layout / "blobs" / "sha256").iterdir())) == 3
    assert not [path for path in layout.rglob("*") if path.name.startswith(".")]


def test_a_layout_keeps_what_it_has(plain: Builder, tmp_path: Path) -> None:
    """A name moves to the new image, others stay; a file is no folder."""
    layout = tmp_path / "out"
    for name, text in (("a:1", "1"), ("b:1", "1"), ("a:1", "2")):
        plain(_TEXT, {"f": text}, outputs=(BuildOutput.parse(f"type=oci,tar=false,dest={layout},name={name}"),))
    one, two = _lines(layout)
    assert (one["annotations"][_NAME], two["annotations"][_NAME]) == (  # type: ignore[index]
        "docker.io/library/b:1",
        "docker.io/library/a:1",
    )
    assert one["digest"] != two["digest"]
    (tmp_path / "file").touch()
    with pytest.raises(Conflict, match="is a file"):
        plain(_TEXT, outputs=(BuildOutput.parse(f"type=oci,tar=false,dest={tmp_path}/file"),))


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_a_layout_is_read_by_skopeo_and_is_a_context(plain: Builder, tmp_path: Path) -> None:
    """By its tag, as one of BuildKit's."""
    layout = tmp_path / "out"
    image = plain(_TEXT, {"f": "1"}, outputs=(BuildOutput.parse(f"type=oci,tar=false,dest={layout},name=a:x"),)).image
    told = subprocess.run(["skopeo", "inspect", f"oci:{layout}:x"], capture_output=True, check=True).stdout
    assert json.loads(told)["Digest"] == image.digest
    again = plain("FROM given\nCOPY g /", {"g": ""}, contexts={"given": f"oci-layout://{layout}:x"}).image
    assert read(again, "/d/f") == "1"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("compression=zstd,compression-level=19", "application/vnd.oci.image.layer.v1.tar+zstd"),
        ("compression=uncompressed", "application/vnd.oci.image.layer.v1.tar"),
        ("compression=gzip,compression-level=9", "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("compression=zstd,oci-mediatypes=false", "application/vnd.docker.image.rootfs.diff.tar.zstd"),
    ],
)
def test_layers_are_compressed_as_asked(plain: Builder, asked: str, kind: str) -> None:
    """The image has the same ID and DiffIDs, since nothing in it is another."""
    usual = plain(_TEXT, {"f": "text" * 1000}).image
    image = plain(_TEXT, outputs=(BuildOutput.parse(f"type=image,name=packed,{asked}"),)).image
    (layer,) = image.manifest.layers
    assert layer.media_type == kind
    assert layer.digest != usual.manifest.layers[0].digest
    assert image.id == usual.id
    assert read(image, "/d/f") == "text" * 1000


def test_layers_of_the_base_are_left_or_forced(plain: Builder) -> None:
    """``force-compression``, without which the layers of the base stay what they are."""
    base = plain(_TEXT, {"f": "1"}, tags=(Reference.parse("packbase"),)).image
    text = "FROM packbase\nCOPY g /"
    kept = plain(text, {"g": "2"}, outputs=(BuildOutput.parse("type=image,compression=zstd"),)).image
    forced = plain(text, outputs=(BuildOutput.parse("type=image,compression=zstd,force-compression=true"),)).image
    assert kept.manifest.layers[0] == base.manifest.layers[0]
    assert [layer.media_type.endswith("+zstd") for layer in kept.manifest.layers] == [False, True]
    assert [layer.media_type.endswith("+zstd") for layer in forced.manifest.layers] == [True, True]
    assert kept.id == forced.id


def test_outputs_of_one_build_share_their_image(plain: Builder, tmp_path: Path) -> None:
    """So they cannot ask for different compressions; annotations of all of them are on it."""
    two = (f"type=oci,dest={tmp_path}/a.tar,compression=zstd", f"type=oci,dest={tmp_path}/b.tar,compression=gzip")
    with pytest.raises(InvalidInput, match="different compressions"):
        plain(_TEXT, {"f": "1"}, outputs=tuple(map(BuildOutput.parse, two)))
    output = BuildOutput.parse(
        f"type=docker,dest={tmp_path}/c.tar,annotation.k=v,annotation-manifest.l=w,rewrite-timestamp=1"
    )
    image = plain(_TEXT, outputs=(output,)).image
    assert image.manifest.annotations == {"k": "v", "l": "w"}
