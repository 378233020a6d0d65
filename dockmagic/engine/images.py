"""What can be done with images."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dockmagic.builder.outcome.events import ignore_events
from dockmagic.image import local
from dockmagic.oci.errors import ImageNotFound, InvalidInput, InvalidReference
from dockmagic.oci.media import Compression
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .cleaning import collect_layers, roots
from .collection import Collection, filter_words
from .filters import image_filter
from .options import convert
from .options.pull import refuse_unknown
from .subject import find_image, find_subject

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import BinaryIO, Never, Unpack

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.result import Build
    from dockmagic.image.actions import Pushed, Removal
    from dockmagic.image.analysis import Diff
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.image.transfer import PullPlan
    from dockmagic.image.transports.copy import Copied
    from dockmagic.image.validate import Mismatch
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.errors import DockmagicError
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Config, Descriptor
    from dockmagic.rows import ImageRow, Rows, SyncRow, TreeRow

    from .collection import Filters
    from .context import EngineContext
    from .options.build import BuildOptions
    from .subject import Subject

__all__ = ["Images"]


class Images(Collection["Image"]):
    """The images of an engine; get it as ``Engine().images``. Names may be written as docker users write them."""

    def __init__(self, engine: EngineContext) -> None:
        self._engine = engine

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "images")

    def _own(self, image: Image) -> Image:
        """Let an image know the engine that it came from."""
        image.actions = self
        return image

    # What is here

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

        from .image_rows import image_rows, intermediate_rows

        found = image_rows(self._engine, pattern, filter_words(filters))
        steps = intermediate_rows(self._engine.store) if everything and not pattern and not filters else ()
        return Rows(ImageRow, (*found, *steps))

    def rows_with_shares(self) -> Rows[ImageRow]:
        """Like `rows`, with the bytes that each image shares with others and has alone (``system df -v``)."""
        from dockmagic.rows import ImageRow, Rows

        from .image_rows import with_shares

        return Rows(ImageRow, with_shares(self.rows(), self.list()))

    def tree(self) -> Rows[TreeRow]:
        """Which images stand on which (``images --tree``)."""
        from dockmagic.image.analysis import family
        from dockmagic.rows import Rows, TreeRow

        from .describe import tree_rows

        return Rows(TreeRow, tree_rows(family(local.images(self._engine.store))))

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
            on_remote: hears the full name before the registry is asked.

        Raises:
            ImageNotFound: neither here nor there.
            RegistryError: the registry refuses or fails.
        """
        chosen = _platform(platform)
        return self._own(find_image(self._engine, convert.text("name", name), platform=chosen, on_remote=on_remote))

    def find_subject(
        self, name: str, *, platform: Platform | str | None = None, on_remote: Callable[[str], None] = lambda _: None
    ) -> Subject:
        """Like `find`, but ``IMAGE[2]`` is a layer and ``IMAGE[0:3]`` a range of layers.

        Raises:
            PathNotFound: the image has no such layer.
        """
        found = find_subject(self._engine, name, platform=_platform(platform), on_remote=on_remote)
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
        images = open_archive(path, self._engine.store, platform=_platform(platform), on_notice=self._engine.notice)
        wanted = Reference.parse(name).or_latest() if name else None
        fits = [image for image in images if wanted is None or wanted in image.names]
        if len(fits) != 1:
            names = ", ".join(tag for image in images for tag in image.tags) or "none has a name"
            raise InvalidInput(
                f"{path} holds {len(images)} images" if wanted is None else f"{path} has no image {name}",
                hint=f"Say which with name=…: {names}",
            )
        return self._own(fits[0])

    # To and from registries

    def obtain(
        self,
        name: str,
        *,
        pull: str = "missing",
        platform: Platform | str | None = None,
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
        wanted = _platform(platform)
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
                if wanted is None or pull == "never" or wanted.accepts(image.platform):
                    return image
        ref = Reference.parse(name).or_latest()
        on_pull(ref)
        return self.pull(ref, platform=wanted, unpack=True, on_progress=on_progress)

    def pull(
        self,
        name: str | Reference,
        *,
        platform: Platform | str | None = None,
        unpack: bool = False,
        on_progress: Progress = ignore_progress,
        **unknown: Never,
    ) -> Image:
        """Bring an image here, verified, with its file tables (``pull``).

        Args:
            name: ``ubuntu``, ``ubuntu:24.04``, ``quay.io/org/app@sha256:…``.
            platform: which one of an index; None for this machine's.
            unpack: a container is to stand on it soon: unpack its layers while they come.
            on_progress: hears of each layer.
            unknown: none; a keyword of another library is answered with ours.

        Raises:
            TypeError: an unknown keyword, or a value of a type that does not fit.
            ImageNotFound: no such image.
            PlatformNotFound: none for the platform.
            InvalidContent: something is not what it should be; nothing of it is kept.
            RegistryError: the registry refuses or fails.
        """
        refuse_unknown(unknown)
        if convert.switch("unpack", unpack):
            from dockmagic.runtime.disk.streaming_unpack import pull_unpacked as pull
        else:
            from dockmagic.image.transfer import pull
        ref = _reference(name).or_latest()
        source = self._engine.registries.repository(ref)
        pulled = pull(
            source,
            self._engine.store,
            ref,
            platform=_platform(platform),
            on_progress=on_progress,
            on_notice=self._engine.notice,
        )
        return self._own(pulled)

    def pull_all(
        self, name: str | Reference, *, platform: Platform | str | None = None, on_progress: Progress = ignore_progress
    ) -> tuple[Image, ...]:
        """Bring every tag of a repository here, each layer once (``pull -a``)."""
        from dockmagic.image.transfer import pull_repository

        ref = _reference(name)
        source = self._engine.registries.repository(ref)
        refs = [ref.with_tag(tag) for tag in source.tags()]
        pulled = pull_repository(
            source,
            self._engine.store,
            refs,
            platform=_platform(platform),
            on_progress=on_progress,
            on_notice=self._engine.notice,
        )
        return tuple(map(self._own, pulled))

    def plan(
        self, name: str | Reference, *, all_tags: bool = False, platform: Platform | str | None = None
    ) -> PullPlan:
        """What `pull` (or `pull_all`) would bring, before a byte moves (``pull --plan``)."""
        from dockmagic.image.transfer import plan, plan_repository

        ref = _reference(name)
        source = self._engine.registries.repository(ref)
        if all_tags:
            refs = [ref.with_tag(tag) for tag in source.tags()]
            return plan_repository(source, self._engine.store, refs, platform=_platform(platform))
        return plan(source, self._engine.store, ref.or_latest(), platform=_platform(platform))

    def push(self, name: str | Reference, *, on_progress: Progress = ignore_progress) -> Pushed:
        """Send a local image to the registry of its name: only what is missing there (``push``).

        Raises:
            ImageNotFound: no local image has this name.
            Denied: the registry does not allow it.
            RegistryError: the registry refuses or fails.
        """
        ref = _reference(name).or_latest()
        return self.push_image(self.get(str(ref)), ref, on_progress=on_progress)

    def push_image(
        self, image: Image, name: str | Reference = "", *, on_progress: Progress = ignore_progress
    ) -> Pushed:
        """Send an image to the registry of a name: a local one, or one of another registry or of an archive.

        Args:
            image: to send.
            name: empty for its own, if it has one only.
            on_progress: gets the progress of each blob.

        Raises:
            InvalidInput: it has no name, or several.
            RegistryError: the registry refuses or fails.
        """
        from dockmagic.image.transfer import push

        if not name and len(image.names) != 1:
            raise InvalidInput(
                f"the image {image.id.short} has {'several names' if image.names else 'no name'}",
                hint="Say which: image.push('REGISTRY/NAME:TAG')",
            )
        ref = (_reference(name) if name else image.names[0]).or_latest()
        return push(image, self._engine.registries.repository(ref), ref, on_progress=on_progress)

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
        ref = _reference(name)
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

    # Names

    def tag(self, source: str | Image, target: str | Reference) -> Image:
        """Give a local image one more name (``tag``); the image with its names as they are now.

        Raises:
            ImageNotFound: there is no such image.
            InvalidReference: `target` is no name, or has a digest.
        """
        image = self.get(source) if isinstance(source, str) else source
        local.tag(self._engine.store, image, _reference(target).or_latest())
        return self._own(local.by_digest(self._engine.store, image.digest))

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

    def copy(
        self,
        source: str,
        destination: str,
        *,
        all_platforms: bool = False,
        preserve_digests: bool = False,
        platform: Platform | str | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Copied:
        """Copy an image from one place to another, byte for byte (``copy``).

        Places are written as skopeo writes them: ``docker://NAME:TAG``, ``oci:FOLDER:NAME``, ``oci-archive:FILE:NAME``,
        ``dir:FOLDER``, ``docker-archive:FILE:NAME``, ``docker-daemon:NAME``, ``containers-storage:NAME``; a name
        alone is that of an image here.

        Args:
            source: where from.
            destination: where to.
            all_platforms: an index with everything in it, not the image of one platform.
            preserve_digests: refuse a place that would write another manifest.
            platform: which image of an index; None for this machine's.
            on_progress: gets the progress of each blob.

        Raises:
            InvalidInput: a place that cannot be.
            ImageNotFound: there is no such image.
            NotSupported: the place cannot keep what is asked for.
            RegistryError: a registry refuses or fails.
        """
        from .copying import copy_image

        return copy_image(
            self._engine,
            source,
            destination,
            all_platforms=all_platforms,
            preserve_digests=preserve_digests,
            platform=platform,
            on_progress=on_progress,
        )

    def sync(
        self,
        source: str,
        destination: str,
        *,
        all_platforms: bool = False,
        dry_run: bool = False,
        on_progress: Progress = ignore_progress,
        on_error: Callable[[DockmagicError], None] | None = None,
    ) -> Rows[SyncRow]:
        """Copy what is missing of repositories (``sync``).

        Args:
            source: ``docker://HOST/PATTERN[:PATTERN]``, repositories and tags.
            destination: ``docker://HOST[/PATH]``, ``oci:FOLDER`` or ``dir:FOLDER``; the repositories' paths go below.
            all_platforms: indexes with everything in them.
            dry_run: only say what would be copied.
            on_progress: gets the progress of each blob.
            on_error: gets what went wrong with one of them, and the others go on; None raises it.

        Raises:
            ImageNotFound: no repository fits.
            NotSupported: a place that takes no repositories, or a registry without a catalogue.
        """
        from dockmagic.rows import Rows, SyncRow

        from .copying import sync_repositories

        found = sync_repositories(
            self._engine,
            source,
            destination,
            all_platforms=all_platforms,
            dry_run=dry_run,
            on_progress=on_progress,
            on_error=on_error,
        )
        return Rows(SyncRow, found)

    @property
    def surgery(self) -> Any:
        """What changes an image without a build; see `Surgery`."""
        return self._engine.surgery

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
            image = self._own(local.by_digest(self._engine.store, digest))
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

        loaded = load(source, self._engine.store, on_progress=on_progress, on_notice=self._engine.notice)
        return tuple(map(self._own, loaded))

    def import_rootfs(
        self,
        source: BinaryIO,
        name: str = "",
        *,
        config: Config | None = None,
        message: str = "",
        platform: Platform | str | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Make an image of one layer from the archive of a root file system (``import``)."""
        from dockmagic.image.archive import import_rootfs

        ref = _reference(name).or_latest() if name else None
        made = import_rootfs(
            source,
            self._engine.store,
            ref,
            config=config,
            message=message,
            platform=_platform(platform),
            on_progress=on_progress,
        )
        return self._own(made)

    def export_rootfs(self, image: Image, out: BinaryIO) -> None:
        """Write an image's root file system as one tar (``export``)."""
        from dockmagic.image.archive import export_rootfs

        export_rootfs(image, out)

    # What front ends ask for

    def digest_of(self, name: str | Reference) -> Digest | None:
        """The manifest that a name means here; None if it means none."""
        try:
            return self._engine.store.resolve(_reference(name).or_latest()).digest
        except ImageNotFound:
            return None


def _reference(name: str | Reference) -> Reference:
    return name if isinstance(name, Reference) else Reference.parse(convert.text("name", name))


def _platform(platform: Platform | str | None) -> Platform | None:
    return None if platform is None else convert.platform("platform", platform)
