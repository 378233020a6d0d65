"""What the embedded registry looks at in manifests: that they are valid, and what they refer to."""

from __future__ import annotations

from typing import Any

import msgspec

from .digests import hasher
from .faults import Fault

__all__ = ["ManifestPart", "StoredManifest", "read_manifest", "referrer_of"]


class ManifestPart(msgspec.Struct, rename="camel"):
    """What the registry looks at in a descriptor."""

    media_type: str
    digest: str


class StoredManifest(msgspec.Struct, rename="camel"):
    """What the registry looks at in a manifest: it also stores artifacts that no image specification knows."""

    schema_version: int
    media_type: str | None = None
    artifact_type: str | None = None
    config: ManifestPart | None = None
    layers: list[ManifestPart] | None = None
    manifests: list[ManifestPart] | None = None
    subject: ManifestPart | None = None
    annotations: dict[str, str] | None = None


def read_manifest(raw: bytes, media_type: str) -> StoredManifest:
    """Read and check a manifest or index that is to be stored.

    Raises:
        Fault: ``MANIFEST_INVALID`` or ``DIGEST_INVALID``.
    """
    try:
        document = msgspec.json.decode(raw, type=StoredManifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Fault("MANIFEST_INVALID", f"the manifest is not valid: {error}") from None
    if document.schema_version != 2:
        raise Fault("MANIFEST_INVALID", "the manifest has not schemaVersion 2")
    if (document.media_type or media_type) != media_type:
        raise Fault("MANIFEST_INVALID", f"the manifest says that it is {document.media_type!r}, not {media_type!r}")
    if document.manifests is not None and (document.layers is not None or document.config is not None):
        raise Fault("MANIFEST_INVALID", "the manifest claims to be an index too")
    single = [part for part in (document.config, document.subject) if part is not None]
    for part in (*(document.layers or ()), *(document.manifests or ()), *single):
        hasher(part.digest)
    return document


def referrer_of(document: StoredManifest, media_type: str, digest: str, size: int) -> dict[str, Any]:
    """The descriptor that a list of referrers has for a manifest."""
    descriptor: dict[str, Any] = {"mediaType": media_type, "digest": digest, "size": size}
    kind = document.artifact_type or (document.config.media_type if document.config is not None else "")
    if kind:
        descriptor["artifactType"] = kind
    if document.annotations:
        descriptor["annotations"] = document.annotations
    return descriptor
