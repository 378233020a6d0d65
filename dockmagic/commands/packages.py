"""``packages``: the packages in an image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.image.packages import catalog
from dockmagic.oci.errors import InvalidInput
from dockmagic.rows.packages import PackageRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .flags.shared import form, platform, platform_of, tell_remote
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_TYPES = ("apk", "conda", "deb", "golang", "npm", "pypi", "rpm")


@verb(
    "packages",
    "[OPTIONS] IMAGE",
    ("packages python:3.12", "everything that apt, pip, npm and others have installed"),
    ("packages --type pypi python:3.12", "what pip has installed"),
    ("packages 'python:3.12[3]'", "what one layer tells of"),
    ("packages --format '{{.Purl}}' ubuntu", "package URLs, as scanners take them"),
    returns="PackageRow",
    magic=True,
)
@argument("image", "image")
@option("-t", "--type", "types", multiple=True, metavar="TYPE", help=f"Only packages of this type: {', '.join(_TYPES)}")
@platform
@form
@flag("-q", "--quiet", help="Only show names")
def command(
    ctx: CommandContext, *, image: str, types: tuple[str, ...], platform: str | None, form: str | None, quiet: bool
) -> Result:
    """List the packages of an image, a layer (IMAGE[2]) or a range of layers (IMAGE[0:3]).

    They are read out of what package managers and builds left in the image: the databases of dpkg (as distroless images
    have it, too), apk and rpm, the metadata of Python, Node.js and conda packages, and the build information in Go
    programs. LAYER is the layer that supplies the package.
    """
    if unknown := next((one for one in types if one not in _TYPES), None):
        raise InvalidInput(f"{unknown} is no type of package", hint=f"Types: {', '.join(_TYPES)}")
    find = partial(ctx.engine.images.find_subject, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    owner, part = find(image)
    found = catalog(part.files, owner.layers)
    rows = tuple(package.row() for package in found if not types or package.type in types)
    notes = () if form or quiet else tuple(f"Not read: {one.path}: {one.reason}" for one in found.unread)
    return listing(rows, PackageRow, form=form, quiet="Name" if quiet else "", subject=found, notes=notes)
