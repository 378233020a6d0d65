"""``RUN --mount``: from what the Dockerfile says to what a container gets, and to what of it the cache must know.

Targets are opened inside the container's root, and sources inside the image or folder that they are part of, by the run
room (`runtime.init.rootfs`): no link in either leads out (CVE-2024-9407, CVE-2024-9675, CVE-2024-23651).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dockmagic.builder.caching import keys
from dockmagic.builder.caching.cache import KeyInput
from dockmagic.builder.copy.copy_op import image_files, prepare
from dockmagic.builder.image.step_commit import commit_step, moment, scratch
from dockmagic.builder.reading.builder_arguments import cache_namespace
from dockmagic.builder.sources.files import printable, resolve
from dockmagic.dockerfile import Copy, refuse_mount
from dockmagic.image.configuration import begin
from dockmagic.image.image import Image
from dockmagic.oci.errors import DockerfileError, InvalidInput, NotSupported, about
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.lock import lock, try_lock

from .build_session import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dockmagic.builder.copy.copy_op import CopyOp
    from dockmagic.builder.outcome.events import StepInfo
    from dockmagic.builder.reading.plan import PlannedStage
    from dockmagic.dockerfile import Run, RunMount

    from .build_session import BuildSession, StageState

__all__ = ["Mounted", "Ready", "place_mount"]

_SECRET_MODE = 0o400
_CACHE_MODE = 0o755
_MOST_PRIVATE = 100


class Ready(NamedTuple):
    """Mounts that a container can be made with, as long as the step lasts.

    Attributes:
        mounts: of the container.
        env: variables that hold secrets.
        secrets: what the mounts of type ``secret`` hold, by their targets.
    """

    mounts: tuple[Mount, ...]
    env: tuple[str, ...]
    secrets: Mapping[str, bytes]


def place_mount(mount: RunMount, workdir: str) -> RunMount:
    """The mount with its target from the root on.

    Raises:
        DockerfileError: the target is the root, or nothing.
    """
    if mount.type in ("secret", "ssh") and not mount.target:
        return mount
    target = "/" + posixpath.normpath(posixpath.join(workdir, mount.target)).lstrip("/")
    if target == "/":
        raise DockerfileError(f'invalid mount target "{mount.target}"', hint="Mount it below the root")
    return replace(mount, target=target)


class Mounted:
    """The mounts of one RUN.

    Args:
        session: of the build.
        info: of the step.
        instruction: expanded.
        stage: that it is in.
        state: before it.

    Attributes:
        inputs: what of them belongs in the cache's key: never a secret's value or what a cache holds.

    Raises:
        DockerfileError: a mount that makes no sense.
        NotSupported: ``type=ssh``.
        InvalidInput: a required secret is missing.
    """

    def __init__(
        self, session: BuildSession, info: StepInfo, instruction: Run, stage: PlannedStage, state: StageState
    ) -> None:
        self._session = session
        self._stage = stage
        self._isolation = choose(session.store.home)
        self._progress = progress(session, info)
        self._state = state
        file = instruction.program.file
        self._script = file.text if file is not None else ""
        self._script_name = file.name if file is not None else ""
        mounts = instruction.resolve_mounts(state.scope.expand)
        for mount in mounts:
            refuse_mount(mount)
        self._mounts = [place_mount(mount, state.settings.workdir) for mount in mounts]
        self._sources: dict[int, _Source] = {}
        self.inputs = tuple(self._inputs())

    # The cache's key

    def _inputs(self) -> Iterator[KeyInput]:
        for index, mount in enumerate(self._mounts):
            yield keys.of_mount(mount)
            if mount.type == "bind" or mount.from_:
                with about(mount.from_):
                    yield from self._source_inputs(index, mount)

    def _source_inputs(self, index: int, mount: RunMount) -> Iterator[KeyInput]:
        session, platform = self._session, self._stage.base.platform
        origin = session.plan.origin(mount.from_, self._stage) if mount.from_ else None
        if origin is not None and (origin.kind != "context" or session.contexts[origin.name].image):
            image = session.image(origin, platform, self._progress)
            self._sources[index] = _Source(image, mount.source)
            if mount.type == "bind" and mount.source.strip("/."):  # what the image has besides does not matter
                files = image_files(image, f"image {mount.from_}", session.store.home)
                yield from prepare(_copy_of(mount.source), files, home=session.store.home, stop=session.stopping).inputs
            else:
                yield KeyInput("mount", keys.chain(image), f"{mount.target} from {mount.from_}")
            return
        context = session.context if origin is None else session.contexts[origin.name]
        copy_op = prepare(
            _copy_of(mount.source),
            context.files,
            home=session.store.home,
            stop=session.stopping,
        )
        found = resolve(context.files, mount.source)
        path = posixpath.basename(mount.source) if found is not None and not found.is_dir else ""
        folder = context.folder(mount.source)
        if folder is not None and printable(str(folder)) != str(folder):
            folder = None  # the record of a container holds text alone
        self._sources[index] = _Source(copy_op, path, folder)
        yield from copy_op.inputs

    # Ready to run

    @contextlib.contextmanager
    def ready(self) -> Iterator[Ready]:
        """Prepare the mounts: contexts that must become layers, caches that must be locked."""
        with contextlib.ExitStack() as opened:
            mounts: list[Mount] = []
            env: list[str] = []
            secrets: dict[str, bytes] = {}
            held: set[Path] = set()
            if self._script:
                path = f"/dev/pipes/{self._script_name}"
                secrets[path] = self._script.encode()
                mounts.append(Mount(type="secret", target=path, mode=0o755))
            for index, mount in enumerate(self._mounts):
                if mount.type == "secret":
                    value = self._secret(mount)
                    if value is None:
                        continue
                    if mount.env:
                        env.append(f"{mount.env}={value.decode(errors='surrogateescape')}")
                    if mount.target:
                        secrets[mount.target] = value
                        mounts.append(_owned("secret", mount, "", _SECRET_MODE))
                elif mount.type == "cache":
                    source = opened.enter_context(self._cache(mount, self._sources.get(index), held))
                    mounts.append(_owned("cache", mount, source, _CACHE_MODE))
                elif mount.type == "tmpfs":
                    mounts.append(self._tmpfs(mount))
                else:
                    mounts.append(self._bind(mount, self._sources[index]))
            yield Ready(tuple(mounts), tuple(env), secrets)

    @property
    def _carries(self) -> bool:
        """Whether mounts are copies that are brought in and taken out, see `runtime.copied_mounts`."""
        return not self._isolation.driver.mounts

    def _tmpfs(self, mount: RunMount) -> Mount:
        data = f"size={mount.size}" if mount.size else ""
        return Mount(type="tmpfs", target=mount.target, data=data, read_only=mount.readonly, discard=self._carries)

    def _bind(self, mount: RunMount, source: _Source) -> Mount:
        discard = not mount.readonly or self._carries
        if source.folder is not None and (not discard or self._carries or source.folder.is_dir()):
            return Mount(
                type="bind",
                target=mount.target,
                source=str(source.folder),
                read_only=mount.readonly,
                discard=discard,
            )
        image = self._image(source)
        return Mount(
            type="image",
            target=mount.target,
            name=image.digest,
            subpath=source.path.strip("/"),
            read_only=mount.readonly,
            discard=discard,
        )

    def _image(self, source: _Source) -> Image:
        if isinstance(source.what, Image):
            return source.what
        session = self._session
        empty = scratch(session.store, self._stage.base.platform)
        layer = source.what.write(session.store, empty, session.keep, moment=0)
        image = commit_step(session.store, empty, begin(empty.config), text="bind", created=moment(0), layer=layer)
        session.keep([image.digest, image.id])
        return image

    def _secret(self, mount: RunMount) -> bytes | None:
        for secret in self._session.options.secrets:
            if secret.id == mount.id:
                return secret.value
        if mount.required:
            raise InvalidInput(
                f"secret {mount.id}: not found",
                hint=f"Give it: --secret id={mount.id},src=FILE or id={mount.id},env=NAME",
            )
        return None

    @contextlib.contextmanager
    def _cache(self, mount: RunMount, source: _Source | None, held: set[Path]) -> Iterator[str]:
        """The folder of a cache mount, for as long as its sharing says; `held` are those that this RUN has already."""
        space = cache_namespace(self._session.plan.arguments.given)
        owner = _begun_for(mount)
        name = json.dumps(
            [mount.id, source.key if source else "", *([space] if space else []), *([owner] if owner else [])]
        )
        base = self._session.store.home.builds / "mounts" / hashlib.sha256(name.encode()).hexdigest()[:32]
        if self._session.ignores_cache(self._stage) and (mount.mode, mount.uid, mount.gid) != (None, None, None):
            self._renew(base)
        for number in range(_MOST_PRIVATE):
            folder = base / (f"private-{number}" if mount.sharing == "private" else "shared")
            self._session.store.home.make(folder)
            (base / "name").write_text(mount.id)
            if folder in held and mount.sharing != "private":
                yield str(folder)
                return
            with (base / f"{folder.name}.lock").open("w") as file:
                if mount.sharing == "private":
                    if not try_lock(file.fileno()):
                        continue
                else:
                    # A copy can have one user only, or the other one's changes would be lost.
                    shared = mount.sharing == "shared" and not self._carries
                    lock(file.fileno(), shared=shared, stop=self._session.stopping)
                held.add(folder)
                if source is not None and not owner:
                    self._fill(folder, source)
                yield str(folder)
                return
        raise InvalidInput(f"the cache {mount.id} has too many users at once")

    def _renew(self, base: Path) -> None:
        """Forget a cache, once in a build; who has mounted it keeps what was there."""
        session = self._session
        with session.store.home.lock("cache-mounts", stop=session.stopping):
            if base not in session.renewed:
                session.renewed.add(base)
                session.store.home.discard(base)

    def _fill(self, folder: Path, source: _Source) -> None:
        """Let a fresh cache begin with what `source` holds, as a fresh volume begins with what its image has."""
        from dockmagic.runtime.cannot_start import CannotStart
        from dockmagic.runtime.container_spec import ContainerSpec
        from dockmagic.runtime.copied_mounts import copy_from_image
        from dockmagic.runtime.creation import create

        path = source.path.strip("/")
        if not path:
            raise NotSupported("a cache cannot begin with a whole image", hint="Name a folder of it: source=/folder")
        session = self._session
        with session.store.home.lock("cache-mounts", stop=session.stopping):
            if not _is_fresh(folder):
                return
            if self._carries:
                copy_from_image(session.store, self._isolation, self._image(source), path, folder)
                return
            volume = Mount(type="volume", target=f"/{path}", source=str(folder))
            # The mounts are made before the program is looked for; a folder is none.
            spec = ContainerSpec(
                command=("/",),
                entrypoint=(),
                network="none",
                mounts=(volume,),
                image_volumes=False,
                certificates=False,
                keep_log=False,
                lease=session.keep.name,
            )
            container = create(session.store, self._image(source), spec)
            try:
                with contextlib.suppress(CannotStart):
                    container.start(owner=os.getpid()).close()
            finally:
                container.remove(force=True)


class _Source(NamedTuple):
    """What a bind, or a fresh cache, takes its files from.

    Attributes:
        what: an image, or files of a context that become one where they must.
        path: of the folder or file in it.
        folder: where it can be mounted as it is; else None.
    """

    what: Image | CopyOp
    path: str
    folder: Path | None = None

    @property
    def key(self) -> str:
        """What tells it from others."""
        what = (
            keys.chain(self.what)
            if isinstance(self.what, Image)
            else str([key_input.value for key_input in self.what.inputs])
        )
        return f"{what} {self.path}"


def _begun_for(mount: RunMount) -> tuple[int, ...]:
    """Mode and owner of an empty folder that a cache begins with, which tell it from others of its ID, as in BuildKit.

    Nothing by default, or where it begins with a folder of its source.
    """
    if mount.source.strip("/") or (mount.mode, mount.uid, mount.gid) == (None, None, None):
        return ()
    return (_CACHE_MODE if mount.mode is None else mount.mode, mount.uid or 0, mount.gid or 0)


def _is_fresh(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except PermissionError:
        return False  # somebody else's in the container, who has used it


def _copy_of(source: str) -> Copy:
    """A COPY of what a mount shows: of a folder what is in it, of a file the file."""
    path = source.strip("/") or "."
    return Copy(lines=(0, 0), keyword="COPY", original="COPY", sources=(path,), dest="/")


def _owned(kind: str, mount: RunMount, source: str, mode: int) -> Mount:
    return Mount(
        type=kind,
        target=mount.target,
        source=source,
        read_only=mount.readonly and kind == "cache",
        mode=mode if mount.mode is None else mount.mode,
        uid=mount.uid or 0,
        gid=mount.gid or 0,
    )
