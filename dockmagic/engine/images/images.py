"""The images of an engine: the class that users have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dockmagic.builder.outcome.events import ignore_events
from dockmagic.docker_py import missing_attribute, refuses
from dockmagic.engine.cleaning import collect_layers, roots
from dockmagic.engine.collection import filter_words
from dockmagic.image import local
from dockmagic.moved import warn
from dockmagic.oci.protocols import ignore_progress

from .archives import ImageArchives
from .copies import ImageCopies
from .filters import image_filter
from .names import reference_of
from .transfers import ImageTransfers

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import BinaryIO, Unpack

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.result import Build
    from dockmagic.engine.collection import Filters
    from dockmagic.engine.options.build import BuildOptions
    from dockmagic.image.actions import Removal
    from dockmagic.image.analysis import Diff
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.image.validate import Mismatch
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference


__all__ = ["Images"]

_missing = missing_attribute("Images")
_OLD = {"obtain": "ensure", "rows_with_shares": "usage", "to_save": "select_for_save"}


class Images(ImageTransfers, ImageCopies, ImageArchives):
    """The images of an engine; get it as ``Engine().images``. Names may be written as docker users write them."""

    if not TYPE_CHECKING:  # so that type checkers go on refusing unknown names

        def __getattr__(self, name: str) -> Any:
            """A method by the name of the last release."""
            if name not in _OLD:
                return _missing(self, name)
            warn(f"Images.{name}", f"Images.{_OLD[name]}")
            return getattr(self, _OLD[name])

    def tag(self, source: str | Image, target: str | Reference) -> Image:
        """Give a local image one more name (``tag``); the image with its names as they are now.

        Raises:
            ImageNotFound: there is no such image.
            InvalidReference: `target` is no name, or has a digest.
        """
        image = self.get(source) if isinstance(source, str) else source
        local.tag(self._engine.store, image, reference_of(target).or_latest())
        return self._own(local.by_digest(self._engine.store, image.digest))

    @refuses("Images.remove")
    def remove(self, name: str, *, force: bool = False) -> Removal:
        """Remove a name; with the last one, or by ID, the image (``rmi``).

        Raises:
            ImageNotFound: there is none.
            Conflict: an ID that several repositories name, without `force`; an image that a container uses.
        """
        from dockmagic.runtime.disk.references import uses

        store = self._engine.store
        removal = local.remove(store, name, force=force, uses=uses(store), roots=roots(store))
        return self._with_layers(removal)

    def _with_layers(self, removal: Removal) -> Removal:
        if not removal.deleted:
            return removal
        return replace(removal, size=removal.size + collect_layers(self._engine.store))

    def prune(self, *, all_unused: bool = False, filters: Filters = ()) -> Removal:
        """Remove images without a name, or all of them (``image prune``).

        Args:
            all_unused: named ones too, if no container uses them.
            filters: only those that ``until=…`` and ``label=…`` let through.
        """
        from dockmagic.runtime.disk.references import uses

        store = self._engine.store
        wanted = image_filter(store, filter_words(filters))
        chosen = {named.descriptor.digest for named in store.names() if wanted(named)}
        removal = local.prune(
            store,
            all_unused=all_unused,
            keep=lambda image: image.digest not in chosen,
            uses=uses(store),
            roots=roots(store),
        )
        return self._with_layers(removal)

    def build(
        self,
        context: str | os.PathLike[str] | BinaryIO | None = ".",
        *,
        on_event: Callable[[BuildEvent], None] = ignore_events,
        on_progress: Progress = ignore_progress,
        stop: Callable[[], bool] = lambda: False,
        **options: Unpack[BuildOptions],
    ) -> Build:
        """Build an image; see `Builds.build`."""
        built: Build = self._engine.builds.build(
            context, on_event=on_event, on_progress=on_progress, stop=stop, **options
        )
        return built

    @property
    def surgery(self) -> Any:
        """What changes an image without a build; see `Surgery`."""
        return self._engine.surgery

    def diff(self, old: Image | Layer | Layers, new: Image | Layer | Layers | None = None) -> Diff:
        """What differs between two images, layers or ranges; of one, what it does to the layers below (``diff``)."""
        from dockmagic.image.analysis import diff

        return diff(old, new)

    def validate(self, image: Image) -> tuple[Mismatch, ...]:
        """Recompute everything that an image says of itself; what is not so (``validate``)."""
        from dockmagic.image.validate import validate

        return validate(image)
