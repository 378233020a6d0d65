"""Pull and push images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.docker_py import refuses
from dockmagic.engine.options import convert
from dockmagic.engine.options.pull import refuse_unknown
from dockmagic.oci.errors import ImageNotFound, InvalidInput
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .lookup import ImageLookup
from .names import platform_of, reference_of
from .subject import of_platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Never

    from dockmagic.image.actions import Pushed
    from dockmagic.image.image import Image
    from dockmagic.image.transfer import PullPlan
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress


__all__ = ["ImageTransfers"]


class ImageTransfers(ImageLookup):
    """The calls that pull and push."""

    def ensure(
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
            on_pull: gets the name before it is pulled.
            on_progress: gets the progress of each layer.

        Raises:
            ImageNotFound: neither here nor there.
            InvalidInput: `pull` is none of these.
        """
        wanted = platform_of(platform)
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
        if pull != "always" and (kept := of_platform(self._engine, ref, wanted)) is not None:
            return self._own(kept)
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
            on_progress: gets the progress of each layer.
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
        ref = reference_of(name).or_latest()
        source = self._engine.registries.repository(ref)
        pulled = pull(
            source,
            self._engine.store,
            ref,
            platform=platform_of(platform),
            on_progress=on_progress,
            on_notice=self._engine.notice,
        )
        return self._own(pulled)

    def pull_platforms(
        self, name: str | Reference, *, platform: Platform | str | None = None, on_progress: Progress = ignore_progress
    ) -> Image:
        """Bring an index here with everything in it (``pull --all-platforms``).

        Args:
            name: as for `pull`.
            platform: whose image the name stands for; None for this machine's, else the first.
            on_progress: gets the progress of each layer.

        Raises:
            PlatformNotFound: there is none for the platform.
            ImageNotFound: no such image.
            InvalidContent: something is not what it should be; nothing of that is kept.
            RegistryError: the registry refuses or fails.
        """
        from dockmagic.image.transfer.pull_index import pull_index
        from dockmagic.oci import media

        ref = reference_of(name).or_latest()
        source = self._engine.registries.repository(ref)
        found = source.resolve(ref)
        if not media.is_index(found.media_type):
            return self.pull(ref, platform=platform, on_progress=on_progress)
        wanted = platform_of(platform)
        pulled = pull_index(source, self._engine.store, ref, found, platform=wanted, on_progress=on_progress)
        return self._own(pulled)

    def pull_all(
        self, name: str | Reference, *, platform: Platform | str | None = None, on_progress: Progress = ignore_progress
    ) -> tuple[Image, ...]:
        """Bring every tag of a repository here, each layer once (``pull -a``)."""
        from dockmagic.image.transfer import pull_repository

        ref = reference_of(name)
        source = self._engine.registries.repository(ref)
        refs = [ref.with_tag(tag) for tag in source.tags()]
        pulled = pull_repository(
            source,
            self._engine.store,
            refs,
            platform=platform_of(platform),
            on_progress=on_progress,
            on_notice=self._engine.notice,
        )
        return tuple(map(self._own, pulled))

    def plan(
        self, name: str | Reference, *, all_tags: bool = False, platform: Platform | str | None = None
    ) -> PullPlan:
        """What `pull` (or `pull_all`) would bring, before a byte moves (``pull --plan``)."""
        from dockmagic.image.transfer import plan, plan_repository

        ref = reference_of(name)
        source = self._engine.registries.repository(ref)
        if all_tags:
            refs = [ref.with_tag(tag) for tag in source.tags()]
            return plan_repository(source, self._engine.store, refs, platform=platform_of(platform))
        return plan(source, self._engine.store, ref.or_latest(), platform=platform_of(platform))

    @refuses("Images.push")
    def push(self, name: str | Reference, *, on_progress: Progress = ignore_progress) -> Pushed:
        """Send a local image to the registry of its name: only what is missing there (``push``).

        Raises:
            ImageNotFound: no local image has this name.
            Denied: the registry does not allow it.
            RegistryError: the registry refuses or fails.
        """
        ref = reference_of(name).or_latest()
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
        ref = (reference_of(name) if name else image.names[0]).or_latest()
        return push(image, self._engine.registries.repository(ref), ref, on_progress=on_progress)
