"""Words that may mean a container or an image (``diff``, ``export``, ``inspect``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dockmagic.runtime.container import Container

    from .context import CommandContext

__all__ = ["container_or_image", "noun"]


def noun() -> str:
    """The noun that the user put before the verb: ``container`` of ``container inspect``; empty if there was none."""
    path = click.get_current_context().info_name or ""
    return path.split()[1] if path.count(" ") > 1 else ""


def container_or_image(ctx: CommandContext, text: str, kind: str = "") -> Container | str:
    """The container that a word means, or the name of an image.

    Args:
        ctx: whose engine.
        text: a name or ID; ``container:NAME`` and ``image:NAME`` say which it is.
        kind: ``container`` or ``image`` if only that can be meant.

    Raises:
        Conflict: it is both.
        ContainerNotFound: it can only be a container, and there is none.
    """
    if kind == "image":
        return text.removeprefix("image:")
    if kind == "container":
        return ctx.engine.containers.get(text.removeprefix("container:"))
    return ctx.engine.containers.subject(text) or text.removeprefix("image:")
