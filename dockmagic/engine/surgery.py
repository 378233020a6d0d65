"""Images changed without a build: what a caller asks for, made an operation of `image.surgery` and carried out."""

from __future__ import annotations

import os
import shlex
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dockmagic.dockerfile.ports import container_ports
from dockmagic.image import local
from dockmagic.image.draft import BASE_DIGEST, BASE_NAME
from dockmagic.image.surgery.append import append, layer_of_archive, layer_of_files
from dockmagic.image.surgery.convert import convert
from dockmagic.image.surgery.mutate import Mutation, mutate
from dockmagic.image.surgery.rebase import rebase
from dockmagic.image.surgery.replace import drop_layer, replace_layer
from dockmagic.image.surgery.retime import retime
from dockmagic.image.surgery.squash import flatten, squash
from dockmagic.image.surgery.strip import strip_paths
from dockmagic.image.surgery.workspace import Workspace
from dockmagic.layer.compression.table import WRITABLE
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import ImageNotFound, InvalidInput
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .epoch import source_date_epoch
from .options import convert as typed
from .options.surgery import files_of, moment, pairs, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from dockmagic.image.image import Image
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.image.surgery.workspace import Operation
    from dockmagic.layer.tree import FileTree
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress

    from .context import EngineContext
    from .images import Images
    from .options.surgery import Sources

__all__ = ["Surgery"]


class Surgery:
    """What changes an image without a build; get it as ``Engine().surgery``, or call an image's own methods.

    Each method leaves its image as it is and gives a new one, named as `tags` say or without a name. Images that are
    elsewhere are brought here. With ``SOURCE_DATE_EPOCH`` new files, steps and images have that time, and the new blobs
    the same bytes on every machine.
    """

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

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
        make, what = self._new_layer(files, tar, to)

        def operation(workspace: Workspace, base: Image) -> Image:
            return append(workspace, base, make(workspace, base.files), what=what, comment=comment)

        return self._done(image, operation, tags, on_progress)

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
        return self._done(image, partial(mutate, mutation=mutation), tags, on_progress)

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
        found = self._find(image)
        noted = found.manifest.annotations or {}
        name, digest = noted.get(BASE_NAME, ""), noted.get(BASE_DIGEST, "")
        if not old_base and name and digest:
            old_base = self._as_it_was(Reference.parse(name).with_digest(digest))
        if not old_base or not (new_base or name):
            raise InvalidInput(
                "the image does not say what it stands on",
                hint="Give both: --old-base NAME@sha256:… --new-base NAME",
            )
        old, new = self._find(old_base, found.platform), self._find(new_base or name, found.platform)
        return self._done(found, partial(rebase, old_base=old, new_base=new), tags, on_progress)

    def flatten(
        self, image: str | Image, *, tags: str | Iterable[str] = (), on_progress: Progress = ignore_progress
    ) -> Image:
        """All layers as one, without what is hidden (``image flatten``).

        Raises:
            Conflict: it has no layers.
        """
        return self._done(image, flatten, tags, on_progress)

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
        return self._done(image, partial(squash, start=start, stop=stop), tags, on_progress)

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
        return self._done(image, partial(drop_layer, index=typed.integer("index", index)), tags, on_progress)

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
        make, what = self._new_layer(files, tar, to)
        place = typed.integer("index", index)

        def operation(workspace: Workspace, base: Image) -> Image:
            layer = make(workspace, base.layers[:place].files)
            return replace_layer(workspace, base, place, layer, what=what)

        return self._done(image, operation, tags, on_progress)

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
        return self._done(image, partial(strip_paths, paths=typed.words("paths", paths)), tags, on_progress)

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
        return self._done(image, partial(retime, time=moment(time), later_only=later), tags, on_progress)

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
        return self._done(image, operation, tags, on_progress)

    # How it is done

    def _as_it_was(self, ref: Reference) -> Image:
        """The image of a digest: here, also if another one has its name now, or in its registry."""
        try:
            return local.by_manifest(self._engine.store, Digest(ref.digest))
        except ImageNotFound:
            return self._find(str(ref))

    def _find(self, image: str | Image, platform: Platform | None = None) -> Image:
        return self._images.find(image, platform=platform) if isinstance(image, str) else image

    def _done(
        self, image: str | Image, operation: Operation, tags: str | Iterable[str], on_progress: Progress
    ) -> Image:
        """Carry out an operation, and give its result its names, or keep it without one."""
        refs = [Reference.parse(tag).or_latest() for tag in typed.words("tags", tags)]
        found = self._find(image)
        store = self._engine.store
        epoch = source_date_epoch({})
        with store.lease() as keep:
            workspace = Workspace(
                store=store,
                keep=keep,
                seconds=int(time.time()) if epoch is None else epoch,
                epoch=epoch,
                on_progress=on_progress,
            )
            made = operation(workspace, workspace.bring(found))
            size = made.size
            with store.edit() as names:
                for ref in refs:
                    names.set(ref, made.descriptor, size=size)
                if not refs:
                    names.add(made.descriptor, size=size)
        self._tell_of_signatures(found, made)
        return self._images.by_manifest(made.digest)

    def _tell_of_signatures(self, image: Image, made: Image) -> None:
        """What was signed is a digest; where others may know the image by it, say that it is no longer that of this."""
        if made.digest == image.digest:
            return
        published = [
            named.repository
            for named in self._engine.store.names()
            if named.descriptor.digest == image.digest and named.repository
        ]
        if image.source is not self._engine.store:
            published += [ref.name for ref in image.names]
        for repository in dict.fromkeys(published):
            name = Reference.parse(repository).with_digest(image.repo_digest)
            self._engine.notice(f"signatures and attestations of {name.familiar} do not hold for the new image")

    def _new_layer(
        self, files: Sources, tar: str | os.PathLike[str] | BinaryIO | None, to: str
    ) -> tuple[Callable[[Workspace, FileTree], NewLayer], str]:
        """What makes the layer upon a tree, and how the history names it."""
        if tar is None:
            wanted = files_of(files, typed.text("to", to))
            shown = [
                content.name if path.endswith("/") and isinstance(content, Path) else path for path, content in wanted
            ]
            where = ["--to", to] if to != "/" else []
            return (lambda workspace, below: layer_of_files(workspace, below, wanted)), shlex.join([*shown, *where])
        if files:
            raise InvalidInput("a layer is made of files or of a tar", hint="Make two, one after the other")
        if isinstance(tar, (str, os.PathLike)):
            path = Path(typed.path("tar", tar)).expanduser()
            return (lambda workspace, _below: layer_of_archive(workspace, path)), f"--tar {shlex.quote(path.name)}"
        return (lambda workspace, _below: layer_of_archive(workspace, tar)), "--tar -"
