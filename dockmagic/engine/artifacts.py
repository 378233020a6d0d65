"""Artifacts in registries and image layouts: files under a name, or attached to an image."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.image.artifacts.reading import Artifact
from dockmagic.image.artifacts.writing import NewFile, artifact_manifest, folder_archive
from dockmagic.image.transports.table import TRANSPORTS, parse_location
from dockmagic.image.transports.transport import ImageTarget
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DockmagicError, InvalidInput, NotFound, NotSupported
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor
from dockmagic.oci.times import parse_time
from dockmagic.rows import ReferrerRow, Rows

from .epoch import source_date_epoch
from .options import convert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.transports.transport import BlobTarget
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.registry.repository import Repository

    from .context import EngineContext

    #: Paths of this machine, or names with bytes, texts, paths or data frames.
    Contents = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Mapping[str, Any]

__all__ = ["Artifacts"]

_CREATED = "org.opencontainers.image.created"
_UNKNOWN = "application/vnd.unknown.artifact.v1"  # oras' word for an artifact that nobody gave a type
#: What cosign has put beside images under tags, before registries listed referrers.
_COSIGN = {"sig": "signature (cosign)", "att": "attestation (cosign)", "sbom": "SBOM (cosign)"}


class Artifacts:
    """The artifacts that an engine reaches; get it as ``Engine().artifacts``."""

    def __init__(self, engine: EngineContext) -> None:
        self._engine = engine

    def push(
        self,
        name: str,
        files: Contents = (),
        *,
        artifact_type: str = "",
        media_types: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Artifact:
        """Put files under a name (``artifact push``).

        Args:
            name: of the artifact in a registry; or ``oci:FOLDER:NAME``, ``oci-archive:FILE:NAME``.
            files: files and folders, or a mapping of names to bytes, texts, paths or data frames, which become Parquet.
            artifact_type: such as ``application/vnd.example.model``.
            media_types: of files by their names; else their endings tell.
            annotations: of the artifact.
            on_progress: gets the progress of each blob.

        Raises:
            InvalidInput: a file cannot be read.
            NotSupported: the place takes images alone, or pyarrow is missing.
            RegistryError: the registry refuses or fails.
        """
        transport, place = parse_location(convert.text("name", name))
        if not transport.word:
            transport = TRANSPORTS["docker"]
        with ExitStack() as stack:
            target = stack.enter_context(transport.target(self._engine, place))
            if isinstance(target, ImageTarget):
                raise NotSupported(f"{transport.word}: takes images alone", hint="Name a registry, or oci:FOLDER:NAME")
            new = self._files(files, media_types or {}, stack)
            raw, empty = artifact_manifest(
                new, artifact_type=artifact_type or _UNKNOWN, annotations=_dated(annotations)
            )
            _send(target, (*new, empty), on_progress)
            desc = _descriptor(raw)
            target.finish(desc, raw)
        return self.pull(name)

    def attach(
        self,
        image: str,
        files: Contents = (),
        *,
        artifact_type: str = "",
        media_types: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        platform: Platform | str | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Artifact:
        """Put files beside an image of a registry, as what is about it (``artifact attach``).

        Args:
            image: its name there.
            files: as for `push`.
            artifact_type: such as ``application/vnd.cyclonedx+json``.
            media_types: as for `push`.
            annotations: of the artifact.
            platform: attach to the image of a platform, and not to the index that the name stands for.
            on_progress: gets the progress of each blob.

        Raises:
            ImageNotFound: there is no such image in the registry.
            InvalidInput: a file cannot be read.
            RegistryError: the registry refuses or fails.
        """
        ref, repository, subject = self._subject(image, platform)
        kind = artifact_type or _UNKNOWN
        notes = _dated(annotations)
        with ExitStack() as stack:
            new = self._files(files, media_types or {}, stack)
            raw, empty = artifact_manifest(new, artifact_type=kind, subject=subject, annotations=notes)
            with TRANSPORTS["docker"].target(self._engine, str(ref)) as target:
                _send(target, (*new, empty), on_progress)  # type: ignore[arg-type]  # a registry takes blobs
            desc = _descriptor(raw)
            note = msgspec.structs.replace(desc, artifact_type=kind, annotations=notes)
            repository.attach(ref.with_digest(desc.digest), desc, raw, subject.digest, note)
        return Artifact(repository, desc)

    def pull(self, name: str) -> Artifact:
        """An artifact by its name; its files are read when they are asked for (``artifact pull``).

        Args:
            name: in a registry, with a tag or a digest; or ``oci:FOLDER:NAME``, ``oci-archive:FILE:NAME``.

        Raises:
            ImageNotFound: there is none.
            RegistryError: the registry refuses or fails.
        """
        transport, place = parse_location(convert.text("name", name))
        if not transport.word:
            transport = TRANSPORTS["docker"]
        with ExitStack() as stack:
            opened = stack.enter_context(transport.source(self._engine, place))
            artifact = Artifact(opened.source, opened.descriptor)
            # Sources that are files stay open as long as the artifact.
            artifact.keep_open(stack.pop_all())
        return artifact

    def list(self, image: str, *, platform: Platform | str | None = None, artifact_type: str = "") -> Rows[ReferrerRow]:
        """What is attached to an image of a registry (``artifact ls``): referrers, and what cosign put under tags.

        Args:
            image: its name there.
            platform: of the image of a platform, and not of the index that the name stands for.
            artifact_type: only those of this type.

        Raises:
            ImageNotFound: there is no such image in the registry.
            RegistryError: the registry refuses or fails.
        """
        ref, repository, subject = self._subject(image, platform)
        rows = sorted((_row(repository, desc) for desc in repository.referrers(subject.digest)), key=_oldest_first)
        for suffix, kind in _COSIGN.items():
            try:
                desc = repository.resolve(ref.with_tag(f"sha256-{subject.digest.hex}.{suffix}"))
            except NotFound:
                continue
            rows.append(msgspec.structs.replace(_row(repository, desc), artifact_type=kind))
        return Rows(ReferrerRow, tuple(row for row in rows if artifact_type in ("", row.artifact_type)))

    # How it is done

    def _subject(self, image: str, platform: Platform | str | None) -> tuple[Reference, Repository, Descriptor]:
        text = convert.text("image", image).removeprefix("docker://")
        ref = Reference.parse(text).or_latest()
        repository = self._engine.registries.repository(ref)
        desc = repository.resolve(ref)
        if platform is not None:
            from dockmagic.image.transfer.choose import choose_from

            wanted = convert.platform("platform", platform)
            desc = choose_from(repository, desc, ref, platform=wanted).descriptor
        return ref, repository, Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size)

    def _files(self, files: Contents, media_types: Mapping[str, str], stack: ExitStack) -> tuple[NewFile, ...]:
        if isinstance(files, Mapping):
            given = list(convert.mapping("files", files))
        else:
            paths = [Path(convert.path("files", one)) for one in convert.items("files", files)]
            given = [
                (path.name if path.is_absolute() or ".." in path.parts else path.as_posix(), path) for path in paths
            ]
        names = [name for name, _ in given]
        if len(set(names)) < len(names):
            raise InvalidInput("two files have the same name", hint="Give them names: {'name': path, …}")
        return tuple(_new_file(name, content, media_types.get(name, ""), stack) for name, content in given)


def _title(path: Path) -> str:
    """A path as a name in the artifact, which has to stay in the reader's folder."""
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def _new_file(name: str, content: Any, media_type: str, stack: ExitStack) -> NewFile:
    if isinstance(content, (str, bytes)):
        return NewFile.of(name, content.encode() if isinstance(content, str) else content, media_type)
    if isinstance(content, os.PathLike):
        path = Path(content).expanduser()
        if path.is_dir():
            return stack.enter_context(folder_archive(path, name.rstrip("/"), media_type))
        return NewFile.of(name, path, media_type)
    if hasattr(content, "to_parquet"):
        out = io.BytesIO()
        try:
            content.to_parquet(out)
        except ImportError:
            raise NotSupported("pandas needs pyarrow for Parquet", hint="pip install dockmagic[parquet]") from None
        return NewFile.of(name, out.getvalue(), media_type or "application/vnd.apache.parquet")
    raise convert.unfit(f"files[{name!r}]", content, "bytes, a str, a path or a data frame")


