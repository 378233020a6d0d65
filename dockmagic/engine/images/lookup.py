"""Find images: by name, by filter, as rows, here or in a registry."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from dockmagic.docker_py import refuses
from dockmagic.engine.collection import Collection, filter_words
from dockmagic.engine.options import convert
from dockmagic.image import local
from dockmagic.oci.errors import ImageNotFound, InvalidInput
from dockmagic.oci.reference import Reference

from .filters import image_filter
from .names import platform_of, reference_of
from .subject import find_image, find_subject

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from dockmagic.engine.collection import Filters
    from dockmagic.engine.context import EngineContext
    from dockmagic.image.actions import ImageActions
    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Descriptor
    from dockmagic.plots import Chart
    from dockmagic.rows import ImageRow, PlatformRow, Rows, TreeRow

    from .subject import Subject


__all__ = ["ImageLookup"]


class ImageLookup(Collection["Image"]):
    """The images of an engine as they are found: by name, by filter, as rows, here or in a registry."""

    def __init__(self, engine: EngineContext) -> None:
        self._engine = engine

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "images")

    def _own(self, image: Image) -> Image:
        """Let an image know the engine that it came from."""
        image.actions = cast("ImageActions", self)  # what users have is an `Images`, which has them all
        return image

    def rows(self, pattern: str = "", *, everything: bool = False, filters: Filters = ()) -> Rows[ImageRow]:
        """One row per name, newest image first (``images``).

        Args:
            pattern: ``REPOSITORY[:TAG]``, shell wildcards allowed; empty for all.
            everything: the steps of builds, too, after them, unless a pattern or filters are given.
            filters: ``KEY=VALUE`` with dangling, label, before, since, reference, until.

        Raises:
            InvalidInput: an unknown filter.
        """
        from dockmagic.rows import ImageRow, Rows

        from .rows import image_rows, intermediate_rows

        found = image_rows(self._engine, pattern, filter_words(filters))
        steps = intermediate_rows(self._engine.store) if everything and not pattern and not filters else ()
        return Rows(ImageRow, (*found, *steps))

    def platforms(self, name: str = "") -> Rows[PlatformRow]:
        """What the indexes behind names list (``images --platforms``); an image without one is a row by itself.

        Args:
            name: of an image here or in its registry; empty for all that are here.

        Raises:
            ImageNotFound: neither here nor there.
        """
        from dockmagic.rows import PlatformRow, Rows

        from .platform_rows import platform_rows

        return Rows(PlatformRow, platform_rows(self._engine, name))

    def usage(self) -> Rows[ImageRow]:
        """Like `rows`, with the bytes that each image shares with others and has alone (``system df -v``)."""
        from dockmagic.rows import ImageRow, Rows

        from .rows import with_shares

        return Rows(ImageRow, with_shares(self.rows(), self.list()))

    def tree(self) -> Rows[TreeRow]:
        """Which images stand on which (``images --tree``)."""
        from dockmagic.engine.describe import tree_rows
        from dockmagic.image.analysis import family
        from dockmagic.rows import Rows, TreeRow

        return Rows(TreeRow, tree_rows(family(local.images(self._engine.store))))

    def plot(self, *, ax: Axes | None = None) -> Chart:
        """Draw with matplotlib which local images stand on which, and what each adds.

        Args:
            ax: where to draw; None for a figure of its own.
        """
        from dockmagic.plots import plot_family

        return plot_family(self.tree(), ax=ax)

    def plot_tags(self, repository: str, *, platform: Platform | str | None = None, ax: Axes | None = None) -> Chart:
        """Draw with matplotlib how a repository in its registry has grown over its tags; nothing is pulled.

        Args:
            repository: without a tag.
            platform: which images of indexes; None for this machine's.
            ax: where to draw; None for a figure of its own.

        Raises:
            ImageNotFound: there is no such repository.
            RegistryError: the registry refuses or fails.
        """
        from dockmagic.plots import plot_growth

        from .growth import tag_sizes

        ref = Reference.parse(convert.text("repository", repository))
        return plot_growth(tag_sizes(self._engine, ref, platform_of(platform)), title=ref.familiar_name, ax=ax)

    @refuses("Images.list")
    def list(self, *, filters: Filters = ()) -> tuple[Image, ...]:
        """Every local image once, in the order in which they came.

        Args:
            filters: dangling, label, before, since, reference, until.

        Raises:
            InvalidInput: an unknown filter.
        """
        found = tuple(map(self._own, local.images(self._engine.store)))
        if not filters:
            return found
        wanted = image_filter(self._engine.store, filter_words(filters))
        chosen = {named.descriptor.digest for named in self._engine.store.names() if wanted(named)}
        return tuple(image for image in found if image.digest in chosen)

    def get(self, name: str) -> Image:
        """The local image that a name, an ID, a digest or a prefix of one means.

        Raises:
            ImageNotFound: there is none.
            AmbiguousName: a prefix that fits several.
        """
        return self._own(find_image(self._engine, convert.text("name", name), platform=None, on_remote=None))

    def by_manifest(self, manifest: Digest) -> Image:
        """The local image with this manifest, with its names; one that has none is kept by what stands on it.

        Raises:
            ImageNotFound: it is not here.
        """
        try:
            return self._own(local.by_digest(self._engine.store, manifest))
        except ImageNotFound:
            return self._own(local.by_manifest(self._engine.store, manifest))

    def find(
        self, name: str, *, platform: Platform | str | None = None, on_remote: Callable[[str], None] = lambda _: None
    ) -> Image:
        """Like `get`; what is not here is read from its registry, and not stored.

        Args:
            name: what to find.
            platform: which one of a remote index; a local image of another platform is passed over.
            on_remote: gets the full name before the registry is asked.

        Raises:
            ImageNotFound: neither here nor there.
            RegistryError: the registry refuses or fails.
        """
        chosen = platform_of(platform)
        return self._own(find_image(self._engine, convert.text("name", name), platform=chosen, on_remote=on_remote))

    def find_subject(
        self, name: str, *, platform: Platform | str | None = None, on_remote: Callable[[str], None] = lambda _: None
    ) -> Subject:
        """Like `find`, but ``IMAGE[2]`` is a layer and ``IMAGE[0:3]`` a range of layers.

        Raises:
            PathNotFound: the image has no such layer.
        """
        found = find_subject(self._engine, name, platform=platform_of(platform), on_remote=on_remote)
        self._own(found.image)
        return found

    def open(self, source: str | os.PathLike[str], *, name: str = "", platform: Platform | str | None = None) -> Image:
        """An image as it lies somewhere; nothing is stored.

        Args:
            source: a path of an archive or an image layout (a `Path`, or a text that begins with ``/``, ``./``,
                ``../`` or ``~``); else the name of an image here or in its registry.
            name: which image of an archive; empty if it holds one only.
            platform: which one of an index; None for this machine's.

        Raises:
            InvalidInput: the file cannot be read, or holds several images and `name` is none of them.
            InvalidArchive: no archive of images.
            ImageNotFound: no image has the name.
        """
        from pathlib import Path

        text = convert.path("source", source)
        if isinstance(source, str) and not source.startswith(("/", "./", "../", "~")):
            return self.find(source, platform=platform)
        from dockmagic.image.archive import open_archive

        path = Path(text).expanduser()
        images = open_archive(path, self._engine.store, platform=platform_of(platform), on_notice=self._engine.notice)
        wanted = Reference.parse(name).or_latest() if name else None
        fits = [image for image in images if wanted is None or wanted in image.names]
        if len(fits) != 1:
            names = ", ".join(tag for image in images for tag in image.tags) or "none has a name"
            raise InvalidInput(
                f"{path} holds {len(images)} images" if wanted is None else f"{path} has no image {name}",
                hint=f"Say which with name=…: {names}",
            )
        return self._own(fits[0])

    def reopened(self, descriptor: Descriptor, names: tuple[Reference, ...], index_digest: Digest | None) -> Image:
        """The image with this manifest, here or in the registry of its first name: one that was pickled.

        Raises:
            ImageNotFound: it is not here, and has no name.
        """
        from dockmagic.image.image import Image

        for find in (local.by_digest, local.by_manifest):
            with suppress(ImageNotFound):
                return self._own(find(self._engine.store, descriptor.digest))
        if not names:
            raise ImageNotFound(f"there is no image {descriptor.digest} here", hint="See which there are: `images`")
        source = self._engine.registries.repository(names[0])
        home = self._engine.home
        return self._own(Image(source, descriptor, names=names, index_digest=index_digest, home=home))

    def inspect(self, image: Image) -> dict[str, Any]:
        """What ``inspect`` says of an image, in docker's form."""
        from .document import inspect_document

        return inspect_document(image)

    def local_tags(self, name: str | Reference) -> tuple[Reference, ...]:
        """Every local tag of a repository, as ``push -a`` sends them.

        Raises:
            ImageNotFound: there is none.
        """
        ref = reference_of(name)
        found = tuple(
            named.ref
            for named in self._engine.store.names()
            if named.ref is not None and named.ref.tag and named.ref.name == ref.name
        )
        if not found:
            raise ImageNotFound(
                f"no local image has a tag of {ref.familiar_name}",
                hint=f"Give it one: `tag IMAGE {ref.familiar_name}:TAG`",
            )
        return tuple(sorted(found))

    def digest_of(self, name: str | Reference) -> Digest | None:
        """The manifest that a name means here; None if it means none."""
        try:
            return self._engine.store.resolve(reference_of(name).or_latest()).digest
        except ImageNotFound:
            return None
