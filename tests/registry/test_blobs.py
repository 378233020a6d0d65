"""Reading blobs over connections that break, from servers that send too little, too much or something else."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest
from scripted_registry import Reply, blob

from dockmagic.oci.errors import BlobNotFound, DigestMismatch, RegistryUnavailable, SizeMismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries
    from dockmagic.registry.repository import Repository

CONTENT = hashlib.shake_256(b"a layer").digest(300_000)
DESC = blob(CONTENT)
PATH = f"/v2/app/blobs/{DESC.digest}"


def ranged(asked: Asked) -> Reply:
    """As a good registry answers."""
    start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    if not start:
        return Reply(body=CONTENT)
    extent = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    return Reply(206, CONTENT[start:], {"Content-Range": extent})


@pytest.fixture
def repository(scripted: Scripted, registries: Registries) -> Repository:
    """The repository ``app`` of the scripted registry."""
    return registries.repository(scripted.ref("app"))


def test_a_blob_is_read_and_verified(scripted: Scripted, repository: Repository) -> None:
    """In pieces of any size, or by readinto."""
    scripted.on("GET", PATH, ranged)
    with repository.open(DESC) as stream:
        assert b"".join(iter(lambda: stream.read(7777), b"")) == CONTENT
        assert stream.read() == b""
    assert repository.read(DESC) == CONTENT
    buffer = bytearray(1000)
    with repository.open(DESC) as stream:
        assert stream.readinto(buffer) == 1000  # type: ignore[attr-defined]
    assert buffer == CONTENT[:1000]


def test_an_offset_asks_for_the_rest_only(scripted: Scripted, repository: Repository) -> None:
    """How an interrupted download goes on in a new process."""
    scripted.on("GET", PATH, ranged)
    with repository.open(DESC, offset=123_456) as stream:
        assert stream.read() == CONTENT[123_456:]
    assert scripted.asked[0].headers["range"] == "bytes=123456-"


def test_a_server_that_ignores_range_will_do(scripted: Scripted, repository: Repository) -> None:
    """What is here already is skipped."""
    scripted.on("GET", PATH, Reply(body=CONTENT))
    with repository.open(DESC, offset=299_000) as stream:
        assert stream.read() == CONTENT[299_000:]


def test_nothing_is_asked_for_at_the_end(scripted: Scripted, repository: Repository) -> None:
    """A download may be interrupted after its last byte."""
    with repository.open(DESC, offset=DESC.size) as stream:
        assert stream.read(10) == b""
    assert scripted.asked == []


def test_a_broken_connection_is_taken_up_again(scripted: Scripted, repository: Repository, notices: list[str]) -> None:
    """By Range from where it broke, with a word to the user, and verified as a whole."""
    scripted.on("GET", PATH, Reply(body=CONTENT[:100_000], length=len(CONTENT)), ranged)
    assert repository.read(DESC) == CONTENT
    assert scripted.asked[1].headers["range"] == "bytes=100000-"
    assert any("trying again" in line for line in notices)


def test_a_connection_that_always_breaks_ends_in_an_error(scripted: Scripted, repository: Repository) -> None:
    """After as many attempts as the retry policy allows."""
    scripted.on("GET", PATH, Reply(body=CONTENT, cut=10))
    with pytest.raises(RegistryUnavailable, match="broke off"):
        repository.read(DESC)
    assert len(scripted.asked) == 3


def test_a_silent_server_ends_in_an_error(scripted: Scripted, make: Callable[..., Registries]) -> None:
    """A connection without a byte is given up."""
    scripted.on("GET", PATH, Reply(body=CONTENT, delay=1.0))
    repository = make(silence=0.1, attempts=2).repository(scripted.ref("app"))
    with pytest.raises(RegistryUnavailable, match="silent"):
        repository.read(DESC)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(body=CONTENT[:-1]), SizeMismatch),
        (Reply(body=CONTENT[:-1], chunked=True), SizeMismatch),
        (Reply(body=CONTENT + b"x"), SizeMismatch),
        (Reply(body=CONTENT + b"x", chunked=True), SizeMismatch),
        (Reply(body=CONTENT[:-1] + b"x"), DigestMismatch),
        (Reply(206, CONTENT, {"Content-Range": "bytes 0-299999/400000"}), SizeMismatch),
    ],
    ids=["short", "short-chunked", "long", "long-chunked", "other", "other-total"],
)
def test_wrong_bytes_are_never_taken_for_right(
    scripted: Scripted, repository: Repository, reply: Reply, error: type[Exception]
) -> None:
    """Too few, too many, or others than the digest says."""
    scripted.on("GET", PATH, reply)
    with pytest.raises(error):
        repository.read(DESC)


def test_a_caller_that_verifies_itself_still_gets_the_right_length(scripted: Scripted, repository: Repository) -> None:
    """Hashing twice would cost a fifth of a pull."""
    other = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    scripted.on("GET", PATH, Reply(body=other))
    with repository.open(DESC, verify=False) as stream:
        assert stream.read() == other
    scripted.on("GET", PATH, Reply(body=other + b"x", chunked=True))
    with repository.open(DESC, verify=False) as stream, pytest.raises(SizeMismatch):
        stream.read()


def test_a_missing_blob_is_named(scripted: Scripted, repository: Repository) -> None:
    """It is the image that is incomplete."""
    scripted.on("GET", PATH, Reply(404, {"errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown"}]}))
    with pytest.raises(BlobNotFound, match=DESC.digest):
        repository.open(DESC)


def test_an_empty_blob_is_read(scripted: Scripted, repository: Repository) -> None:
    """Its digest is verified too."""
    empty = blob(b"")
    scripted.on("GET", f"/v2/app/blobs/{empty.digest}", Reply(body=b""))
    assert repository.read(empty) == b""


def test_several_threads_read_at_once(scripted: Scripted, repository: Repository) -> None:
    """One client serves all layers of a pull."""
    scripted.on("GET", PATH, ranged)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(repository.read(DESC))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 8
