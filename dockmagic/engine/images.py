"""What can be done with images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.image import local
from dockmagic.oci.errors import ImageNotFound, InvalidInput, InvalidReference
from dockmagic.oci.media import Compression
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .cleaning import collect_layers, roots
from .filters import image_filter
from .subject import find_image, find_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from dockmagic.image.analysis import Diff
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.image.transfer import PullPlan, Pushed
    from dockmagic.image.validate import Mismatch
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Config
    from dockmagic.rows import ImageRow, TreeRow

    from .ground import Ground
    from .subject import Subject

__all__ = ["Images"]


class Images:
    """The images of an engine; get it as ``Engine().images``. Names may be written as docker users write them."""

    def __init__(self, engine: Ground) -> None:
        self._engine = engine

    # What is here

    def rows(self, pattern: str = "", *, everything: bool = False, filters: Sequence[str] = ()) -> tuple[ImageRow, ...]:
        """One row per name, newest image first (``images``).

        Args:
            pattern: ``REPOSITORY[:TAG]``, shell wildcards allowed; empty for all.
            everything: the steps of builds, too, after them, unless a pattern or filters are given.
            filters: ``KEY=VALUE`` with dangling, label, before, since, reference, until.

        Raises:
            InvalidInput: an unknown filter.
        """
        from .image_rows import image_rows, intermediate_rows

        found = image_rows(self._engine, pattern, filters)
        return found + intermediate_rows(self._engine.store) if everything and not pattern and not filters else found

    def rows_with_shares(self) -> tuple[ImageRow, ...]:
        """Like `rows`, with the bytes that each image shares with others and has alone (``system df -v``)."""
        from .image_rows import with_shares

        return with_shares(self.rows(), self.all())

    def tree(self) -> tuple[TreeRow, ...]:
        """Which images stand on which (``images --tree``)."""
        from dockmagic.image.analysis import family

        from .describe import tree_rows

        return tuple(tree_rows(family(local.images(self._engine.store))))

    def all(self) -> tuple[Image, ...]:
        """Every local image once, newest first."""
        return local.images(self._engine.store)

    def get(self, name: str) -> Image:
        """The local image that a name, an ID, a digest or a prefix of one means.

        Raises:
            ImageNotFound: there is none.
            AmbiguousName: a prefix that fits several.
        """
        return find_image(self._engine, name, platform=None, on_remote=None)

    def find(
        self, name: str, *, platform: Platform | None = None, on_remote: Callable[[str], None] = lambda _: None
    ) -> Image:
        """Like `get`; what is not here is read from its registry, and not stored.

        Args:
            name: what to find.
            platform: which one of a remote index; a local image of another platform is passed over.
            on_remote: hears the full name before the registry is asked.

        Raises:
            ImageNotFound: neither here nor there.
            RegistryError: the registry refuses or fails.
        """
        return find_image(self._engine, name, platform=platform, on_remote=on_remote)

    def find_subject(
        self, name: str, *, platform: Platform | None = None, on_remote: Callable[[str], None] = lambda _: None
    ) -> Subject:
        """Like `find`, but ``IMAGE[2]`` is a layer and ``IMAGE[0:3]`` a range of layers.

        Raises:
            PathNotFound: the image has no such layer.
        """
        return find_subject(self._engine, name, platform=platform, on_remote=on_remote)

    # To and from registries

    def obtain(
        self,
        name: str,
        *,
        pull: str = "missing",
        platform: Platform | None = None,
        on_pull: Callable[[Reference], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """The image that a container is to stand on: one that is here, or else pulled and unpacked on the way.

        Args:
            name: name or ID.
            pull: ``missing``, ``always`` or ``never``.
            platform: which one; None for this machine's.
            on_pull: hears the name before it is pulled.
            on_progress: hears of each layer.

        Raises:
            ImageNotFound: neither here nor there.
            InvalidInput: `pull` is none of these.
        """
        if pull not in ("missing", "always", "never"):
            raise InvalidInput(
                f"invalid pull option: '{pull}'", hint='It must be one of "always", "missing" or "never"'
            )
        if pull != "always":
            try:
                image = self.get(name)
            except ImageNotFound:
                if pull == "never":
                    raise
            else:
                if platform is None or pull == "never" or platform.accepts(image.platform):
                    return image
        ref = Reference.parse(name).or_latest()
        on_pull(ref)
        return self.pull(ref, platform=platform, unpack=True, on_progress=on_progress)

    def pull(
        self,
        name: str | Reference,
        *,
        platform: Platform | None = None,
        unpack: bool = False,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Bring an image here, verified, with its file tables (``pull``).

        Args:
            name: ``ubuntu``, ``ubuntu:24.04``, ``quay.io/org/app@sha256:…``.
            platform: which one of an index; None for this machine's.
            unpack: a container is to stand on it soon: unpack its layers while they come.
            on_progress: hears of each layer.

        Raises:
            ImageNotFound: no such image.
            PlatformNotFound: none for the platform.
            InvalidContent: something is not what it should be; nothing of it is kept.
            RegistryError: the registry refuses or fails.
        """
        if unpack:
            from dockmagic.run.disk.arriving import pull_unpacked as pull
        else:
            from dockmagic.image.transfer import pull
        ref = _reference(name).or_latest()
        source = self._engine.registries.repository(ref)
        return pull(
            source, self._engine.store, ref, platform=platform, on_progress=on_progress, on_notice=self._engine.notice
        )

    def pull_all(
        self, name: str | Reference, *, platform: Platform | None = None, on_progress: Progress = ignore_progress
    ) -> tuple[Image, ...]:
        """Bring every tag of a repository here, each layer once (``pull -a``)."""
        from dockmagic.image.transfer import pull_repository

        ref = _reference(name)
        source = self._engine.registries.repository(ref)
        refs = [ref.with_tag(tag) for tag in source.tags()]
        return pull_repository(source, self._engine.store, refs, platform=platform, on_progress=on_progress)

    def plan(self, name: str | Reference, *, all_tags: bool = False, platform: Platform | None = None) -> PullPlan:
        """What `pull` (or `pull_all`) would bring, before a byte moves (``pull --plan``)."""
        from dockmagic.image.transfer import plan, plan_repository

        ref = _reference(name)
        source = self._engine.registries.repository(ref)
        if all_tags:
            refs = [ref.with_tag(tag) for tag in source.tags()]
            return plan_repository(source, self._engine.store, refs, platform=platform)
        return plan(source, self._engine.store, ref.or_latest(), platform=platform)

    def push(self, name: str | Reference, *, on_progress: Progress = ignore_progress) -> Pushed:
        """Send a local image to the registry of its name: only what is missing there (``push``).

        Raises:
            ImageNotFound: no local image has this name.
            Denied: the registry does not allow it.
            RegistryError: the registry refuses or fails.
        """
        from dockmagic.image.transfer import push

        ref = _reference(name).or_latest()
        image = self.get(str(ref))
        return push(image, self._engine.registries.repository(ref), ref, on_progress=on_progress)

    def local_tags(self, name: str | Reference) -> tuple[Reference, ...]:
        """Every local tag of a repository, as ``push -a`` sends them.

        Raises:
            ImageNotFound: there is none.
        """
        ref = _reference(name)
        found = tuple(
            named.ref
            for named in self._engine.store.names()
            if named.ref is not None and named.ref.tag and named.ref.name == ref.name
        )
        if not found:
            raise ImageNotFound(
                f"no local image has a tag of {ref.familiar_name}",
                hint=f"Give it one: tag IMAGE {ref.familiar_name}:TAG",
            )
        return tuple(sorted(found))

    # Names

    def tag(self, source: str, target: str | Reference) -> Image:
        """Give a local image one more name (``tag``).

        Raises:
            ImageNotFound: there is no such image.
            InvalidReference: `target` is no name, or has a digest.
        """
        image = self.get(source)
        local.tag(self._engine.store, image, _reference(target).or_latest())
        return image

    def remove(self, name: str, *, force: bool = False) -> local.Removal:
        """Remove a name; with the last one, or by ID, the image (``rmi``).

        Raises:
            ImageNotFound: there is none.
            Conflict: an ID that several repositories name, without `force`; an image that a container uses.
        """
        from dockmagic.run.disk.uses import uses

        store = self._engine.store
        removal = local.remove(store, name, force=force, uses=uses(store), roots=roots(store))
        return self._with_layers(removal)

    def _with_layers(self, removal: local.Removal) -> local.Removal:
        if not removal.deleted:
            return removal
        return replace(removal, size=removal.size + collect_layers(self._engine.store))

    def prune(self, *, all_unused: bool = False, filters: Sequence[str] = ()) -> local.Removal:
        """Remove images without a name, or all of them (``image prune``).

        Args:
            all_unused: named ones too, if no container uses them.
            filters: only those that ``until=…`` and ``label=…`` let through.
        """
        from dockmagic.run.disk.uses import uses

        store = self._engine.store
        wanted = image_filter(store, filters)
        chosen = {named.descriptor.digest for named in store.names() if wanted(named)}
        removal = local.prune(
            store,
            all_unused=all_unused,
            keep=lambda image: image.digest not in chosen,
            uses=uses(store),
            roots=roots(store),
        )
        return self._with_layers(removal)

    # Analysis

    def diff(self, old: Image | Layer | Layers, new: Image | Layer | Layers | None = None) -> Diff:
        """What differs between two images, layers or ranges; of one, what it does to the layers below (``diff``)."""
        from dockmagic.image.analysis import diff

        return diff(old, new)

    def validate(self, image: Image) -> tuple[Mismatch, ...]:
        """Recompute everything that an image says of itself; what is not so (``validate``)."""
        from dockmagic.image.validate import validate

        return validate(image)

    # Files

    def to_save(self, names: Iterable[str]) -> tuple[Image, ...]:
        """The images that `names` mean, each once and with just the names that it was asked for by (``save``).

        A repository without a tag means all its tags, an ID means an image without a name, as in docker.

        Raises:
            ImageNotFound: there is none.
            AmbiguousName: an ID's prefix that fits several.
        """
        chosen: dict[Digest, list[Reference]] = {}
        for name in names:
            refs = self._tags_meant(name)
            if not refs:
                chosen.setdefault(self.get(name).digest, [])
            for ref in refs:
                asked = chosen.setdefault(self.get(str(ref)).digest, [])
                if ref not in asked:
                    asked.append(ref)
        images = []
        for digest, asked in chosen.items():
            image = local.by_digest(self._engine.store, digest)
            image.names = tuple(asked)
            images.append(image)
        return tuple(images)

    def _tags_meant(self, name: str) -> tuple[Reference, ...]:
        try:
            ref = Reference.parse(name)
            if ref.digest:
                return ()
            return (ref,) if ref.tag and self._engine.store.find(ref) else self.local_tags(ref) if not ref.tag else ()
        except (InvalidReference, ImageNotFound):
            return ()

    def save(
        self,
        images: Iterable[Image],
        out: BinaryIO,
        *,
        form: str = "docker-archive",
        compression: Compression = Compression.NONE,
    ) -> None:
        """Write images into one archive, each under its names (``save``)."""
        from dockmagic.image.archive import save

        save(images, out, form=form, compression=compression)

    def load(self, source: Path | BinaryIO, *, on_progress: Progress = ignore_progress) -> tuple[Image, ...]:
        """Bring the images of an archive here (``load``).

        Args:
            source: a file, plain or compressed, a stream of one, or a folder with an image layout.
            on_progress: hears of each layer.

        Raises:
            InvalidArchive: it cannot be read, or not be trusted; nothing is named.
        """
        from dockmagic.image.archive import load

        return load(source, self._engine.store, on_progress=on_progress, on_notice=self._engine.notice)

    def import_rootfs(
        self,
        source: BinaryIO,
        name: str = "",
        *,
        config: Config | None = None,
        message: str = "",
        platform: Platform | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Make an image of one layer from the archive of a root file system (``import``)."""
        from dockmagic.image.archive import import_rootfs

        ref = _reference(name).or_latest() if name else None
        return import_rootfs(
            source, self._engine.store, ref, config=config, message=message, platform=platform, on_progress=on_progress
        )

    def export_rootfs(self, image: Image, out: BinaryIO) -> None:
        """Write an image's root file system as one tar (``export``)."""
        from dockmagic.image.archive import export_rootfs

        export_rootfs(image, out)

    # What the front doors ask for

    def digest_of(self, name: str | Reference) -> Digest | None:
        """The manifest that a name means here; None if it means none."""
        try:
            return self._engine.store.resolve(_reference(name).or_latest()).digest
        except ImageNotFound:
            return None


def _reference(name: str | Reference) -> Reference:
    return name if isinstance(name, Reference) else Reference.parse(name)
