"""The documents of the image specification, whole and broken."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidDocument, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import (
    DOCUMENT_LIMIT,
    Config,
    Descriptor,
    Index,
    Manifest,
    RootFS,
    chain_ids,
    decode,
    parse_config,
    parse_manifest,
    to_json,
)

D1, D2, D3 = (Digest.of(bytes([number])) for number in range(3))


def descriptor(digest: str = D1, media_type: str = media.OCI_LAYER_GZIP, **more: object) -> dict[str, object]:
    """A descriptor as JSON has it."""
    return {"mediaType": media_type, "digest": digest, "size": 10, **more}


def manifest(**changes: object) -> bytes:
    """A good manifest with `changes`; None takes a member away."""
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": descriptor(D2, media.OCI_CONFIG),
        "layers": [descriptor(D1), descriptor(D3)],
        **changes,
    }
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


def index(**changes: object) -> bytes:
    """A good index with `changes`."""
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": media.OCI_INDEX,
        "manifests": [descriptor(D1, media.OCI_MANIFEST, platform={"architecture": "arm64", "os": "linux"})],
        **changes,
    }
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


def test_a_manifest_is_read() -> None:
    """Config and layers, in order, with checked digests."""
    parsed = parse_manifest(manifest(), media.OCI_MANIFEST)
    assert isinstance(parsed, Manifest)
    assert parsed.config.digest == D2
    assert [layer.digest for layer in parsed.layers] == [D1, D3]
    assert type(parsed.layers[0].digest) is Digest


@pytest.mark.parametrize("given", ["", media.OCI_MANIFEST, "application/json"])
def test_a_manifest_is_known_by_its_members(given: str) -> None:
    """Old registries send no media type, or a vague one, and old manifests have none inside."""
    assert isinstance(parse_manifest(manifest(mediaType=...), given), Manifest)


def test_an_index_is_read() -> None:
    """Its entries keep their platforms, also those with a variant or none."""
    entries = [
        descriptor(D1, media.OCI_MANIFEST, platform={"architecture": "arm", "os": "linux", "variant": "v7"}),
        descriptor(D2, media.OCI_MANIFEST),
        descriptor(
            D3,
            media.OCI_MANIFEST,
            platform={"architecture": "amd64", "os": "windows", "os.version": "10.0.1", "os.features": ["win32k"]},
        ),
    ]
    parsed = parse_manifest(index(manifests=entries))
    assert isinstance(parsed, Index)
    platforms = [entry.platform for entry in parsed.manifests]
    assert platforms[0] == Platform(architecture="arm", os="linux", variant="v7")
    assert platforms[1] is None
    assert platforms[2] == Platform("amd64", "windows", "", "10.0.1", ("win32k",))


def test_unknown_members_do_no_harm() -> None:
    """Whatever a later specification or a publisher adds is passed over."""
    layers = [descriptor(data="e30=", later={"deep": [1]})]
    parsed = parse_manifest(manifest(layers=layers, future=[None], annotations={"a": "b"}))
    assert isinstance(parsed, Manifest)
    assert parsed.annotations == {"a": "b"}
    config = parse_config(
        b'{"rootfs":{"type":"layers","diff_ids":[],"x":1},"config":{"Memory":0,"Domainname":""},"moby.x":{}}'
    )
    assert config.config == Config()


def test_a_document_of_two_meanings_is_refused() -> None:
    """A manifest that is an index too means different things to different readers (CVE-2021-41190)."""
    both = manifest(manifests=[descriptor(D1, media.OCI_MANIFEST)])
    for media_type in ("", media.OCI_MANIFEST, media.OCI_INDEX):
        with pytest.raises(InvalidDocument, match="both an image manifest and an index"):
            parse_manifest(both, media_type)


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (manifest(), media.OCI_INDEX),
        (manifest(mediaType=...), media.DOCKER_INDEX),
        (index(), media.OCI_MANIFEST),
        (manifest(mediaType=media.OCI_INDEX), ""),
        (index(mediaType=media.DOCKER_MANIFEST), ""),
    ],
)
def test_a_document_must_be_what_it_claims(raw: bytes, media_type: str) -> None:
    """Neither the registry's header nor the member inside may name the other kind."""
    with pytest.raises(InvalidDocument):
        parse_manifest(raw, media_type)


def test_an_oversized_document_is_refused_unread() -> None:
    """More than 4 MiB is refused; exactly 4 MiB is still a document."""
    room = DOCUMENT_LIMIT - len(manifest(annotations={"pad": ""}))
    assert isinstance(parse_manifest(manifest(annotations={"pad": "x" * room})), Manifest)
    with pytest.raises(InvalidDocument, match="more than the 4194304"):
        parse_manifest(manifest(annotations={"pad": "x" * (room + 1)}))


@pytest.mark.parametrize("raw", [b'{"schemaVersion":1,"fsLayers":[],"history":[]}', b'{"schemaVersion":1}'])
def test_schema_1_is_refused_by_name(raw: bytes) -> None:
    """Docker's oldest form gets a line that says what it is."""
    with pytest.raises(UnsupportedMediaType, match="schema 1"):
        parse_manifest(raw)


