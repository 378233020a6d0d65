"""``manifest annotate``: what an image in a list is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.options.surgery import pairs

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Nothing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "manifest annotate",
    "[OPTIONS] MANIFEST_LIST MANIFEST",
    ("manifest annotate --arch arm --variant v7 app:1 app:1-arm", "what its own configuration does not say rightly"),
    returns="Nothing",
)
@argument("name", "image", metavar="MANIFEST_LIST")
@argument("member", "image", metavar="MANIFEST")
@option("--arch", metavar="string", help="Set architecture")
@option("--os", "system", metavar="string", help="Set operating system")
@option("--variant", metavar="string", help="Set architecture variant")
@option("--os-version", metavar="string", help="Set operating system version")
@option("--os-features", multiple=True, metavar="strings", help="Set operating system feature")
@option("--annotation", "annotations", multiple=True, metavar="list", help="Annotations of the image in the list")
def command(
    ctx: CommandContext,
    name: str,
    member: str,
    *,
    arch: str | None,
    system: str | None,
    variant: str | None,
    os_version: str | None,
    os_features: tuple[str, ...],
    annotations: tuple[str, ...],
) -> Result:
    """Add information to an image in a local manifest list."""
    ctx.engine.manifests.annotate(
        name,
        member,
        os=system,
        arch=arch,
        variant=variant,
        os_version=os_version,
        os_features=os_features,
        annotations={key: value or "" for key, value in pairs("annotation", annotations).items()},
    )
    return Nothing()
