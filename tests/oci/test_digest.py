"""Digests, and the reader that holds bytes to them."""

from __future__ import annotations

import hashlib
import io
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockmagic.oci.digest import Digest, VerifiedReader
from dockmagic.oci.errors import DigestMismatch, InvalidDigest, SizeMismatch

EMPTY = "sha256:" + hashlib.sha256().hexdigest()


def test_a_digest_is_a_string_that_knows_its_parts() -> None:
    """It compares, sorts and serializes as text, and gives its hexadecimal part and docker's short form."""
    digest = Digest(EMPTY)
    assert digest == EMPTY
    assert {digest: 1}[EMPTY] == 1
    assert (digest.hex, digest.short) == (EMPTY[7:], EMPTY[7:19])
    assert json.dumps(digest) == f'"{EMPTY}"'


def test_a_digest_survives_pickling() -> None:
    """A digest goes to another process and stays one."""
    again = pickle.loads(pickle.dumps(Digest(EMPTY)))  # noqa: S301 - our own bytes
    assert type(again) is Digest
    assert again == EMPTY


@given(st.binary(max_size=200))
def test_of_agrees_with_hashlib(data: bytes) -> None:
    """`Digest.of` is sha256, over any buffer."""
    expected = "sha256:" + hashlib.sha256(data).hexdigest()
    assert Digest.of(data) == Digest.of(memoryview(data)) == Digest.from_hex(expected[7:]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "SHA256:" + "0" * 64,
        ":" + "0" * 64,
        EMPTY + "\n",
        " " + EMPTY,
        EMPTY + "/../x",
    ],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    """Wrong length, wrong letters, or anything around it: a digest also names a file, so nothing slips through."""
    with pytest.raises(InvalidDigest):
        Digest(text)


@pytest.mark.parametrize("algorithm", ["sha512", "md5", "blake3", "multihash+base58"])
def test_another_algorithm_is_refused_by_name(algorithm: str) -> None:
    """The line says which algorithm it was and which to use."""
    with pytest.raises(InvalidDigest, match="not supported") as caught:
        Digest(f"{algorithm}:{'0' * 128}")
    assert algorithm in str(caught.value)
    assert "sha256" in caught.value.hint


@given(st.binary(max_size=5000), st.integers(1, 700))
def test_the_right_bytes_pass_through(data: bytes, piece: int) -> None:
    """Whatever the size of the pieces, all bytes arrive and nothing is raised."""
    reader = VerifiedReader(io.BytesIO(data), Digest.of(data), len(data))
    assert b"".join(iter(lambda: reader.read(piece), b"")) == data


def test_wrong_bytes_raise_at_the_end() -> None:
    """The last read of a stream with another digest raises, so that nobody takes it for whole."""
    reader = VerifiedReader(io.BytesIO(b"tampered"), Digest.of(b"original"))
    assert reader.read(8) == b"tampered"
    with pytest.raises(DigestMismatch):
        reader.read(1)


def test_a_truncated_stream_raises() -> None:
    """Too few bytes are told by their number, before the digest is."""
    reader = VerifiedReader(io.BytesIO(b"1234"), Digest.of(b"12345"), 5)
    with pytest.raises(SizeMismatch, match="4 bytes"):
        reader.readall()


def test_an_over_long_stream_never_gets_past_its_size() -> None:
    """One byte more than the descriptor says is not handed out, so an endless stream ends at once."""
    reader = VerifiedReader(io.BytesIO(b"x" * 10_000), Digest.of(b"x" * 100), 100)
    with pytest.raises(SizeMismatch, match="more than the 100 bytes"):
        reader.read(4096)


def test_an_empty_blob_is_a_blob() -> None:
    """No bytes at all are verified too."""
    assert VerifiedReader(io.BytesIO(), Digest(EMPTY), 0).readall() == b""
    with pytest.raises(DigestMismatch):
        VerifiedReader(io.BytesIO(), Digest.of(b"x")).readall()


def test_closing_closes_what_lies_below() -> None:
    """The reader owns its stream; closing twice is harmless."""
    below = io.BytesIO(b"")
    reader = VerifiedReader(below, Digest(EMPTY))
    reader.close()
    reader.close()
    assert below.closed
