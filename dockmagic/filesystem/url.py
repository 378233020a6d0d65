"""``image://NAME:TAG/path``: where the name of an image ends and the path in it begins."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dockmagic.oci.errors import InvalidInput

__all__ = ["ImageUrl", "split_url"]

_SCHEME: Final = re.compile(r"image:(//)?")
_LAYERS: Final = re.compile(r"\?layers=(?P<layers>[0-9-]*)$")
_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}$")
_TAG: Final = re.compile(r":[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")
_PORT: Final = re.compile(r":[0-9]{1,5}$")


class ImageUrl(NamedTuple):
    """The parts of an address.

    Attributes:
        name: of the image, with a tag or a digest; empty for the list of images.
        path: in the image, without a slash at either end.
        layers: ``2`` or ``0-3``, both ends meant; empty for all.
    """

    name: str
    path: str
    layers: str

    @property
    def plain(self) -> str:
        """The name and the path, as fsspec keeps them."""
        return f"{self.name}/{self.path}" if self.path else self.name


def split_url(text: str) -> ImageUrl:
    """Take an address apart; the scheme may be missing.

    The tag or the digest ends the name. A number after the first part's colon is a port where a later part has a tag
    or a digest, else a tag: ``localhost:5000/app:1/etc``, ``python:3/etc``.

    Raises:
        InvalidInput: the name has neither tag nor digest.
    """
    rest = _SCHEME.sub("", text, count=1) if text.startswith("image:") else text
    found = _LAYERS.search(rest)
    layers = found["layers"] if found else ""
    rest = (rest[: found.start()] if found else rest).strip("/")
    if not rest:
        return ImageUrl("", "", layers)
    parts = rest.split("/")
    ends = [at for at, part in enumerate(parts) if _DIGEST.search(part) or _TAG.search(part)]
    if len(ends) > 1 and ends[0] == 0 and _PORT.search(parts[0]):
        del ends[0]
    if not ends:
        raise InvalidInput(
            f"{text[:200]!r} names no image: it has neither tag nor digest", hint="Write image://NAME:TAG/path"
        )
    end = ends[0] + 1
    path = "/".join(part for part in parts[end:] if part not in ("", "."))
    return ImageUrl("/".join(parts[:end]), path, layers)
