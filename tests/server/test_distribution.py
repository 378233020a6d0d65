"""The endpoints of the distribution specification, by the categories of its conformance suite."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BLOB = bytes(range(256)) * 8


def sha256(data: bytes) -> str:
    """The digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The specification's error code."""
        return str(json.loads(self.body)["errors"][0]["code"])

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Client:
    """One connection, kept alive."""

    def __init__(self, host: str) -> None:
        self.connection = http.client.HTTPConnection(host, timeout=20)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; underscores in header names are dashes."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())

    def blob(self, repository: str, data: bytes) -> dict[str, Any]:
        """Push a blob; its descriptor."""
        answer = self("POST", f"/v2/{repository}/blobs/uploads/?digest={sha256(data)}", data)
        assert answer.status == 201
        return {"mediaType": "application/octet-stream", "digest": sha256(data), "size": len(data)}

    def manifest(self, repository: str, reference: str, **members: Any) -> tuple[str, Answer]:
        """Push a manifest of one small layer, and its parts; its digest and the answer."""
        layer = self.blob(repository, b"layer")
        config = self.blob(repository, b"{}")
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer], **members}
        raw = json.dumps(document).encode()
        return sha256(raw), self("PUT", f"/v2/{repository}/manifests/{reference}", raw, Content_Type=MANIFEST)


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """An empty registry."""
    with RegistryServer() as server:
        yield server


@pytest.fixture
def client(registry: RegistryServer) -> Iterator[Client]:
    """A connection to it."""
    client = Client(registry.host)
    yield client
    client.connection.close()


def test_it_says_that_it_is_a_registry(client: Client) -> None:
    """end-1."""
    answer = client("GET", "/v2/")
    assert answer.status == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


def test_a_blob_is_pushed_at_once_or_in_two_steps(client: Client) -> None:
    """end-4a with end-6, and end-4b."""
    start = client("POST", "/v2/a/blobs/uploads/")
    assert start.status == 202
    end = client("PUT", f"{start.headers['location']}?digest={sha256(BLOB)}", BLOB)
    assert end.status == 201
    assert client("GET", end.headers["location"]).body == BLOB
    once = client("POST", f"/v2/b/blobs/uploads/?digest={sha256(BLOB)}", BLOB)
    assert (once.status, once.headers["docker-content-digest"]) == (201, sha256(BLOB))


def test_a_blob_of_no_bytes_or_of_sha512_is_a_blob_too(client: Client) -> None:
    """Both are registered in the image specification."""
    client.blob("a", b"")
    assert client("GET", f"/v2/a/blobs/{sha256(b'')}").body == b""
    digest = "sha512:" + hashlib.sha512(BLOB).hexdigest()
    assert client("POST", f"/v2/a/blobs/uploads/?digest={digest}", BLOB).status == 201
    assert client("GET", f"/v2/a/blobs/{digest}").body == BLOB


def test_chunks_come_in_order(client: Client) -> None:
    """end-5: one out of order is refused with the place where it has to go on, and costs nothing."""
    place = client("POST", "/v2/a/blobs/uploads/").headers["location"]
    first = client("PATCH", place, BLOB[:1000], Content_Range="0-999")
    assert (first.status, first.headers["range"]) == (202, "0-999")
    wrong = client("PATCH", place, BLOB[1500:], Content_Range=f"1500-{len(BLOB) - 1}")
    assert (wrong.status, wrong.headers["range"]) == (416, "0-999")
    status = client("GET", place)
    assert (status.status, status.headers["range"]) == (204, "0-999")
    assert client("PATCH", place, BLOB[1000:], Content_Range=f"1000-{len(BLOB) - 1}").status == 202
    assert client("PUT", f"{place}?digest={sha256(BLOB)}").status == 201
    assert client("HEAD", f"/v2/a/blobs/{sha256(BLOB)}").headers["content-length"] == str(len(BLOB))


def test_a_body_may_come_in_http_chunks(client: Client) -> None:
    """Streaming clients do not know its length."""
    place = client("POST", "/v2/a/blobs/uploads/").headers["location"]
    assert client("PATCH", place, iter([BLOB[:7], BLOB[7:]])).status == 202
    assert client("PUT", f"{place}?digest={sha256(BLOB)}").status == 201


