"""Where the embedded registry keeps what is pushed to it: plain files in one folder.

``blobs/ALGORITHM/HEX`` holds every content once. ``repositories/NAME`` (its slashes written ``+``) says with small
files what belongs to a repository: ``blobs/ALGORITHM/HEX`` (empty), ``manifests/ALGORITHM/HEX`` (the media type),
``tags/TAG`` (the digest) and ``referrers/ALGORITHM/HEX/…`` (a descriptor). Several servers may share a folder: each
file appears whole, by renaming.
"""

from __future__ import annotations

import json
import os
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any, BinaryIO

from dockmagic.oci.spec import to_json

from .digests import hasher
from .faults import Fault
from .stored_manifest import read_manifest, referrer_of

if TYPE_CHECKING:
    from pathlib import Path

    from .stored_manifest import StoredManifest

__all__ = ["Storage"]

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


class Storage:
    """Blobs, manifests and tags of many repositories; usable from several threads.

    Args:
        root: the folder; made when something is written.
        durable: whether what is acknowledged survives a power cut.
    """

    def __init__(self, root: Path, *, durable: bool = False) -> None:
        self._root = root
        self._durable = durable
        self._lock = threading.Lock()

    # --- paths

    def _content(self, digest: str) -> Path:
        hasher(digest)
        return self._root.joinpath("blobs", *digest.split(":"))

    def _repository(self, name: str) -> Path:
        return self._root / "repositories" / name.replace("/", "+")

    def _link(self, name: str, kind: str, digest: str) -> Path:
        hasher(digest)
        return self._repository(name).joinpath(kind, *digest.split(":"))

    def _tag(self, name: str, tag: str) -> Path:
        if _TAG.fullmatch(tag) is None:
            raise Fault("MANIFEST_INVALID", f"{tag[:150]!r} is not a tag")
        return self._repository(name) / "tags" / tag

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self.scratch()
        temporary.write_bytes(data)
        self._rename(temporary, path)

    def _rename(self, temporary: Path, path: Path) -> None:
        if self._durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)

    def scratch(self) -> Path:
        """A fresh file name on the same file system, for something that is not whole yet."""
        folder = self._root / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid.uuid4().hex

    # --- blobs

    def has_blob(self, name: str, digest: str) -> bool:
        """Whether the repository `name` has this blob."""
        return self._link(name, "blobs", digest).exists() and self._content(digest).exists()

    def open_blob(self, name: str, digest: str) -> BinaryIO:
        """The blob's content.

        Raises:
            Fault: ``BLOB_UNKNOWN``.
        """
        if self._link(name, "blobs", digest).exists():
            try:
                return self._content(digest).open("rb")
            except FileNotFoundError:
                pass
        raise Fault("BLOB_UNKNOWN", f"{name} has no blob {digest}")

    def put_blob(self, name: str, digest: str, whole: Path) -> None:
        """Take the file `whole`, whose digest was checked, as a blob of `name`."""
        with self._lock:
            self._rename(whole, self._content(digest))
            self._write(self._link(name, "blobs", digest), b"")

    def mount(self, name: str, digest: str, source: str) -> bool:
        """Let `name` have a blob of `source`, or of any repository if that is empty; whether there is one."""
        with self._lock:
            there = self.has_blob(source, digest) if source else self._content(digest).exists()
            if there:
                self._write(self._link(name, "blobs", digest), b"")
            return there

    def delete_blob(self, name: str, digest: str) -> None:
        """Take the blob from `name`; its content goes when no repository has it any more.

        Raises:
            Fault: ``BLOB_UNKNOWN``.
        """
        with self._lock:
            try:
                self._link(name, "blobs", digest).unlink()
            except FileNotFoundError:
                raise Fault("BLOB_UNKNOWN", f"{name} has no blob {digest}") from None
            self._drop_content(digest)

    def _drop_content(self, digest: str) -> None:
        links = (self._link(name, kind, digest) for name in self.repositories() for kind in ("blobs", "manifests"))
        if not any(link.exists() for link in links):
            self._content(digest).unlink(missing_ok=True)

    # --- manifests and tags

    def resolve(self, name: str, reference: str) -> str:
        """The digest of the manifest that a tag or digest names.

        Raises:
            Fault: ``MANIFEST_UNKNOWN``, or ``NAME_UNKNOWN`` where the whole repository is.
        """
        if ":" in reference:
            digest = reference
        else:
            try:
                digest = self._tag(name, reference).read_text()
            except FileNotFoundError:
                digest = ""
        if digest and self._link(name, "manifests", digest).exists():
            return digest
        if not self._repository(name).exists():
            raise Fault("NAME_UNKNOWN", f"there is no repository {name}")
        raise Fault("MANIFEST_UNKNOWN", f"{name} has no manifest {reference}")

    def manifest(self, name: str, digest: str) -> tuple[str, bytes]:
        """Media type and bytes of a manifest that `resolve` found.

        Raises:
            Fault: ``MANIFEST_UNKNOWN``: it was deleted meanwhile.
        """
        try:
            return self._link(name, "manifests", digest).read_text(), self._content(digest).read_bytes()
        except FileNotFoundError:
            raise Fault("MANIFEST_UNKNOWN", f"{name} has no manifest {digest}") from None

    def put_manifest(self, name: str, digest: str, media_type: str, raw: bytes, tags: tuple[str, ...]) -> str:
        """Store a manifest or index under its digest and `tags`, if all it refers to is there.

        Returns:
            The digest of its subject; empty if it has none.

        Raises:
            Fault: ``MANIFEST_INVALID`` or ``MANIFEST_BLOB_UNKNOWN``.
        """
        document = read_manifest(raw, media_type)
        places = [self._tag(name, tag) for tag in tags]
        with self._lock:
            self._require_parts(name, document)
            self._write(self._content(digest), raw)
            self._write(self._link(name, "manifests", digest), media_type.encode())
            for place in places:
                self._write(place, digest.encode())
            subject = document.subject.digest if document.subject is not None else ""
            if subject:
                descriptor = referrer_of(document, media_type, digest, len(raw))
                self._write(self._referrer_link(name, subject, digest), to_json(descriptor))
        return subject

    def _require_parts(self, name: str, document: StoredManifest) -> None:
        for part in (*([document.config] if document.config is not None else ()), *(document.layers or ())):
            # Layers that may not be distributed are fetched from elsewhere (image specification, layer.md).
            if "nondistributable" in part.media_type or ".foreign." in part.media_type:
                continue
            if not self.has_blob(name, part.digest):
                raise Fault("MANIFEST_BLOB_UNKNOWN", f"{name} has no blob {part.digest}")
        for part in document.manifests or ():
            if not self._link(name, "manifests", part.digest).exists():
                raise Fault("MANIFEST_BLOB_UNKNOWN", f"{name} has no manifest {part.digest}")

    def delete_manifest(self, name: str, reference: str) -> None:
        """Delete a tag, or a manifest with its tags.

        Raises:
            Fault: ``MANIFEST_UNKNOWN`` or ``NAME_UNKNOWN``.
        """
        digest = self.resolve(name, reference)
        with self._lock:
            if ":" not in reference:
                self._tag(name, reference).unlink(missing_ok=True)
                return
            media_type, raw = self.manifest(name, digest)
            subject = read_manifest(raw, media_type).subject
            for place in (self._tag(name, tag) for tag in self.tags(name)):
                if place.read_text() == digest:
                    place.unlink()
            if subject is not None:
                self._referrer_link(name, subject.digest, digest).unlink(missing_ok=True)
            self._link(name, "manifests", digest).unlink(missing_ok=True)
            self._drop_content(digest)

    def tags(self, name: str) -> list[str]:
        """The repository's tags, sorted.

        Raises:
            Fault: ``NAME_UNKNOWN``.
        """
        if not self._repository(name).exists():
            raise Fault("NAME_UNKNOWN", f"there is no repository {name}")
        return _names(self._repository(name) / "tags")

    def repositories(self) -> list[str]:
        """All repositories, sorted."""
        return sorted(name.replace("+", "/") for name in _names(self._root / "repositories"))

    # --- referrers

    def _referrer_link(self, name: str, subject: str, digest: str) -> Path:
        return self._link(name, "referrers", subject) / digest.replace(":", "-")

    def referrers(self, name: str, subject: str) -> list[dict[str, Any]]:
        """Descriptors of the manifests of `name` whose subject this is."""
        folder = self._link(name, "referrers", subject)
        return [json.loads((folder / file).read_bytes()) for file in _names(folder)]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
