"""``save``: write images into an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.layer.compression.table import WRITABLE
from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Nothing
from .streams.archive_output import archive_output

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_FORMS = ("docker-archive", "oci-archive")
_COMPRESSIONS = {algorithm.word: compression for compression, algorithm in WRITABLE.items()}
_SUFFIXES = {suffix: algorithm.word for algorithm in WRITABLE.values() for suffix in algorithm.suffixes}
_WORDS = f"{', '.join([*_COMPRESSIONS][:-1])} or {[*_COMPRESSIONS][-1]}"


@verb(
    "save",
    "[OPTIONS] IMAGE [IMAGE...]",
    ("save -o ubuntu.tar ubuntu:24.04", "for docker load, podman load, skopeo"),
    ("save -o images.tar.gz ubuntu busybox", "several, compressed as the file's name says"),
    ("save --format oci-archive -o ubuntu.oci ubuntu", "as an OCI archive, digests unchanged"),
    returns="Nothing",
    aliases=("image save",),
)
@argument("names", "image", nargs=-1, required=True, metavar="IMAGE")
@option("-o", "--output", kinds=("host path",), metavar="string", help="Write to a file, instead of STDOUT")
@option("--format", "form", default="docker-archive", metavar="string", help="docker-archive or oci-archive")
@option("--compression", metavar="string", help=f"{_WORDS}; as the file's name says if left out")
def command(
    ctx: CommandContext, names: tuple[str, ...], output: str | None, form: str, compression: str | None
) -> Result:
    """Save one or more images to a tar archive."""
    if form not in _FORMS:
        raise InvalidInput(f"{form!r} is no archive format", hint=f"There are {' and '.join(_FORMS)}")
    chosen = compression or next((name for end, name in _SUFFIXES.items() if (output or "").endswith(end)), "none")
    if chosen not in _COMPRESSIONS:
        raise InvalidInput(f"{chosen!r} is no compression", hint=f"There are {', '.join(_COMPRESSIONS)}")
    images = ctx.engine.images.select_for_save(names)
    with archive_output(ctx, output, command="save") as out:
        ctx.engine.images.save(images, out, form=form, compression=_COMPRESSIONS[chosen])
    return Nothing()
