"""The methods of an image that give a changed one without a build; an engine carries them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import NotSupported

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import BinaryIO, Self, TypeAlias

    from dockmagic.oci.platforms import Platform

    from .actions import ImageActions

    #: One name of the new image, or several; none leaves it without one.
    Tags: TypeAlias = str | Iterable[str]
    PathLike: TypeAlias = str | os.PathLike[str]

__all__ = ["Changeable"]


class Changeable:
    """What `Engine().surgery` does, for one image: it stays as it is, and each method gives a new one.

    Attributes:
        actions: what an engine does with it; None where it came from no engine.
    """

    actions: ImageActions | None

    @property
    def _actions(self) -> ImageActions:
        if self.actions is None:
            raise NotSupported(
                "the image does not belong to an engine", hint="Get it from one: Engine().images.get(NAME)"
            )
        return self.actions

    def append(
        self,
        files: PathLike | Iterable[PathLike] | Mapping[str, bytes | PathLike] = (),
        *,
        tar: PathLike | BinaryIO | None = None,
        to: str = "/",
        comment: str = "",
        tags: Tags = (),
    ) -> Self:
        """One more layer on top, of files, folders, ``{"/path": "text"}``, or a tar (``image append``).

        Args:
            files: files, folders (of which the content is taken) or a mapping of paths in the image to bytes, texts or
                paths.
            tar: a layer as a tar, in which ``.wh.`` files remove, instead of `files`.
            to: where in the image `files` go.
            comment: for the history.
            tags: names of the new image.
        """
        return self._changed("append", files, tar=tar, to=to, comment=comment, tags=tags)

    def mutate(
        self,
        *,
        env: Mapping[str, Any] | Iterable[str] = (),
        labels: Mapping[str, Any] | Iterable[str] = (),
        annotations: Mapping[str, Any] | Iterable[str] = (),
        cmd: str | Iterable[str] | None = None,
        entrypoint: str | Iterable[str] | None = None,
        user: str | int | None = None,
        workdir: str | None = None,
        exposed_ports: str | Iterable[str] = (),
        volumes: str | Iterable[str] = (),
        stop_signal: str | None = None,
        changes: str | Iterable[str] = (),
        author: str | None = None,
        set_platform: str | Platform | None = None,
        tags: Tags = (),
    ) -> Self:
        """Other settings, labels or annotations (``image mutate``); None as a value takes a name away."""
        return self._changed(
            "mutate",
            env=env,
            labels=labels,
            annotations=annotations,
            cmd=cmd,
            entrypoint=entrypoint,
            user=user,
            workdir=workdir,
            exposed_ports=exposed_ports,
            volumes=volumes,
            stop_signal=stop_signal,
            changes=changes,
            author=author,
            set_platform=set_platform,
            tags=tags,
        )

    def rebase(self, new_base: str | Self = "", *, old_base: str | Self = "", tags: Tags = ()) -> Self:
        """What it adds to its base, upon another one (``image rebase``).

        Args:
            new_base: name or image; empty for what the annotations name, as that is now.
            old_base: which it stands on now; empty for that of the annotations.
            tags: names of the new image.
        """
        return self._changed("rebase", new_base, old_base=old_base, tags=tags)

    def flatten(self, *, tags: Tags = ()) -> Self:
        """All layers as one, without what is hidden (``image flatten``)."""
        return self._changed("flatten", tags=tags)

    def squash(self, start: int, stop: int, *, tags: Tags = ()) -> Self:
        """The layers `start` to ``stop - 1`` as one (``image squash``)."""
        return self._changed("squash", start, stop, tags=tags)

    def drop_layer(self, index: int, *, tags: Tags = ()) -> Self:
        """The image without one layer (``image drop-layer``)."""
        return self._changed("drop_layer", index, tags=tags)

    def replace_layer(
        self,
        index: int,
        files: PathLike | Iterable[PathLike] | Mapping[str, bytes | PathLike] = (),
        *,
        tar: PathLike | BinaryIO | None = None,
        to: str = "/",
        tags: Tags = (),
    ) -> Self:
        """Another layer in the place of one (``image replace-layer``); as for `append`."""
        return self._changed("replace_layer", index, files, tar=tar, to=to, tags=tags)

    def strip_paths(self, paths: str | Iterable[str], *, tags: Tags = ()) -> Self:
        """Take paths, or what patterns fit, out of every layer (``image strip-paths``)."""
        return self._changed("strip_paths", paths, tags=tags)

    def retime(self, time: datetime | float | str, *, later_only: bool = False, tags: Tags = ()) -> Self:
        """One date for files, steps and the image (``image retime``)."""
        return self._changed("retime", time, later_only=later_only, tags=tags)

    def convert(
        self,
        *,
        compression: str | None = None,
        compression_level: int | None = None,
        docker: bool | None = None,
        tags: Tags = (),
    ) -> Self:
        """Other compression or media types for the same layers; the image ID stays (``image convert``)."""
        return self._changed(
            "convert", compression=compression, compression_level=compression_level, docker=docker, tags=tags
        )

    def _changed(self, method: str, *args: object, **options: object) -> Self:
        made: Self = getattr(self._actions.surgery, method)(self, *args, **options)
        return made
