"""Protocols between packages: sources and sinks of blobs, and progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from .reference import Reference
    from .spec import Descriptor

__all__ = ["BlobSink", "BlobSource", "Progress", "ignore_progress"]


class BlobSource(Protocol):
    """Where images are read from: a registry, the content store, an archive."""

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest or index that `ref` names now.

        Raises:
            ImageNotFound: there is none.
        """
        ...

    def open(self, desc: Descriptor, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        """Read a blob or manifest. From `offset` 0 the bytes are verified, and a mismatch raises at the end.

        Raises:
            BlobNotFound: it is not there.
        """
        ...


class BlobSink(Protocol):
    """Where images are written to: a registry, the content store, an archive."""

    def has(self, desc: Descriptor) -> bool:
        """Whether the blob is there, whole."""
        ...

    def put(self, desc: Descriptor, stream: BinaryIO) -> None:
        """Store `stream` as the blob that `desc` describes; idempotent, atomic and verified."""
        ...

    def name(self, ref: Reference, desc: Descriptor, raw: bytes) -> None:
        """Store the manifest or index `raw`, and let `ref` name it. Comes last: everything it refers to is there."""
        ...


class Progress(Protocol):
    """Gets the progress of a transfer; called from several threads, so it must be quick.

    It may raise `InterruptedError` to end the transfer, and nothing else.
    """

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """`desc` is in `status` (``Waiting``, ``Downloading``, ``Already exists``, ``Pull complete``, ``Pushing``, …).

        Args:
            desc: the blob.
            status: docker's word for what is going on.
            done: bytes so far.
            total: bytes in all.
        """
        ...


def ignore_progress(desc: Descriptor, status: str, done: int, total: int) -> None:
    """A `Progress` that ignores what it gets."""


if TYPE_CHECKING:
    _check: Callable[..., None] = ignore_progress
