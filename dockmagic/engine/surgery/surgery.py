"""Images changed without a build: what a caller asks for, made an operation of `image.surgery` and carried out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from dockmagic.dockerfile.ports import container_ports
from dockmagic.engine.options import convert as typed
from dockmagic.engine.options.surgery import moment, pairs, signal
from dockmagic.image.draft import BASE_DIGEST, BASE_NAME
from dockmagic.image.surgery.append import append
from dockmagic.image.surgery.convert import convert
from dockmagic.image.surgery.mutate import Mutation, mutate
from dockmagic.image.surgery.rebase import rebase
from dockmagic.image.surgery.replace import drop_layer, replace_layer
from dockmagic.image.surgery.retime import retime
from dockmagic.image.surgery.squash import flatten, squash
from dockmagic.image.surgery.strip import strip_paths
from dockmagic.layer.compression.table import WRITABLE
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .new_layer import new_layer
from .runner import SurgeryRunner

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dockmagic.engine.options.surgery import Sources
    from dockmagic.image.image import Image
    from dockmagic.image.surgery.workspace import Workspace
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress

__all__ = ["Surgery"]


class Surgery(SurgeryRunner):
    """What changes an image without a build; get it as ``Engine().surgery``, or call an image's own methods.

    Each method leaves its image as it is and gives a new one, named as `tags` say or without a name. Images that are
    elsewhere are brought here. With ``SOURCE_DATE_EPOCH`` new files, steps and images have that time, and the new blobs
    the same bytes on every machine.
    """

    def append(
        self,
        image: str | Image,
        files: Sources = (),
        *,
        tar: str | os.PathLike[str] | BinaryIO | None = None,
        to: str = "/",
        comment: str = "",
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """One more layer on top (``image append``).

        Args:
            image: to change.
            files: files, folders (of which the content is taken) or a mapping of paths in the image to bytes, texts or
                paths.
            tar: a layer as a tar, in which ``.wh.`` files remove, instead of `files`.
            to: where in the image `files` go.
            comment: for the history.
            tags: names of the new image.
            on_progress: gets the progress of layers that have to come here.

        Raises:
            InvalidInput: nothing is to be appended, or it cannot be read.
            Conflict: something that is no directory stands in the way.
            InvalidLayer: the tar is none.
        """
        make, what = new_layer(files, tar, to)

        def operation(workspace: Workspace, base: Image) -> Image:
            return append(workspace, base, make(workspace, base.files), what=what, comment=comment)

        return self.carry_out(image, operation, tags, on_progress)

    def mutate(
        self,
        image: str | Image,
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
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Other settings, labels or annotations (``image mutate``).

        Args:
            image: to change.
            env: variables, None takes one away; or texts ``NAME=VALUE``.
            labels: None takes one away.
            annotations: of the manifest; None takes one away. Where only they change, the image ID stays.
            cmd: command, or arguments of the entry point.
            entrypoint: an empty one takes it away.
            user: who runs it.
            workdir: where.
            exposed_ports: further ones.
            volumes: further ones.
            stop_signal: such as ``SIGINT``.
            changes: Dockerfile instructions such as ``HEALTHCHECK NONE``.
            author: of the image.
            set_platform: what it is for, if the image says it wrongly.
            tags: names of the new image.
            on_progress: gets the progress of layers that have to come here.

        Raises:
            InvalidInput: a value that cannot be.
        """
        mutation = Mutation(
            env=pairs("env", env),
            labels=pairs("labels", labels),
            annotations=pairs("annotations", annotations),
            cmd=None if cmd is None else typed.argv("cmd", cmd),
            entrypoint=None if entrypoint is None else typed.argv("entrypoint", entrypoint),
            user=None if user is None else typed.identity("user", user),
            working_dir=None if workdir is None else typed.text("workdir", workdir),
            exposed_ports=tuple(container_ports(typed.words("exposed_ports", exposed_ports))),
            volumes=typed.words("volumes", volumes),
            stop_signal=None if stop_signal is None else signal(typed.text("stop_signal", stop_signal)),
            changes=typed.words("changes", changes),
            author=None if author is None else typed.text("author", author),
            platform=None if set_platform is None else typed.platform("set_platform", set_platform),
        )
        if mutation == Mutation():
            raise InvalidInput("nothing is to be changed", hint="Say what: --label A=1, --env B=2, --cmd …")
        return self.carry_out(image, partial(mutate, mutation=mutation), tags, on_progress)

    def rebase(
        self,
        image: str | Image,
        new_base: str | Image = "",
        *,
        old_base: str | Image = "",
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """What the image adds to its base, upon another one (``image rebase``).

        Args:
            image: to change.
            new_base: name or image; empty for what the image's annotations name, as that is now.
            old_base: which it stands on now; empty for the one of the image's annotations.
            tags: names of the new image.
            on_progress: gets the progress of layers that have to come here.

        Raises:
            InvalidInput: a base is not given, and the image does not say it.
            Conflict: the image does not stand on the old base, or cannot stand on the new one.
        """
        found = self.find(image)
        noted = found.manifest.annotations or {}
        name, digest = noted.get(BASE_NAME, ""), noted.get(BASE_DIGEST, "")
        if not old_base and name and digest:
            old_base = self.as_it_was(Reference.parse(name).with_digest(digest))
        if not old_base or not (new_base or name):
            raise InvalidInput(
                "the image does not say what it stands on",
                hint="Give both: --old-base NAME@sha256:… --new-base NAME",
            )
        old, new = self.find(old_base, found.platform), self.find(new_base or name, found.platform)
        return self.carry_out(found, partial(rebase, old_base=old, new_base=new), tags, on_progress)

    def flatten(
        self, image: str | Image, *, tags: str | Iterable[str] = (), on_progress: Progress = ignore_progress
    ) -> Image:
        """All layers as one, without what is hidden (``image flatten``).

        Raises:
            Conflict: it has no layers.
        """
        return self.carry_out(image, flatten, tags, on_progress)

    def squash(
        self,
        image: str | Image,
        start: int,
        stop: int,
        *,
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """The layers `start` to ``stop - 1`` as one (``image squash``); 0 is the base.

        Raises:
            Conflict: there are no such layers.
        """
        start, stop = typed.integer("start", start), typed.integer("stop", stop)
        return self.carry_out(image, partial(squash, start=start, stop=stop), tags, on_progress)

    def drop_layer(
        self,
        image: str | Image,
        index: int,
        *,
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """The image without one layer (``image drop-layer``); 0 is the base, -1 the top.

        Raises:
            PathNotFound: there is no such layer.
            Conflict: a layer above it has hard links to its files.
        """
        return self.carry_out(image, partial(drop_layer, index=typed.integer("index", index)), tags, on_progress)

    def replace_layer(
        self,
        image: str | Image,
        index: int,
        files: Sources = (),
        *,
        tar: str | os.PathLike[str] | BinaryIO | None = None,
        to: str = "/",
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Another layer in the place of one (``image replace-layer``); `files`, `tar` and `to` are as for `append`.

        Raises:
            PathNotFound: there is no such layer.
            InvalidInput: nothing is given, or it cannot be read.
            Conflict: a layer above it has hard links to files that are no longer there.
        """
        make, what = new_layer(files, tar, to)
        place = typed.integer("index", index)

        def operation(workspace: Workspace, base: Image) -> Image:
            layer = make(workspace, base.layers[:place].files)
            return replace_layer(workspace, base, place, layer, what=what)

        return self.carry_out(image, operation, tags, on_progress)

    def strip_paths(
        self,
        image: str | Image,
        paths: str | Iterable[str],
        *,
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Take paths, or what patterns fit, out of every layer (``image strip-paths``).

        Raises:
            PathNotFound: no layer has any of one of them.
        """
        return self.carry_out(image, partial(strip_paths, paths=typed.words("paths", paths)), tags, on_progress)

    def retime(
        self,
        image: str | Image,
        time: datetime | float | str,
        *,
        later_only: bool = False,
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """One date for files, steps and the image (``image retime``).

        Args:
            image: to change.
            time: a datetime, seconds since 1970, or a text of either.
            later_only: leave what is earlier as it is.
            tags: names of the new image.
            on_progress: gets the progress of layers that have to come here.

        Raises:
            InvalidInput: no time.
        """
        later = typed.switch("later_only", later_only)
        return self.carry_out(image, partial(retime, time=moment(time), later_only=later), tags, on_progress)

    def convert(
        self,
        image: str | Image,
        *,
        compression: str | None = None,
        compression_level: int | None = None,
        docker: bool | None = None,
        tags: str | Iterable[str] = (),
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Other compression or media types for the same layers; the image ID stays (``image convert``).

        Args:
            image: to change.
            compression: ``gzip``, ``zstd`` or ``none``.
            compression_level: up to 9 for gzip, to 22 for zstd.
            docker: True for Docker's media types, False for OCI's.
            tags: names of the new image.
            on_progress: gets the progress of layers that have to come here.

        Raises:
            InvalidInput: no such compression or level.
            NotSupported: Docker's media types for zstd layers.
        """
        words = {algorithm.word: found for found, algorithm in WRITABLE.items()}
        if compression is not None and compression not in words:
            raise InvalidInput(f"{compression!r} is no compression", hint=f"There are {', '.join(words)}")
        chosen = words[compression] if compression is not None else None
        if compression_level is not None:
            highest = WRITABLE[chosen].highest_level if chosen is not None else 0
            if not 0 <= typed.integer("compression_level", compression_level) <= highest:
                raise InvalidInput(
                    f"{compression_level} is no level of {compression or 'no compression'}",
                    hint=f"Write 0 to {highest}" if chosen is not None else "Say which compression, too",
                )
        operation = partial(convert, compression=chosen, level=compression_level, docker=docker)
        return self.carry_out(image, operation, tags, on_progress)