def test_a_wrong_digest_leaves_nothing(client: Client, registry: RegistryServer) -> None:
    """Neither a blob nor an upload."""
    place = client("POST", "/v2/a/blobs/uploads/").headers["location"]
    answer = client("PUT", f"{place}?digest={sha256(b'other')}", BLOB)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert client("HEAD", f"/v2/a/blobs/{sha256(b'other')}").status == 404
    assert client("GET", place).code == "BLOB_UPLOAD_UNKNOWN"


def test_an_upload_is_cancelled(client: Client) -> None:
    """And is unknown from then on."""
    place = client("POST", "/v2/a/blobs/uploads/").headers["location"]
    assert client("DELETE", place).status == 204
    assert client("PATCH", place, BLOB).code == "BLOB_UPLOAD_UNKNOWN"


def test_a_blob_is_mounted_from_another_repository(client: Client) -> None:
    """end-11: 201 where it is there, an upload where it is not."""
    client.blob("a", BLOB)
    mounted = client("POST", f"/v2/b/blobs/uploads/?mount={sha256(BLOB)}&from=a")
    assert (mounted.status, mounted.headers["location"]) == (201, f"/v2/b/blobs/{sha256(BLOB)}")
    assert client("GET", f"/v2/b/blobs/{sha256(BLOB)}").body == BLOB
    assert client("POST", f"/v2/b/blobs/uploads/?mount={sha256(b'none')}&from=a").status == 202
    assert client("GET", f"/v2/c/blobs/{sha256(BLOB)}").code == "BLOB_UNKNOWN", "a blob belongs to its repositories"


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=500-1499", 206, slice(500, 1500)),
        ("bytes=500-", 206, slice(500, None)),
        ("bytes=-500", 206, slice(-500, None)),
        ("bytes=2000-5000", 206, slice(2000, None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("bytes=500-0", 416, None),
        ("bytes=5000-10000", 416, None),
    ],
)
def test_a_blob_is_read_in_parts(client: Client, wanted: str, status: int, part: slice | None) -> None:
    """RFC 9110, section 14."""
    client.blob("a", BLOB)
    answer = client("GET", f"/v2/a/blobs/{sha256(BLOB)}", Range=wanted)
    assert answer.status == status
    if part is not None:
        assert answer.body == BLOB[part]
        assert answer.headers["content-length"] == str(len(BLOB[part]))


def test_a_manifest_is_found_by_tag_and_digest(client: Client) -> None:
    """end-3, with the same bytes and media type that were pushed."""
    digest, pushed = client.manifest("a", "v1")
    assert (pushed.status, pushed.headers["docker-content-digest"]) == (201, digest)
    for reference in ("v1", digest):
        head = client("HEAD", f"/v2/a/manifests/{reference}")
        full = client("GET", f"/v2/a/manifests/{reference}")
        assert head.headers["content-length"] == str(len(full.body))
        assert (full.headers["content-type"], sha256(full.body)) == (MANIFEST, digest)
    assert client("GET", "/v2/a/manifests/v2").code == "MANIFEST_UNKNOWN"
    assert client("GET", "/v2/none/manifests/v1").code == "NAME_UNKNOWN"


def test_a_manifest_needs_its_parts(client: Client) -> None:
    """What it refers to comes first; layers that may not be distributed never come."""
    absent = {"mediaType": "application/octet-stream", "digest": sha256(b"absent"), "size": 6}
    assert client.manifest("a", "v1", layers=[absent])[1].code == "MANIFEST_BLOB_UNKNOWN"
    foreign = absent | {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar", "urls": ["https://x"]}
    assert client.manifest("a", "v1", layers=[foreign])[1].status == 201
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [absent]}).encode()
    assert client("PUT", "/v2/a/manifests/i", index, Content_Type=INDEX).code == "MANIFEST_BLOB_UNKNOWN"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"no json", "MANIFEST_INVALID"),
        (b"[]", "MANIFEST_INVALID"),
        (b'{"schemaVersion": 1}', "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "layers": 5}', "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "layers": [{}]}', "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "layers": [], "manifests": []}', "MANIFEST_INVALID"),
        (b'{"schemaVersion": 2, "config": {"mediaType": "x", "digest": "../../x"}}', "DIGEST_INVALID"),
        (b'{"schemaVersion": 2, "mediaType": "text/plain"}', "MANIFEST_INVALID"),
    ],
)
def test_a_broken_manifest_is_refused(client: Client, raw: bytes, code: str) -> None:
    """With the reason."""
    answer = client("PUT", "/v2/a/manifests/x", raw, Content_Type=MANIFEST)
    assert (answer.status, answer.code) == (400, code)


