"""``manifest inspect``: a manifest or index as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .cmdline.result import Document

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "manifest inspect",
    "[OPTIONS] MANIFEST",
    ("manifest inspect alpine:3.20", "the index of a registry, or the one that is here"),
    ("manifest inspect -v localhost:5000/app:1", "with the manifests that it lists"),
    returns="Document",
)
@argument("name", "remote tag", "image", metavar="MANIFEST")
@flag("-v", "--verbose", help="Output the manifests in a list, with their descriptors")
@flag("--insecure", hidden=True)
def command(
    ctx: CommandContext,
    name: str,
    *,
    verbose: bool,
    insecure: bool,  # noqa: ARG001  (docker's flag; which registries have no TLS stands in registries.conf)
) -> Result:
    """Display an image manifest, or a manifest list."""
    return Document(ctx.engine.manifests.inspect(name, verbose=verbose))
