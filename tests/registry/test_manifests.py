"""Resolving and fetching manifests from a registry that may lie."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import (
    Denied,
    DigestMismatch,
    ImageNotFound,
    InvalidDocument,
    RegistryUnavailable,
    UnsupportedMediaType,
)
from dockmagic.oci.spec import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries

LATEST = "/v2/app/manifests/latest"


def test_head_alone_resolves_a_tag(scripted: Scripted, registries: Registries) -> None:
    """A HEAD costs no pull at Docker Hub, so it must do."""
    expected = scripted.serve_manifest("app")
    ref = scripted.ref("app")
    assert registries.repository(ref).resolve(ref) == expected
    assert scripted.methods() == [f"HEAD {LATEST}"]
    assert media.OCI_INDEX in scripted.asked[0].headers["accept"]
    assert media.DOCKER_INDEX in scripted.asked[0].headers["accept"]


def test_the_document_is_read_where_head_says_too_little(scripted: Scripted, registries: Registries) -> None:
    """Some registries send no digest, others refuse HEAD, or lead it to a store that allows GET alone."""
    expected = scripted.serve_manifest("app")
    ref = scripted.ref("app")
    scripted.on("HEAD", "/store", Reply(403))
    poor = [Reply(status) for status in (400, 401, 403, 404, 405, 500, 501, 502, 503)]
    poor += [Reply(headers={"Content-Type": media.OCI_MANIFEST}), Reply(307, b"", {"Location": "/store"})]
    poor += [Reply(307, b"", {"Location": LATEST}), Reply(307, b"", {"Location": "http://[::"})]
    for answer in poor:
        scripted.on("HEAD", LATEST, answer)
        assert registries.repository(ref).resolve(ref) == expected
        assert scripted.methods()[-1] == f"GET {LATEST}"


def test_a_refusal_is_that_of_get(scripted: Scripted, registries: Registries) -> None:
    """HEAD's has no words."""
    scripted.on("HEAD", LATEST, Reply(403))
    scripted.on("GET", LATEST, Reply(403, {"errors": [{"code": "DENIED", "message": "ask Ann"}]}))
    ref = scripted.ref("app")
    with pytest.raises(Denied, match="ask Ann"):
        registries.repository(ref).resolve(ref)


def test_a_registry_that_asks_to_wait_is_asked_again_by_head(scripted: Scripted, registries: Registries) -> None:
    """A GET would count as a pull."""
    expected = scripted.serve_manifest("app")
    head = scripted._script["HEAD", LATEST][0]
    scripted.on("HEAD", LATEST, Reply(429, b"", {"Retry-After": "0"}), head)
    ref = scripted.ref("app")
    assert registries.repository(ref).resolve(ref) == expected
    assert scripted.methods() == [f"HEAD {LATEST}"] * 2


def test_fetch_takes_one_round_trip_and_verifies(scripted: Scripted, registries: Registries) -> None:
    """Descriptor and bytes come together."""
    expected = scripted.serve_manifest("app", "v1")
    ref = scripted.ref("app:v1")
    assert registries.repository(ref).fetch(ref) == (expected, MANIFEST)
    assert len(scripted.asked) == 1


def test_a_digest_header_that_does_not_fit_the_body_is_refused(scripted: Scripted, registries: Registries) -> None:
    """Docker-Content-Digest must be that of the bytes."""
    headers = {"Content-Type": media.OCI_MANIFEST, "Docker-Content-Digest": Digest.of(b"other")}
    scripted.on("GET", LATEST, Reply(body=MANIFEST, headers=headers))
    ref = scripted.ref("app")
    with pytest.raises(DigestMismatch):
        registries.repository(ref).fetch(ref)


def test_another_document_than_the_digest_names_is_refused(scripted: Scripted, registries: Registries) -> None:
    """A reference by digest gets exactly that, by HEAD too."""
    ref = scripted.ref(f"app@{Digest.of(b'wanted')}")
    path = f"/v2/app/manifests/{ref.digest}"
    headers = {"Content-Type": media.OCI_MANIFEST, "Docker-Content-Digest": Digest.of(MANIFEST)}
    scripted.on("GET", path, Reply(body=MANIFEST, headers=headers))
    scripted.on("HEAD", path, Reply(headers={**headers, "Content-Length": str(len(MANIFEST))}))
    with pytest.raises(DigestMismatch):
        registries.repository(ref).fetch(ref)
    with pytest.raises(DigestMismatch):
        registries.repository(ref).resolve(ref)


