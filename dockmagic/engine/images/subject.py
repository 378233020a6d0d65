"""Resolve a word of a command line: an image here or in a registry, one of its layers, or a range of them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.image import local
from dockmagic.oci.errors import ImageNotFound, InvalidInput, InvalidReference, PathNotFound, PlatformNotFound
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.engine.context import EngineContext
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.oci.platforms import Platform

__all__ = ["Subject", "find_image", "find_subject", "of_platform"]

_PART = re.compile(r"(?P<image>.+)\[(?P<start>-?\d{0,9})(?P<colon>:)?(?P<stop>-?\d{0,9})\]", re.ASCII)
_SHORT_ID = re.compile(r"[0-9a-f]{1,64}|sha256:[0-9a-f]{1,63}")


class Subject(NamedTuple):
    """What a word means.

    Attributes:
        image: the image, whole.
        part: the image itself, or one of its layers, or a range of them.
    """

    image: Image
    part: Image | Layer | Layers


def find_image(
    engine: EngineContext, text: str, *, platform: Platform | None, on_remote: Callable[[str], None] | None
) -> Image:
    """The image that `text` names: here, else a step of a build, else in its registry, from which nothing is stored.

    Args:
        engine: whose store and registries.
        text: name, or ID or digest (or a prefix of one) of a local image; ``@failed``, ``@3`` or an ID of a step.
        platform: a local image of another platform does not count; None for any.
        on_remote: gets the full name before a registry is asked; None to ask none.

    Raises:
        ImageNotFound: neither here nor there.
        AmbiguousName: a prefix that fits several images.
        InvalidReference: neither a name nor an ID.
    """
    if text.startswith("@"):
        from dockmagic.builder.caching.steps import find_step

        return find_step(engine.store, text)
    try:
        found = local.find(engine.store, text)
    except ImageNotFound as missing:
        if _SHORT_ID.fullmatch(text):
            from dockmagic.builder.caching.steps import find_step

            with suppress(ImageNotFound):
                return find_step(engine.store, text)
        if on_remote is None:
            raise
        try:
            ref = Reference.parse(text).or_latest()
        except InvalidReference:
            raise missing from None
    else:
        if platform is None or on_remote is None or platform.normalized() == found.platform.normalized():
            return found
        ref = (found.names[0] if _SHORT_ID.fullmatch(text) and found.names else Reference.parse(text)).or_latest()
    return of_platform(engine, ref, platform) or _remote(engine, text, ref, platform, on_remote)


def _remote(
    engine: EngineContext, text: str, ref: Reference, platform: Platform | None, on_remote: Callable[[str], None]
) -> Image:
    from dockmagic.image.transfer import choose

    on_remote(str(ref))
    try:
        return choose(engine.registries.repository(ref), ref, platform=platform, home=engine.home)
    except ImageNotFound as error:
        if _SHORT_ID.fullmatch(text):
            raise ImageNotFound(f"no local image has the name or ID {text}", hint="List them with `images`") from error
        raise


def of_platform(engine: EngineContext, ref: Reference, platform: Platform | None) -> Image | None:
    """The image of a platform out of an index that is here whole; None where it is not."""
    index = engine.store.whole_index(ref)
    if index is None:
        return None
    from dockmagic.image.transfer.choose import choose_from

    try:
        return choose_from(engine.store, index, ref, platform=platform, home=engine.home)
    except PlatformNotFound:
        return None


def find_subject(
    engine: EngineContext, text: str, *, platform: Platform | None, on_remote: Callable[[str], None] | None
) -> Subject:
    """Like `find_image`, but ``IMAGE[2]`` is a layer (0 is the base, -1 the top) and ``IMAGE[0:3]`` a range.

    Raises:
        PathNotFound: the image has no such layer.
        InvalidInput: the brackets are empty.
    """
    match = _PART.fullmatch(text)
    if match is None:
        image = find_image(engine, text, platform=platform, on_remote=on_remote)
        return Subject(image, image)
    image = find_image(engine, match["image"], platform=platform, on_remote=on_remote)
    start, stop = (int(match[name]) if match[name] not in ("", "-") else None for name in ("start", "stop"))
    if match["colon"]:
        layers = image.layers[start:stop]
        if not len(layers):
            raise PathNotFound(f"{text} is an empty range", hint=_range_hint(match["image"], image))
        return Subject(image, layers)
    if start is None:
        raise InvalidInput(f"{text} names no layer", hint=_range_hint(match["image"], image))
    try:
        return Subject(image, image.layers[start])
    except IndexError:
        raise PathNotFound(f"{match['image']} has no layer {start}", hint=_range_hint(match["image"], image)) from None


def _range_hint(name: str, image: Image) -> str:
    count = len(image.layers)
    return f"Its layers are {name}[0] (the base) to {name}[{count - 1}]" if count else "It has no layers at all"
