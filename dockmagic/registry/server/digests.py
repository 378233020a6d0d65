"""Digests that the embedded registry takes: SHA-256 and SHA-512."""

from __future__ import annotations

import hashlib
import re

from .faults import Fault

__all__ = ["digest_of", "hasher"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def hasher(digest: str) -> hashlib._Hash:
    """A fresh hash of the algorithm of `digest`.

    Raises:
        Fault: ``DIGEST_INVALID``.
    """
    if _DIGEST.fullmatch(digest) is None:
        raise Fault("DIGEST_INVALID", f"{digest[:150]!r} is not a digest that is supported")
    return hashlib.new(digest.partition(":")[0])


def digest_of(data: bytes, like: str) -> str:
    """The digest of `data`, with the algorithm of the digest `like`."""
    name = like.partition(":")[0]
    return f"{name}:{hashlib.new(name, data).hexdigest()}"
