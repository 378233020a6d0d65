"""Where a result goes besides the store: ``--output type=local|tar|oci|docker|image``."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

__all__ = ["Output", "export"]


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One ``--output``.

    Attributes:
        type: of the output.
        dest: file or folder; empty for `stdout` (``-``), and for ``image``.
        names: of the image in the archive, or in the store.
        push: give it to the registry too (``type=image,push=true``, ``type=registry``): the caller does it.
    """

    type: Literal["local", "tar", "oci", "docker", "image"]
    dest: str = ""
    names: tuple[str, ...] = ()
    push: bool = False

    @classmethod
    def parse(cls, text: str) -> Output:
        """Read ``type=tar,dest=out.tar``; a path alone is ``type=local``, ``-`` alone ``type=tar`` on stdout.

        Raises:
            InvalidInput: not of that form.
            NotSupported: a type or option that is not there.
        """
        raise NotImplementedError


def export(
    store: ContentStore, image: Image, output: Output, names: tuple[Reference, ...], *, stdout: BinaryIO | None = None
) -> str:
    """Write `image` as `output` says; returns the path, or the name in the store.

    Raises:
        InvalidInput: standard output is asked for and there is none.
        Conflict: the folder of a ``local`` output is a file.
        OutOfSpace: the disk is full.
    """
    raise NotImplementedError