def test_a_manifest_has_at_most_four_mebibytes(client: Client) -> None:
    """413, as the specification wants it; the connection can be used again."""
    answer = client("PUT", "/v2/a/manifests/x", b" " * (4 * 1024 * 1024 + 1), Content_Type=MANIFEST)
    assert (answer.status, answer.code) == (413, "MANIFEST_INVALID")
    assert client("GET", "/v2/").status == 200


def test_a_manifest_pushed_by_digest_takes_tags_as_parameters(client: Client) -> None:
    """end-7b."""
    digest, _ = client.manifest("a", "first")
    raw = client("GET", "/v2/a/manifests/first").body
    answer = client("PUT", f"/v2/a/manifests/{digest}?tag=one&tag=two", raw, Content_Type=MANIFEST)
    assert (answer.status, answer.headers["oci-tag"]) == (201, "one, two")
    assert client("GET", "/v2/a/tags/list").json["tags"] == ["first", "one", "two"]
    wrong = client("PUT", f"/v2/a/manifests/{sha256(b'')}", raw, Content_Type=MANIFEST)
    assert (wrong.status, wrong.code) == (400, "DIGEST_INVALID")


def test_tags_and_repositories_come_in_pages(client: Client) -> None:
    """end-8b and the catalogue: sorted, with a link to the next page; none for zero."""
    for tag in ("b", "a", "c"):
        client.manifest("x/y", tag)
    client.manifest("z", "a")
    first = client("GET", "/v2/x/y/tags/list?n=2")
    assert first.json == {"name": "x/y", "tags": ["a", "b"]}
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    second = client("GET", link[1 : link.index(">")])
    assert second.json["tags"] == ["c"]
    assert "link" not in second.headers
    zero = client("GET", "/v2/x/y/tags/list?n=0")
    assert zero.json["tags"] == []
    assert "link" not in zero.headers
    assert client("GET", "/v2/x/y/tags/list?last=b").json["tags"] == ["c"]
    assert client("GET", "/v2/_catalog?n=1").json == {"repositories": ["x/y"]}
    assert client("GET", "/v2/_catalog?n=1&last=x/y").json == {"repositories": ["z"]}
    assert client("GET", "/v2/none/tags/list").code == "NAME_UNKNOWN"
    assert client("GET", "/v2/z/tags/list?n=many").status == 400


def test_tags_manifests_and_blobs_are_deleted(client: Client) -> None:
    """end-9 and end-10: at once; a manifest takes its tags with it, a blob stays in other repositories."""
    digest, _ = client.manifest("a", "v1")
    client.manifest("a", "v2")
    client.manifest("b", "v1")
    assert client("DELETE", "/v2/a/manifests/v1").status == 202
    assert client("GET", "/v2/a/manifests/v1").status == 404
    assert client("GET", "/v2/a/manifests/v2").status == 200
    assert client("DELETE", f"/v2/a/manifests/{digest}").status == 202
    assert client("GET", "/v2/a/tags/list").json["tags"] == []
    assert client("GET", f"/v2/a/manifests/{digest}").status == 404
    assert client("GET", f"/v2/b/manifests/{digest}").status == 200
    assert client("DELETE", f"/v2/a/blobs/{sha256(b'layer')}").status == 202
    assert client("DELETE", f"/v2/a/blobs/{sha256(b'layer')}").code == "BLOB_UNKNOWN"
    assert client("GET", f"/v2/b/blobs/{sha256(b'layer')}").body == b"layer"


def test_referrers_are_listed_by_their_subject(client: Client) -> None:
    """end-12, filtered by the type of artifact; none is an empty index."""
    subject, _ = client.manifest("a", "image")
    about = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    digest, answer = client.manifest("a", "sbom", subject=about, artifactType="text/sbom", annotations={"k": "v"})
    assert answer.headers["oci-subject"] == subject
    listed = client("GET", f"/v2/a/referrers/{subject}")
    assert listed.headers["content-type"] == INDEX
    (one,) = listed.json["manifests"]
    assert (one["digest"], one["artifactType"], one["annotations"]) == (digest, "text/sbom", {"k": "v"})
    other = client("GET", f"/v2/a/referrers/{subject}?artifactType=text/other")
    assert (other.json["manifests"], other.headers["oci-filters-applied"]) == ([], "artifactType")
    client("DELETE", f"/v2/a/manifests/{digest}")
    assert client("GET", f"/v2/a/referrers/{subject}").json["manifests"] == []
    assert client("GET", "/v2/a/referrers/nonsense").status == 400


