"""Pushing to registries that refuse mounts, forget uploads and break off."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply, blob

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import (
    Denied,
    DigestMismatch,
    InvalidContent,
    RegistryError,
    RegistryUnavailable,
    SizeMismatch,
)
from dockmagic.oci.spec import Descriptor

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries
    from dockmagic.registry.repository import Repository

CONTENT = hashlib.shake_256(b"up").digest(400_000)
DESC = blob(CONTENT)
UPLOADS = "/v2/app/blobs/uploads/"


class Receiver:
    """The upload side of a registry, with switches for its moods."""

    def __init__(self, scripted: Scripted) -> None:
        self.data = b""
        self.begun = 0
        self.largest = 1 << 40
        scripted.on("POST", UPLOADS, self.begin)
        scripted.on("PUT", "/up", self.put)
        scripted.on("PATCH", "/up", self.patch)
        scripted.on("GET", "/up", self.standing)
        self.scripted = scripted

    def begin(self, _asked: Asked) -> Reply:
        """Open an upload."""
        self.begun += 1
        self.data = b""
        return Reply(202, b"", {"Location": f"/up?state={self.begun}"})

    def patch(self, asked: Asked) -> Reply:
        """Take a chunk."""
        start = int(asked.headers["content-range"].partition("-")[0])
        if start != len(self.data):
            return Reply(416, b"", {"Range": f"0-{len(self.data) - 1}"})
        self.data += asked.body
        return Reply(202, b"", {"Location": f"/up?state={self.begun}", "Range": f"0-{len(self.data) - 1}"})

    def put(self, asked: Asked) -> Reply:
        """Close the upload."""
        if len(asked.body) > self.largest:
            return Reply(413, b"<html>too large</html>")
        self.data += asked.body
        if Digest.of(self.data) != asked.query["digest"][0]:
            return Reply(400, {"errors": [{"code": "DIGEST_INVALID", "message": "provided digest did not match"}]})
        return Reply(201, b"", {"Docker-Content-Digest": Digest.of(self.data)})

    def standing(self, _asked: Asked) -> Reply:
        """How far the upload is."""
        if self.scripted.asked[-2].body and not self.data:
            self.data = self.scripted.asked[-2].body
        return Reply(204, b"", {"Location": f"/up?state={self.begun}", "Range": f"0-{max(0, len(self.data) - 1)}"})


@pytest.fixture
def receiver(scripted: Scripted) -> Receiver:
    """The scripted registry takes uploads."""
    return Receiver(scripted)


@pytest.fixture
def repository(scripted: Scripted, registries: Registries) -> Repository:
    """The repository ``app`` of the scripted registry."""
    return registries.repository(scripted.ref("app"))


@pytest.mark.parametrize("status", [401, 403, 404, 405, 500])
def test_a_blob_is_put_where_head_tells_nothing(scripted: Scripted, registries: Registries, status: int) -> None:
    """Some registries do not answer HEAD; a refusal of the upload itself has words."""
    scripted.on("HEAD", f"/v2/app/blobs/{DESC.digest}", Reply(status))
    assert not registries.repository(scripted.ref("app")).has(DESC)
    assert len(scripted.asked) == 1


def test_a_blob_goes_up_in_one_piece(scripted: Scripted, repository: Repository, receiver: Receiver) -> None:
    """Two requests, and progress is told."""
    sent: list[int] = []
    repository.put(DESC, io.BytesIO(CONTENT), on_sent=sent.append)
    assert receiver.data == CONTENT
    assert scripted.methods() == [f"POST {UPLOADS}", "PUT /up"]
    assert sent[-1] == len(CONTENT)


def test_an_empty_blob_goes_up(repository: Repository, receiver: Receiver) -> None:
    """Its digest is known to all."""
    repository.put(blob(b""), io.BytesIO(b""))
    assert receiver.data == b""


def test_an_upload_that_breaks_off_goes_on_from_where_the_registry_stands(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """What has arrived does not go up again."""
    scripted.upload_cut = 150_000
    repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.data == CONTENT
    assert receiver.begun == 1
    chunk = next(asked for asked in scripted.asked if asked.method == "PATCH")
    assert chunk.headers["content-range"] == "150000-399999"


def test_a_stream_that_cannot_seek_says_so(scripted: Scripted, repository: Repository, receiver: Receiver) -> None:
    """There is nothing to go on with."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    scripted.upload_cut = 150_000
    with pytest.raises(RegistryUnavailable, match="cannot be read again"):
        repository.put(DESC, Pipe(CONTENT))


