"""``plot``: pictures of images and repositories."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Nothing, Picture
from .flags.shared import platform, platform_of, tell_remote
from .streams.archive_output import archive_output

if TYPE_CHECKING:
    from dockmagic.plots import Chart

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_KINDS = ("files", "layers", "waste", "family", "growth")


@verb(
    "plot",
    "[OPTIONS] [IMAGE]",
    ("plot python:3.12", "a treemap of its bytes by path, in the colours of its layers"),
    ("plot --kind waste app:1", "the largest files that it carries and never shows"),
    ("plot", "the local images: which stand on which, and what each adds"),
    ("plot --kind growth localhost:5000/app", "how a repository has grown over its tags"),
    ("plot -o app.png app:1", "into a file"),
    returns="Picture",
    magic=True,
)
@argument("image", "image", required=False, metavar="[IMAGE]")
@option("--kind", metavar="string", help=f"Kind of plot: {', '.join(_KINDS)}")
@option("-o", "--output", kinds=("host path",), metavar="string", help="Write a PNG file")
@platform
def command(
    ctx: CommandContext, *, image: str | None, kind: str | None, output: str | None, platform: str | None
) -> Result:
    """Draw an image, the local images, or a repository.

    A notebook shows the picture; the command line prints its figures, unless -o names a file.
    """
    chart = _drawn(ctx, image, kind or ("files" if image else "family"), platform)
    if output is None:
        return Picture(chart)
    with archive_output(ctx, output, command="plot") as out:
        out.write(chart.png())
    return Nothing()


def _drawn(ctx: CommandContext, image: str | None, kind: str, platform: str | None) -> Chart:
    if kind not in _KINDS:
        raise InvalidInput(f"{kind!r} is no kind of plot", hint=f"There are {', '.join(_KINDS)}")
    if kind == "family":
        if image:
            raise InvalidInput("--kind family draws all local images", hint="Leave the image out")
        return ctx.engine.images.plot()
    if not image:
        what = "a repository" if kind == "growth" else "an image"
        raise InvalidInput(f"--kind {kind} draws {what}", hint=f"Name it: `plot --kind {kind} NAME`")
    if kind == "growth":
        return ctx.engine.images.plot_tags(image, platform=platform_of(platform))
    remote = partial(tell_remote, ctx)
    found = ctx.engine.images.find(image, platform=platform_of(platform), on_remote=remote)
    return found.plot(kind)  # type: ignore[arg-type]  # files, layers or waste