@pytest.mark.parametrize("announced", [True, False])
def test_a_manifest_over_4_mib_is_not_read(scripted: Scripted, registries: Registries, *, announced: bool) -> None:
    """Whether the registry says its length before or not."""
    body = b'{"schemaVersion":2,"x":"' + b"x" * DOCUMENT_LIMIT + b'"}'
    scripted.on("GET", LATEST, Reply(body=body, headers={"Content-Type": media.OCI_MANIFEST}, chunked=not announced))
    ref = scripted.ref("app")
    with pytest.raises(InvalidDocument, match="4194304"):
        registries.repository(ref).fetch(ref)


def test_a_document_that_is_manifest_and_index_is_refused(scripted: Scripted, registries: Registries) -> None:
    """CVE-2021-41190."""
    both = json.dumps({**json.loads(MANIFEST), "manifests": []}).encode()
    scripted.serve_manifest("app", raw=both)
    ref = scripted.ref("app")
    with pytest.raises(InvalidDocument, match="both"):
        registries.repository(ref).fetch(ref)


def test_schema_1_is_named(scripted: Scripted, registries: Registries) -> None:
    """Very old images get a line of their own."""
    headers = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    scripted.on("HEAD", LATEST, Reply(headers={**headers, "Content-Length": "20"}))
    scripted.on("GET", LATEST, Reply(body=b'{"schemaVersion": 1, "fsLayers": []}', headers=headers))
    ref = scripted.ref("app")
    with pytest.raises(UnsupportedMediaType, match="schema 1"):
        registries.repository(ref).resolve(ref)


def test_a_web_page_instead_of_json_is_named(scripted: Scripted, registries: Registries) -> None:
    """A network's login page answers everything with 200."""
    page = Reply(body=b"<html>Log in to this network</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    scripted.on("HEAD", LATEST, page)
    scripted.on("GET", LATEST, page)
    scripted.on("GET", "/v2/app/tags/list", page)
    ref = scripted.ref("app")
    with pytest.raises(RegistryUnavailable, match="web page"):
        registries.repository(ref).resolve(ref)
    with pytest.raises(RegistryUnavailable, match="web page"):
        list(registries.repository(ref).tags())


def test_a_missing_image_says_what_to_do(scripted: Scripted, registries: Registries) -> None:
    """An unknown repository and an unknown tag are told apart, on one line."""
    ref = scripted.ref("app:9")
    for code, words in (("NAME_UNKNOWN", "no repository"), ("MANIFEST_UNKNOWN", "tags ")):
        scripted.on("GET", "/v2/app/manifests/9", Reply(404, {"errors": [{"code": code, "message": "x"}]}))
        with pytest.raises(ImageNotFound) as raised:
            registries.repository(ref).resolve(ref)
        assert words in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_media_type_is_found_where_the_header_is_useless(scripted: Scripted, registries: Registries) -> None:
    """Static file servers send text/plain or nothing."""
    scripted.on("GET", LATEST, Reply(body=MANIFEST, headers={"Content-Type": "text/plain"}))
    ref = scripted.ref("app")
    assert registries.repository(ref).resolve(ref).media_type == media.OCI_MANIFEST


def test_a_truncated_manifest_is_asked_for_again(scripted: Scripted, registries: Registries) -> None:
    """And a manifest is read through `open` like a blob."""
    desc = scripted.serve_manifest("app")
    path = f"/v2/app/manifests/{desc.digest}"
    scripted.on("GET", path, Reply(body=MANIFEST, cut=10), Reply(body=MANIFEST))
    with registries.repository(scripted.ref("app")).open(desc, offset=3) as stream:
        assert stream.read() == MANIFEST[3:]


def test_the_rate_limit_is_remembered(scripted: Scripted, registries: Registries) -> None:
    """Docker Hub tells it with each manifest."""
    ref = scripted.ref("app")
    repository = registries.repository(ref)
    assert repository.rate_limit is None
    length = {"Content-Length": str(len(MANIFEST)), "Content-Type": media.OCI_MANIFEST}
    limits = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "87;w=21600"}
    scripted.on("HEAD", LATEST, Reply(headers={**length, **limits, "Docker-Content-Digest": Digest.of(MANIFEST)}))
    repository.resolve(ref)
    found = repository.rate_limit
    assert found is not None
    assert (found.limit, found.remaining, found.window) == (100, 87, 21600)
