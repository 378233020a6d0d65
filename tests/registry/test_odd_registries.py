"""What registries in use do beside the specification, as their users have reported it; other clients read them."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply, blob

from dockmagic.oci import media
from dockmagic.oci.errors import Denied
from dockmagic.registry.auth.bearer import _read_token

if TYPE_CHECKING:
    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries

LATEST = "/v2/app/manifests/latest"
TAGS = "/v2/app/tags/list"
CONTENT = bytes(range(256)) * 400
DESC = blob(CONTENT)


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer realm="{realm}",service="s",scope="repository:app:pull"',
        "Bearer realm={realm}, service=s",
        "bearer realm={realm}",
        'BEARER Realm="{realm}"  ,  Service="s"',
        'Basic realm="x", Bearer realm="{realm}",service="s"',
        'Negotiate, Bearer realm="{realm}",error="invalid_token",error_description="a, \\"b\\""',
        'Bearer realm="{realm}?account=x"',
        'Bearer realm="{realm}",,service="s",',
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        {"token": "t"},
        {"access_token": "t", "token": None},
        {"access_token": "t", "expires_in": "3600"},
        {"token": "t", "expires_in": "soon", "issued_at": 5},
        {"token": "t", "access_token": "other", "expires_in": 1.5e9, "refresh_token": {}},
    ],
)
def test_a_token_is_found(
    scripted: Scripted, registries: Registries, challenge: str, answer: dict[str, object]
) -> None:
    """Realms without quotes, schemes in any letters, lives that are texts."""

    def reply(asked: Asked) -> Reply:
        if asked.authorization == "Bearer t":
            return Reply(body=MANIFEST, headers={"Content-Type": media.OCI_MANIFEST})
        header = challenge.format(realm=f"{scripted.url}/token")
        return Reply(401, b"", {"WWW-Authenticate": header})

    scripted.on("GET", LATEST, reply)
    scripted.on("GET", "/token", Reply(body=answer))
    ref = scripted.ref("app")
    assert registries.repository(ref).fetch(ref)[1] == MANIFEST


def test_a_life_that_is_a_text_is_a_life() -> None:
    """Of an hour, here."""
    token = _read_token(b'{"token": "t", "expires_in": "3600"}', "host")
    assert 3000 < token.expires - time.monotonic() <= 3600


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "text/plain", "application/json; charset=utf-8"])
def test_a_manifest_of_any_content_type_is_one(scripted: Scripted, registries: Registries, kind: str) -> None:
    """Files on a web server or in a bucket, which send no digest either."""
    headers = {"Content-Type": kind} if kind else {}
    scripted.on("HEAD", LATEST, Reply(headers={**headers, "Content-Length": str(len(MANIFEST))}))
    scripted.on("GET", LATEST, Reply(body=MANIFEST, headers=headers))
    ref = scripted.ref("app")
    repository = registries.repository(ref)
    assert repository.resolve(ref) == repository.fetch(ref)[0] == blob(MANIFEST, media.OCI_MANIFEST)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"code": 403, "message": "ask Ann"}]},
        {"errors": [{"code": "DENIED", "message": "ask Ann", "detail": [1]}]},
        {"errors": [{"code": None, "message": "ask Ann"}], "status": 403},
        {"errors": [{"message": "ask Ann"}, {"code": "X", "message": None}]},
    ],
)
def test_a_refusal_keeps_its_words(scripted: Scripted, registries: Registries, body: dict[str, object]) -> None:
    """Also where its code is a number or missing."""
    scripted.on("GET", LATEST, Reply(403, body))
    ref = scripted.ref("app")
    with pytest.raises(Denied, match="ask Ann"):
        registries.repository(ref).fetch(ref)


@pytest.mark.parametrize("key", ["next_page=gAAAAA%3D&n=50", "n=50&last=b%2Bc", "n=50&last=b&artifactory=a%20b"])
def test_a_next_page_is_asked_for_as_it_is_named(scripted: Scripted, registries: Registries, key: str) -> None:
    """Whatever a registry calls its place in a list."""

    def page(asked: Asked) -> Reply:
        if asked.target == f"{TAGS}?{key}":
            return Reply(body={"tags": ["b"]})
        return Reply(body={"tags": ["a"]}, headers={"Link": f'<{TAGS}?{key}>; rel="next"'})

    scripted.on("GET", TAGS, page)
    assert list(registries.repository(scripted.ref("app")).tags()) == ["a", "b"]


@pytest.mark.parametrize("status", [202, 204])
def test_a_push_by_chunks_goes_on_without_a_location(scripted: Scripted, registries: Registries, status: int) -> None:
    """The upload stays where it is; 413 leads to chunks."""
    path = "/v2/app/blobs/uploads/"
    scripted.on("POST", path, Reply(202, b"", {"Location": f"{path}1"}))
    done: list[Asked] = []

    def put(asked: Asked) -> Reply:
        if asked.body:
            return Reply(413)
        done.append(asked)
        return Reply(201)

    scripted.on("PUT", f"{path}1", put)
    scripted.on("PATCH", f"{path}1", Reply(status))
    registries.repository(scripted.ref("app")).put(DESC, io.BytesIO(CONTENT))
    assert done[0].query == {"digest": [DESC.digest]}
    assert b"".join(asked.body for asked in scripted.asked if asked.method == "PATCH") == CONTENT
