"""``inspect``: show everything about images, containers and volumes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dockmagic.engine.images.document import inspect_document
from dockmagic.oci.errors import DockmagicError, NotFound, NotSupported, RegistryError

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .cmdline.target_resolution import container_or_image, noun
from .flags.shared import platform, platform_of, tell_remote
from .output.inspect import described

if TYPE_CHECKING:
    from dockmagic.oci.platforms import Platform

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_KINDS = ("container", "image", "volume")


@verb(
    "inspect",
    "[OPTIONS] NAME [NAME...]",
    ("inspect test", "all about a container, as JSON"),
    ("inspect ubuntu", "about an image; one that is not here is read from its registry"),
    ("inspect -f '{{.State.ExitCode}}' test", "one member"),
    ("inspect -f '{{range .RootFS.Layers}}{{println .}}{{end}}' ubuntu", "one line each"),
    returns="Document",
    aliases=("container inspect", "image inspect"),
    magic=True,
)
@argument("names", "container", "volume", "image", nargs=-1, required=True, metavar="NAME")
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
@option("--type", "kind", metavar="string", help="Only inspect objects of this type: container, image or volume")
@flag("-s", "--size", help="Display total file sizes if the type is container")
@platform
def command(
    ctx: CommandContext, *, names: tuple[str, ...], form: str | None, kind: str | None, size: bool, platform: str | None
) -> Result:
    """Show everything about containers, images or volumes."""
    kind = kind or noun()
    if kind and kind not in _KINDS:
        raise NotSupported(f"there is nothing of type {kind} here", hint=f"The types are {', '.join(_KINDS)}")
    return described(names, form, lambda name: _look(ctx, name, kind, platform_of(platform), size=size))


def _look(
    ctx: CommandContext, name: str, kind: str, platform: Platform | None, *, size: bool
) -> tuple[dict[str, Any], object]:
    """Docker's description of what a name means, and what it describes."""
    if kind == "volume":
        return ctx.engine.volumes.inspect(name), ctx.engine.volumes.get(name)
    found = container_or_image(ctx, name, kind)
    if not isinstance(found, str):
        return ctx.engine.containers.inspect(found, size=size), found
    if not kind:
        try:
            ctx.engine.images.get(found)
        except DockmagicError:
            try:
                return ctx.engine.volumes.inspect(name), ctx.engine.volumes.get(name)
            except NotFound:
                pass  # then it is an image of a registry
    try:
        image = ctx.engine.images.find(found, platform=platform, on_remote=partial(tell_remote, ctx))
    except RegistryError as error:
        if kind:
            raise
        raise NotFound(
            f"no such object here: {name}, and its registry does not help: {error.message}", hint=error.hint
        ) from None
    return inspect_document(image), image