@pytest.mark.parametrize("name", ["A/b", "a//b", "../a", "a/_b", "a" * 256])
def test_only_repository_names_name_repositories(client: Client, name: str) -> None:
    """Nothing reaches the file system that is none."""
    assert client("GET", f"/v2/{name}/tags/list").code == "NAME_INVALID"


@pytest.mark.parametrize("reference", ["sha256:../../../etc/passwd", "..", "%2e%2e", "sha256:" + "0" * 63])
def test_only_digests_and_tags_reach_the_files(client: Client, reference: str) -> None:
    """A path in their place is an error of the client."""
    client.manifest("a", "v1")
    assert client("GET", f"/v2/a/manifests/{reference}").status in {400, 404}
    assert client("GET", f"/v2/a/blobs/{reference}").status in {400, 404}
    assert client("PUT", f"/v2/a/manifests/{reference}", b"{}", Content_Type=MANIFEST).status in {400, 404}
    assert client("DELETE", f"/v2/a/manifests/{reference}").status in {400, 404}


def test_an_unknown_place_or_method_is_said_so(client: Client) -> None:
    """In the specification's form."""
    assert client("GET", "/v3/").code == "UNSUPPORTED"
    answer = client("PUT", "/v2/a/tags/list", b"x")
    assert (answer.status, answer.code) == (405, "UNSUPPORTED")


def test_only_its_users_come_in() -> None:
    """Where there are any."""
    with RegistryServer(users={"ada": "secret"}) as server:
        client = Client(server.host)
        refused = client("GET", "/v2/")
        assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
        assert refused.headers["www-authenticate"].startswith("Basic ")
        for pair in ("ada:wrong", ":", "bob:"):
            client.connection.close()
            assert client("GET", "/v2/", Authorization=basic(pair)).status == 401
        assert client("GET", "/v2/", Authorization=basic("ada:secret")).status == 200
        client.connection.close()


def basic(pair: str) -> str:
    """An ``Authorization`` header's value."""
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_many_clients_are_served_at_once(registry: RegistryServer) -> None:
    """All push the same image and others, and all of it is there."""

    def work(number: int) -> list[str]:
        client = Client(registry.host)
        for tag in range(5):
            client.manifest(f"r{number % 4}", f"t{number}-{tag}", annotations={"n": str(number)})
        tags: list[str] = client("GET", f"/v2/r{number % 4}/tags/list").json["tags"]
        client.connection.close()
        return tags

    with ThreadPoolExecutor(16) as pool:
        for number, tags in enumerate(pool.map(work, range(16))):
            assert {f"t{number}-{tag}" for tag in range(5)} <= set(tags)


def test_a_folder_keeps_what_was_pushed(tmp_path: Path) -> None:
    """The next server over it goes on from there; half-done uploads are gone."""
    with RegistryServer(tmp_path) as server:
        client = Client(server.host)
        digest, _ = client.manifest("a/b", "v1")
        place = client("POST", "/v2/a/b/blobs/uploads/").headers["location"]
        client("PATCH", place, BLOB)
        client.connection.close()
    assert list((tmp_path / "uploads").iterdir()) == []
    with RegistryServer(tmp_path) as server:
        client = Client(server.host)
        assert client("GET", "/v2/a/b/manifests/v1").headers["docker-content-digest"] == digest
        client.connection.close()


def test_it_starts_and_stops_as_often_as_wanted() -> None:
    """An idle connection does not hold it up."""
    server = RegistryServer()
    for _ in range(2):
        with server.start() as again:
            assert again is server
            client = Client(server.host)
            assert client("GET", "/v2/").status == 200
        client.connection.close()
        server.close()
    assert repr(server) == "RegistryServer(stopped)"
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.host


def test_requests_are_told_to_whoever_wants_to_hear() -> None:
    """Method, path and status."""
    heard: list[tuple[Any, ...]] = []
    with RegistryServer(on_request=lambda *request: heard.append(request)) as server:
        client = Client(server.host)
        client("HEAD", "/v2/a/manifests/x?y=z")
        client.connection.close()
    assert heard == [("HEAD", "/v2/a/manifests/x?y=z", 404)]
