"""Bills of materials, read by the libraries of their formats."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import InvalidInput, NotSupported

if TYPE_CHECKING:
    from pathlib import Path

    from small_images import MakeImage

    from dockmagic.image.image import Image


@pytest.fixture
def app(make_image: MakeImage) -> Image:
    """Packages of three kinds, one of them twice; odd letters in names and paths."""
    return make_image(
        {
            "etc/os-release": b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
            "var/lib/dpkg/status": b"Package: libc6\nArchitecture: amd64\nVersion: 2.36-9+deb12u1\n",
            "a/node_modules/@types/node/package.json": b'{"name": "@types/node", "version": "20.1.0"}',
        },
        {
            "b/node_modules/@types/node/package.json": b'{"name": "@types/node", "version": "20.1.0"}',
            "b/\udcff.dist-info/METADATA": "Name: schön <b>\nVersion: 1.0 & more\n".encode(),
        },
        name="app:1",
    )


def test_cyclonedx_is_valid_and_tells_of_every_package(app: Image) -> None:
    """Against the format's schema; of each package its URL, its file and its layer."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = app.sbom()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert document["metadata"]["component"]["name"] == "app:1"
    assert document["metadata"]["component"]["version"] == app.digest
    assert document["metadata"]["timestamp"].startswith("2024-01-02T00:00:00")
    assert {(one["type"], one.get("group", ""), one["name"], one["version"]) for one in document["components"]} == {
        ("operating-system", "", "debian", "12"),
        ("library", "", "libc6", "2.36-9+deb12u1"),
        ("library", "@types", "node", "20.1.0"),
        ("library", "", "schön <b>", "1.0 & more"),
    }
    nodes = [one for one in document["components"] if one["name"] == "node"]
    assert sorted(tuple(own["value"] for own in one["properties"]) for one in nodes) == [
        ("0", "/a/node_modules/@types/node/package.json"),
        ("1", "/b/node_modules/@types/node/package.json"),
    ]
    assert {one["purl"] for one in nodes} == {"pkg:npm/%40types/node@20.1.0"}


def test_spdx_is_valid_and_tells_of_every_package(app: Image, tmp_path: Path) -> None:
    """By the format's library; the document describes the image, which contains the packages."""
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    path = tmp_path / "app.spdx.json"
    path.write_text(app.sbom("spdx-json"))
    document = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    image, *packages = document.packages
    assert (image.name, image.version) == ("app:1", app.digest)
    assert [(one.name, one.version) for one in packages] == [
        ("libc6", "2.36-9+deb12u1"),
        ("@types/node", "20.1.0"),
        ("@types/node", "20.1.0"),
        ("schön <b>", "1.0 & more"),
    ]
    assert [one.external_references[0].locator for one in packages] == [one.purl for one in app.packages]
    assert packages[2].source_info == "told by /b/node_modules/@types/node/package.json, supplied by layer 1"
    kinds = [one.relationship_type.name for one in document.relationships]
    assert kinds == ["DESCRIBES", "CONTAINS", "CONTAINS", "CONTAINS", "CONTAINS"]


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_the_same_image_has_the_same_document(app: Image, form: str) -> None:
    """Byte by byte; so it can be compared and signed. An image without packages has one, too."""
    assert app.sbom(form) == app.sbom(form)


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_an_image_without_packages_has_a_document(make_image: MakeImage, form: str) -> None:
    """With the image in it."""
    image = make_image({"hello": b"world"})
    assert image.short_id in image.sbom(form)


def test_what_cannot_be_written_is_told_in_a_line(app: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another format, or a library that is not there."""
    with pytest.raises(InvalidInput, match="sarif is no format of a bill of materials"):
        app.sbom("sarif")
    monkeypatch.setitem(sys.modules, "cyclonedx.model", None)
    monkeypatch.delitem(sys.modules, "dockmagic.image.sbom.cyclonedx", raising=False)
    with pytest.raises(NotSupported, match=r"needs the Python package cyclonedx.*dockmagic\[sbom\]"):
        app.sbom()
