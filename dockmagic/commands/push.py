"""``push``: send images to a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import ImageNotFound, InvalidInput
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag
from .cmdline.result import Transferred
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "push",
    "[OPTIONS] NAME[:TAG]",
    ("push localhost:5000/app:1.0", "to a registry on this machine"),
    ("push -a localhost:5000/app", "all its local tags"),
    returns="Transferred",
    aliases=("image push",),
    magic=True,
    transfer=Transfer("Pushing", of="name"),
)
@argument("name", "image", metavar="NAME[:TAG]")
@flag("-a", "--all-tags", help="Push all tags of an image to the repository")
@flag("-q", "--quiet", help="Suppress verbose output")
@flag("--disable-content-trust", hidden=True, default=True)
def command(
    ctx: CommandContext,
    name: str,
    *,
    all_tags: bool,
    quiet: bool,
    disable_content_trust: bool,  # noqa: ARG001  (docker's habit: there is no content trust to disable)
) -> Result:
    """Upload an image to a registry."""
    ref = Reference.parse(name)
    if ref.digest:
        raise InvalidInput("a digest cannot be pushed to", hint=f"Give the image a tag and push that: {ref.name}:TAG")
    if all_tags and ref.tag:
        raise InvalidInput("tag can't be used with --all-tags/-a", hint=f"Write `push -a {ref.familiar_name}`")
    if not quiet:
        ctx.say(f"The push refers to repository [{ref.name}]")
        if not all_tags and not ref.tag:
            ctx.say("Using default tag: latest")
    images = ctx.engine.images
    refs = images.local_tags(ref) if all_tags else (ref.or_latest(),)
    for one in refs:
        if images.digest_of(one) is None:
            raise ImageNotFound(
                f"an image does not exist locally with the tag: {one.familiar}",
                hint=f"See `images`, and name one: `tag IMAGE {one.familiar}`",
            )
        if not quiet and ctx.engine.store.whole_index(one) is not None:
            ctx.say(f"{one.familiar} is a list: the image of one platform is pushed, `manifest push` sends all of them")
    log = Log(ignore_progress if quiet else ctx.on_progress)
    pushed = [images.push(one, on_progress=log) for one in refs]
    lines = tuple(f"{one.ref.tag}: digest: {one.digest} size: {one.size}" for one in pushed)
    if quiet:
        lines = tuple(str(one.ref) for one in pushed)
    return Transferred(tuple(images.get(str(one)) for one in refs), log.rows, lines)