def test_a_registry_that_forgets_uploads_gets_a_new_one(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """404 to the upload's address closes it."""
    scripted.on("PUT", "/up", Reply(404, {"errors": [{"code": "BLOB_UPLOAD_UNKNOWN"}]}), receiver.put)
    repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.begun == 2
    assert receiver.data == CONTENT


def test_a_registry_that_always_closes_uploads_ends_in_an_error(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """After as many attempts as the retry policy allows."""
    scripted.on("PUT", "/up", Reply(404))
    with pytest.raises(RegistryUnavailable, match="closed the upload"):
        repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.begun == 3


def test_a_proxy_that_refuses_whole_blobs_gets_chunks(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """413 is the answer of web servers in between."""
    receiver.largest = 100_000
    repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.data == CONTENT
    assert "PATCH /up" in scripted.methods()


def test_a_server_error_in_the_middle_is_tried_again(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """5xx to the last request."""
    scripted.on("PUT", "/up", Reply(503), receiver.put)
    repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.data == CONTENT


def test_a_stream_that_is_not_what_its_descriptor_says_is_refused(repository: Repository, receiver: Receiver) -> None:
    """By the registry if it has the right length, here if it is too short."""
    with pytest.raises(DigestMismatch, match="did not match"):
        repository.put(DESC, io.BytesIO(CONTENT[:-1] + b"?"))
    with pytest.raises(SizeMismatch):
        repository.put(DESC, io.BytesIO(CONTENT[:-1]))


def test_an_upload_without_an_address_is_an_error(scripted: Scripted, repository: Repository) -> None:
    """One line, not a KeyError."""
    scripted.on("POST", UPLOADS, Reply(202))
    with pytest.raises(InvalidContent, match="without saying where"):
        repository.put(DESC, io.BytesIO(CONTENT))


def test_a_push_that_is_not_allowed_is_denied(scripted: Scripted, repository: Repository) -> None:
    """403 at the first request."""
    scripted.on("POST", UPLOADS, Reply(403, {"errors": [{"code": "DENIED", "message": "read only"}]}))
    with pytest.raises(Denied, match="read only"):
        repository.put(DESC, io.BytesIO(CONTENT))


def test_a_mount_sends_nothing(scripted: Scripted, repository: Repository) -> None:
    """Where the registry does it."""
    scripted.on("POST", UPLOADS, Reply(201))
    assert repository.mount(DESC, "other/place")
    assert scripted.asked[0].query == {"mount": [DESC.digest], "from": ["other/place"]}


@pytest.mark.parametrize("status", [202, 400, 401, 403, 404, 405])
def test_a_refused_mount_is_followed_by_an_upload(
    scripted: Scripted, repository: Repository, receiver: Receiver, status: int
) -> None:
    """202 has opened the upload already; every other refusal means a new one."""
    mounting = receiver.begin if status == 202 else Reply(status)
    scripted.on("POST", UPLOADS, mounting, receiver.begin)
    assert not repository.mount(DESC, "other")
    repository.put(DESC, io.BytesIO(CONTENT))
    assert receiver.data == CONTENT
    assert scripted.methods().count(f"POST {UPLOADS}") == (1 if status == 202 else 2)


def test_has_asks_by_head(scripted: Scripted, repository: Repository) -> None:
    """Blobs and manifests in their own places."""
    manifest = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(MANIFEST), size=len(MANIFEST))
    scripted.on("HEAD", f"/v2/app/blobs/{DESC.digest}", Reply(200))
    assert repository.has(DESC)
    assert not repository.has(manifest)
    assert scripted.methods()[-1] == f"HEAD /v2/app/manifests/{manifest.digest}"


def test_a_manifest_gets_its_name_last(scripted: Scripted, repository: Repository) -> None:
    """With its media type; a registry that stores something else is caught."""
    desc = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(MANIFEST), size=len(MANIFEST))
    scripted.on("PUT", "/v2/app/manifests/v1", Reply(201, b"", {"Docker-Content-Digest": desc.digest}))
    ref = scripted.ref("app:v1")
    repository.name(ref, desc, MANIFEST)
    assert scripted.asked[0].headers["content-type"] == media.OCI_MANIFEST
    assert scripted.asked[0].body == MANIFEST
    scripted.on("PUT", "/v2/app/manifests/v1", Reply(201, b"", {"Docker-Content-Digest": Digest.of(b"x")}))
    with pytest.raises(DigestMismatch):
        repository.name(ref, desc, MANIFEST)
    missing = {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry"}]}
    scripted.on("PUT", "/v2/app/manifests/v1", Reply(400, missing))
    with pytest.raises(RegistryError, match="blob unknown") as raised:
        repository.name(ref, desc, MANIFEST)
    assert raised.value.codes == ("MANIFEST_BLOB_UNKNOWN",)


def test_nothing_is_pushed_to_a_mirror(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """A mirror only stands in for reading."""
    conf = Path(environ["HOME"]) / "registries.conf"
    conf.write_text(f'[[registry]]\nlocation = "{scripted.host}"\n[[registry.mirror]]\nlocation = "{second.host}"\n')
    environ["CONTAINERS_REGISTRIES_CONF"] = str(conf)
    Receiver(scripted)
    repository = make().repository(scripted.ref("app"))
    repository.put(DESC, io.BytesIO(CONTENT))
    assert not repository.has(DESC)
    assert second.asked == []


def test_a_listener_that_stops_the_upload_is_obeyed(
    scripted: Scripted, repository: Repository, receiver: Receiver
) -> None:
    """What it raises comes through, and nothing is tried again."""

    def stop(_sent: int) -> None:
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        repository.put(DESC, io.BytesIO(CONTENT), on_sent=stop)
    assert receiver.begun == 1