def _send(target: BlobTarget, files: Iterable[NewFile], on_progress: Progress) -> None:
    for file in files:
        desc = file.descriptor
        if target.has(desc):
            on_progress(desc, "Layer already exists", desc.size, desc.size)
            continue

        def sent(count: int, desc: Descriptor = desc) -> None:
            on_progress(desc, "Pushing", count, desc.size)

        with file.open() as stream:
            target.put(desc, stream, on_sent=sent)
        on_progress(desc, "Pushed", desc.size, desc.size)


def _descriptor(raw: bytes) -> Descriptor:
    return Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(raw), size=len(raw))


def _dated(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """The annotations, with the time of making if there is none, as oras has it."""
    epoch = source_date_epoch({})
    moment = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
    return {_CREATED: moment.strftime("%Y-%m-%dT%H:%M:%SZ"), **(annotations or {})}


def _oldest_first(row: ReferrerRow) -> tuple[float, str, str]:
    return row.created_at.timestamp() if row.created_at else 0.0, row.artifact_type, row.digest


def _row(repository: Repository, desc: Descriptor) -> ReferrerRow:
    try:
        artifact = Artifact(repository, Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size))
    except DockmagicError:  # an index, or what is gone meanwhile: what the list says of it is all
        notes = desc.annotations or {}
        return ReferrerRow(
            artifact_type=desc.artifact_type or desc.media_type,
            digest=desc.digest,
            size=desc.size,
            created_at=parse_time(notes.get(_CREATED)),
            files=(),
        )
    return ReferrerRow(
        artifact_type=desc.artifact_type or artifact.type,
        digest=desc.digest,
        size=sum(one.size for one in artifact.files),
        created_at=parse_time(artifact.annotations.get(_CREATED)),
        files=tuple(one.title for one in artifact.files if one.title),
    )