def test_no_image_at_all_is_refused() -> None:
    """An artifact without config and layers, or any other JSON object."""
    with pytest.raises(UnsupportedMediaType, match="neither"):
        parse_manifest(b'{"schemaVersion":2,"blobs":[]}')


WRONG: list[dict[str, Any]] = [
    {"layers": 7},
    {"layers": {"a": 1}},
    {"layers": [None]},
    {"layers": [descriptor(7)]},
    {"layers": [descriptor(None)]},
    {"layers": [descriptor([])]},
    {"config": {"digest": 7, "size": 1, "mediaType": media.OCI_CONFIG}},
    {"layers": [descriptor("sha256:../../etc/passwd")]},
    {"layers": [descriptor("sha256:" + "A" * 64)]},
    {"layers": [descriptor(size=-1)]},
    {"layers": [descriptor(size="10")]},
    {"layers": [descriptor(size=1.5)]},
    {"layers": [descriptor(size=2**70)]},
    {"layers": [{"digest": D1, "size": 1}]},
    {"config": ...},
    {"config": None},
    {"config": descriptor(size=-5)},
    {"schemaVersion": "2"},
    {"annotations": [1]},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_a_broken_manifest_is_one_clear_line(changes: dict[str, object]) -> None:
    """Null lists, wrong types, missing members, digests that are paths: one line, and never another exception."""
    with pytest.raises(InvalidDocument) as caught:
        parse_manifest(manifest(**changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a":' + b"1" * 5000 + b"}"]
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    """Empty, cut short, of another type, not UTF-8, or nested without end."""
    for parse in (parse_manifest, parse_config):
        with pytest.raises(InvalidDocument):
            parse(raw)


def test_a_configuration_is_read() -> None:
    """Platform, history and the inner config, under the specification's names."""
    parsed = parse_config(
        json.dumps(
            {
                "architecture": "arm64",
                "os": "linux",
                "variant": "v8",
                "os.version": "1.2",
                "created": "2013-02-04T19:13:37Z",
                "rootfs": {"type": "layers", "diff_ids": [D1]},
                "history": [{"created_by": "/bin/sh -c #(nop) CMD", "empty_layer": True}, {"created_by": "ADD"}],
                "config": {"Env": ["A=b"], "ExposedPorts": {"80/tcp": {}}, "OnBuild": None, "WorkingDir": "/srv"},
            }
        ).encode()
    )
    assert parsed.platform == Platform("arm64", "linux", "v8", "1.2", ())
    assert parsed.rootfs.diff_ids == (D1,)
    assert parsed.config is not None
    assert (parsed.config.env, parsed.config.working_dir) == (("A=b",), "/srv")
    assert parsed.history is not None
    assert [step.empty_layer for step in parsed.history] == [True, None]


def test_docker_writes_null_for_what_is_empty() -> None:
    """Null in any optional member of a configuration means that it is not there."""
    raw = b'{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]},"history":null,"config":null}'
    assert parse_config(raw).config is None
    nulls = b'{"rootfs":{"type":"layers","diff_ids":[]},"config":{"Cmd":null,"Entrypoint":null,"Labels":null}}'
    assert parse_config(nulls).config == Config()


@pytest.mark.parametrize("raw", [b"{}", b'{"rootfs":null}', b'{"rootfs":{"type":"layers","diff_ids":null}}'])
def test_a_configuration_may_list_no_layers(raw: bytes) -> None:
    """An image without layers has none to list; whether their number is right, the manifest tells."""
    assert parse_config(raw).rootfs == RootFS(type="layers", diff_ids=())


def test_chain_ids_are_those_of_the_specification() -> None:
    """ChainID(L0) = DiffID(L0); ChainID(L0|…|Ln) = sha256(ChainID(L0|…|Ln-1) + " " + DiffID(Ln))."""
    first = D1
    second = "sha256:" + hashlib.sha256(f"{first} {D2}".encode()).hexdigest()
    third = "sha256:" + hashlib.sha256(f"{second} {D3}".encode()).hexdigest()
    assert chain_ids((D1, D2, D3)) == (first, second, third)
    assert chain_ids(()) == ()


def test_json_is_written_compact_and_in_field_order() -> None:
    """What is absent is left out, and the bytes do not depend on when or where they were written."""
    written = to_json(Descriptor(media_type=media.OCI_LAYER, digest=D1, size=3))
    assert written == f'{{"mediaType":"{media.OCI_LAYER}","digest":"{D1}","size":3}}'.encode()
    assert decode(written, Descriptor, "descriptor").digest == D1


def test_names_that_are_not_utf_8_become_json_as_go_writes_it() -> None:
    """A file's name need not be text, and a listing of it must be read by any JSON reader."""
    assert (
        to_json({"Path": "/\udcff\udcfez", "More": ["\udc80", 1, None]})
        == '{"Path":"/\ufffd\ufffdz","More":["\ufffd",1,null]}'.encode()
    )
