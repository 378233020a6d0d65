"""Lists of manifests: indexes that are made here of images, changed and pushed (``manifest``)."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dockmagic.image import local
from dockmagic.image.image import Image
from dockmagic.image.index import annotate_index, list_index, make_index, read_index
from dockmagic.image.surgery.workspace import Workspace
from dockmagic.image.transfer.choose import choose_from
from dockmagic.oci import media
from dockmagic.oci.errors import Conflict, ImageNotFound, InvalidInput, PlatformNotFound, RegistryError
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .copying import copy_image
from .options import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.image.actions import Removal
    from dockmagic.image.source import ImageSource
    from dockmagic.image.transports.copy import Copied
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor

    from .context import EngineContext
    from .images import Images

__all__ = ["Manifests"]


class Manifests:
    """The indexes of an engine; get it as ``Engine().manifests``.

    A list is an index that is here whole, under a name; the name stands for the image of one of its platforms.
    """

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

    def create(
        self,
        name: str,
        members: str | Image | Iterable[str | Image],
        *,
        amend: bool = False,
        annotations: Mapping[str, str] | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Make a list of images (``manifest create``); those that are not here are brought.

        Args:
            name: of the list.
            members: images; of an index the one of this machine's platform.
            amend: add to the list if there is one.
            annotations: of the list.
            on_progress: gets the progress of layers that have to come here.

        Returns:
            The image that the name stands for.

        Raises:
            Conflict: there is such a name, and `amend` is not set; or it is that of an image alone.
            InvalidInput: there are no members.
            ImageNotFound: a member is neither here nor in its registry.
        """
        ref = Reference.parse(convert.text("name", name)).or_latest()
        store = self._engine.store
        known = store.whole_index(ref)
        if store.find(ref) is not None and not (amend and known is not None):
            raise Conflict(
                f"{ref.familiar} is there already",
                hint=f"Add to it with --amend, or remove it: `manifest rm {ref.familiar}`",
            )
        given = [members] if isinstance(members, (str, Image)) else list(members)
        found = [self._images.find(one) if isinstance(one, str) else one for one in given]
        if not found:
            raise InvalidInput("a list needs at least one image", hint="Name one")
        with store.lease() as keep:
            workspace = Workspace(store=store, keep=keep, seconds=0, on_progress=on_progress)
            old = [] if known is None else [local.by_manifest(store, line.digest) for line in _images(store, known)]
            images = [*old, *(workspace.bring(image) for image in found)]
            index = make_index(store, images, annotations=annotations)
            keep([index.digest])
            self._name(ref, index, images[0].descriptor)
        return self._images.get(str(ref))

    def annotate(
        self,
        name: str,
        member: str,
        *,
        os: str | None = None,
        arch: str | None = None,
        variant: str | None = None,
        os_version: str | None = None,
        os_features: Iterable[str] = (),
        annotations: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Say of an image in a list what it is for (``manifest annotate``); the image itself stays as it is.

        Args:
            name: of the list.
            member: name or digest of the image.
            os: its system.
            arch: its architecture.
            variant: of the architecture.
            os_version: of the system.
            os_features: of the system.
            annotations: of its line in the list.

        Raises:
            ImageNotFound: there is no such list.
            PlatformNotFound: the list has no such image.
            InvalidPlatform: no system or architecture.
        """
        ref, index = self._list(name)
        wanted = self._digest_of(member)
        platform: dict[str, Any] = {}
        for key, value in (("os", os), ("architecture", arch), ("variant", variant), ("os.version", os_version)):
            if value is not None:
                platform[key] = convert.text(key, value)
        if os or arch or variant:
            Platform.parse("/".join((os or "linux", arch or "amd64", *([variant] if variant else []))))
        if features := convert.words("os_features", os_features):
            platform["os.features"] = features
        store = self._engine.store
        with store.lease([index.digest]) as keep:
            changed = annotate_index(
                store, index, lambda line: line.digest == wanted, platform=platform, annotations=annotations
            )
            keep([changed.digest])
            self._name(ref, changed, store.resolve(ref))
        return changed

    def push(self, name: str, destination: str = "", *, on_progress: Progress = ignore_progress) -> Copied:
        """Send a list and everything in it to a registry (``manifest push``).

        Args:
            name: of the list.
            destination: under which name; empty for its own.
            on_progress: gets the progress of each blob.

        Raises:
            ImageNotFound: there is no such list.
            RegistryError: the registry refuses or fails.
        """
        ref, _ = self._list(name)
        target = Reference.parse(destination).or_latest() if destination else ref
        return copy_image(self._engine, str(ref), f"docker://{target}", all_platforms=True, on_progress=on_progress)

    def remove(self, name: str) -> Removal:
        """Remove a list; what nothing else uses goes with it (``manifest rm``).

        Raises:
            ImageNotFound: there is no such list.
        """
        ref, _ = self._list(name)
        return self._images.remove(str(ref))

    def inspect(self, name: str, *, verbose: bool = False) -> Any:
        """A manifest or index as it is, from here or from its registry (``manifest inspect``).

        Args:
            name: of an image.
            verbose: each manifest of an index with what says where it is.

        Raises:
            ImageNotFound: neither here nor there.
        """
        ref, source, desc = self._found(name)
        document = json.loads(source.read(desc))
        if not verbose:
            return document
        if not media.is_index(desc.media_type):
            return _verbose(ref, desc, document)
        lines = (each.descriptor for each in list_index(read_index(source, desc)))
        return [_verbose(ref, line, json.loads(source.read(line))) for line in lines]

    # How it is done

    def _list(self, name: str) -> tuple[Reference, Descriptor]:
        ref = Reference.parse(convert.text("name", name)).or_latest()
        index = self._engine.store.whole_index(ref)
        if index is None:
            raise ImageNotFound(
                f"there is no list {ref.familiar}",
                hint="Make one with `manifest create`, or bring one with `pull --all-platforms`",
            )
        return ref, index

    def _found(self, name: str) -> tuple[Reference | None, ImageSource, Descriptor]:
        """A list that is here; else what the registry has, of which an image here may be a part; else that image."""
        store = self._engine.store
        try:
            image = local.find(store, convert.text("name", name))
        except ImageNotFound:
            return self._remote(Reference.parse(name).or_latest())
        for ref in image.names:
            if (whole := store.whole_index(ref)) is not None:
                return ref, store, whole
        if image.index_digest is not None and image.names:
            with suppress(RegistryError, ImageNotFound):
                return self._remote(image.names[0])
        return image.names[0] if image.names else None, store, image.descriptor

    def _remote(self, ref: Reference) -> tuple[Reference, ImageSource, Descriptor]:
        source = self._engine.registries.repository(ref)
        return ref, source, source.resolve(ref)

    def _digest_of(self, member: str) -> Digest:
        return self._images.find(member).digest

    def _name(self, ref: Reference, index: Descriptor, chosen: Descriptor) -> None:
        store = self._engine.store
        with suppress(PlatformNotFound):  # none for this machine: then any
            chosen = choose_from(store, index, ref).descriptor
        size = Image(store, chosen, home=store.home, keep_tables=True).size
        with store.edit() as names:
            names.set(ref, chosen, index_digest=index.digest, size=size)
            names.set_index(ref, index)


def _images(source: ImageSource, index: Descriptor) -> Iterable[Descriptor]:
    return (each.descriptor for each in list_index(read_index(source, index)) if each.kind == "image")


def _verbose(ref: Reference | None, desc: Descriptor, document: Any) -> dict[str, Any]:
    """As docker's ``manifest inspect --verbose`` shows it."""
    descriptor: dict[str, Any] = {"mediaType": desc.media_type, "digest": str(desc.digest), "size": desc.size}
    if desc.platform is not None:
        platform = desc.platform
        descriptor["platform"] = {"architecture": platform.architecture, "os": platform.os}
        if platform.variant:
            descriptor["platform"]["variant"] = platform.variant
    kind = "SchemaV2Manifest" if desc.media_type == media.DOCKER_MANIFEST else "OCIManifest"
    name = str(ref.with_digest(desc.digest)) if ref is not None else str(desc.digest)
    return {"Ref": name, "Descriptor": descriptor, kind: document}
