"""The sizes of a remote repository's tags."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dockmagic.image.transfer.choose import choose
from dockmagic.oci.errors import PlatformNotFound, UnsupportedMediaType
from dockmagic.plots import TagSizes

from .remote_tags import tag_names

if TYPE_CHECKING:
    from dockmagic.engine.context import EngineContext
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference

__all__ = ["tag_sizes"]

# Small requests, which wait for the network and not for this machine's processors.
_AT_ONCE: Final = 8


def tag_sizes(engine: EngineContext, ref: Reference, platform: Platform | None) -> tuple[TagSizes, ...]:
    """The layers of every tag's image, as its manifest lists them; nothing is pulled.

    Tags without an image for the platform, and those of artifacts that are no images, are left out.

    Raises:
        ImageNotFound: no such repository.
        RegistryError: the registry refuses or fails.
    """
    repository = engine.registries.repository(ref)

    def sizes(name: str) -> TagSizes | None:
        with suppress(PlatformNotFound, UnsupportedMediaType):
            image = choose(repository, ref.with_tag(name), platform=platform, home=engine.home)
            return TagSizes(name, image.created, {layer.digest: layer.size for layer in image.manifest.layers})
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(one for one in pool.map(sizes, tag_names(engine, ref)) if one is not None)
