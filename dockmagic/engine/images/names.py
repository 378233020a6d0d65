"""Names and platforms as Python callers write them, made into their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.options import convert
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from dockmagic.oci.platforms import Platform

__all__ = ["platform_of", "reference_of"]


def reference_of(name: str | Reference) -> Reference:
    """The reference that `name` is or says.

    Raises:
        TypeError: neither a text nor a `Reference`.
        InvalidReference: not the name of an image.
    """
    return name if isinstance(name, Reference) else Reference.parse(convert.text("name", name))


def platform_of(platform: Platform | str | None) -> Platform | None:
    """The platform that `platform` is or says; None for none.

    Raises:
        TypeError: neither a text nor a `Platform`.
        InvalidPlatform: not a platform.
    """
    return None if platform is None else convert.platform("platform", platform)
