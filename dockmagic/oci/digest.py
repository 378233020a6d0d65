"""Digests and readers that verify them (image specification, descriptor.md, "Digests")."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, BinaryIO

from .errors import DigestMismatch, InvalidDigest, SizeMismatch

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

__all__ = ["Digest", "VerifiedReader"]

# The one algorithm that every implementation must have; no registry in use serves another.
_ALGORITHM = "sha256"
_ENCODED = re.compile(r"[0-9a-f]{64}")
_SYNTAX = re.compile(r"([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)")


class Digest(str):
    """A content identifier, ``algorithm:hex``: a checked `str` that compares and serializes as one.

    It is used for blob digests, DiffIDs, ChainIDs and image IDs alike; the variable's name says which.

    Raises:
        InvalidDigest: not of that form, or of an algorithm that is not registered.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check `text`."""
        if type(text) is cls:
            return text
        match = _SYNTAX.fullmatch(text)
        if match is None:
            raise InvalidDigest(f"{text[:100]!r} is not a digest")
        algorithm, encoded = match.groups()
        if algorithm != _ALGORITHM:
            raise InvalidDigest(f"the digest algorithm {algorithm!r} is not supported", hint="Use sha256")
        if _ENCODED.fullmatch(encoded) is None:
            raise InvalidDigest(f"{text[:100]!r} is not a sha256 digest")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: Buffer) -> Digest:
        """The sha256 digest of `data`."""
        return cls.from_hex(hashlib.sha256(data).hexdigest())

    @classmethod
    def from_hex(cls, sha256_hex: str) -> Digest:
        """The sha256 digest with these 64 hexadecimal digits."""
        return cls(f"{_ALGORITHM}:{sha256_hex}")

    @property
    def hex(self) -> str:
        """The part after the colon."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """The first 12 hexadecimal digits, as docker prints IDs."""
        return self.hex[:12]


class VerifiedReader(io.RawIOBase):
    """Passes bytes through from `stream`, and raises at the end if they are not those that `digest` names.

    A reader that stops early has verified nothing: read to the end before trusting the bytes.

    Args:
        stream: where the bytes come from; closed with this reader.
        digest: what they must hash to.
        size: how many there must be; None if it is not known. One byte more is never handed out.

    Raises:
        DigestMismatch: at the end of the stream.
        SizeMismatch: as soon as there are too many bytes, or at the end if there are too few.
    """

    def __init__(self, stream: BinaryIO, digest: Digest, size: int | None = None) -> None:
        self._stream = stream
        self._digest = digest
        self._size = size
        self._seen = 0
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with the next verified bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        count = len(data)
        self._seen += count
        if self._size is not None and self._seen > self._size:
            raise SizeMismatch(f"{self._digest} has more than the {self._size} bytes its descriptor says")
        if count == 0 and len(view):
            self._finish()
        view[:count] = data
        self._hash.update(data)
        return count

    def _finish(self) -> None:
        if self._size is not None and self._seen != self._size:
            raise SizeMismatch(f"{self._digest} has {self._seen} bytes, not the {self._size} its descriptor says")
        actual = Digest.from_hex(self._hash.hexdigest())
        if actual != self._digest:
            raise DigestMismatch(f"content of {self._digest} has the digest {actual}")

    def close(self) -> None:
        """Close the underlying stream too."""
        if not self.closed:
            self._stream.close()
        super().close()
