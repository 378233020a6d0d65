"""The documents of the image specification: descriptor, manifest, index and configuration.

The structs are typed views for reading, `documents` says how leniently. They leave out what they do not know, so the
bytes of a document are kept beside its struct wherever it is stored or sent on; a changed document is made from those
bytes (`config_members`, `image.mutate`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.moved import old_names

from . import media
from .digest import Digest
from .documents import DOCUMENT_LIMIT, decode, losses, members
from .errors import InvalidDocument, UnsupportedMediaType
from .platforms import Platform, is_platform_word

__all__ = [
    "DOCUMENT_LIMIT",
    "Config",
    "ConfigFile",
    "Descriptor",
    "HealthcheckConfig",
    "History",
    "Index",
    "Manifest",
    "RootFS",
    "chain_ids",
    "check_size",
    "config_losses",
    "config_members",
    "decode",
    "manifest_members",
    "parse_config",
    "parse_manifest",
    "to_json",
]


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What and where content is (descriptor.md).

    Attributes:
        media_type: of the content.
        digest: of the content's bytes.
        size: of the content, in bytes.
    """

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    platform: Platform | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """The image of one platform (manifest.md; Docker's "Image Manifest V2, Schema 2")."""

    schema_version: int = 0
    media_type: str | None = None
    artifact_type: str | None = None
    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class Index(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """The image index: one manifest per platform (image-index.md; Docker's "Manifest List")."""

    schema_version: int = 0
    media_type: str | None = None
    artifact_type: str | None = None
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class RootFS(msgspec.Struct, frozen=True):
    """The layers' DiffIDs, base first (config.md, `rootfs`)."""

    type: str = "layers"
    diff_ids: tuple[Digest, ...] = ()


class History(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of an image's making (config.md, `history`); `empty_layer` steps have no layer."""

    created: str | None = None
    created_by: str | None = None
    author: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class HealthcheckConfig(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Docker's health check; durations are nanoseconds."""

    test: tuple[str, ...] | None = None
    interval: int | None = None
    timeout: int | None = None
    start_period: int | None = None
    start_interval: int | None = None
    retries: int | None = None


class Config(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """How to run the image: the inner `config` of its configuration (config.md, `config`)."""

    user: str | None = None
    exposed_ports: dict[str, Any] | None = None
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: dict[str, Any] | None = None
    working_dir: str | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    args_escaped: bool | None = None
    healthcheck: HealthcheckConfig | None = None
    on_build: tuple[str, ...] | None = None
    shell: tuple[str, ...] | None = None


class ConfigFile(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    rename={"os_version": "os.version", "os_features": "os.features"},
):
    """The whole configuration document (config.md). Its digest is the image ID."""

    architecture: str = ""
    os: str = ""
    variant: str | None = None
    os_version: str | None = None
    os_features: tuple[str, ...] | None = None
    created: str | None = None
    author: str | None = None
    config: Config | None = None
    rootfs: RootFS = RootFS()
    history: tuple[History, ...] | None = None

    @property
    def platform(self) -> Platform:
        """What the image runs on."""
        return Platform(self.architecture, self.os, self.variant or "", self.os_version or "", self.os_features or ())


def to_json(value: object) -> bytes:
    """Canonical JSON of structs, mappings and sequences: compact, in field order.

    Bytes of names that are not UTF-8 become U+FFFD, as Go writes them.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except UnicodeEncodeError:
        return msgspec.json.encode(_in_utf8(msgspec.to_builtins(value, enc_hook=_plain)))


def _in_utf8(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_in_utf8(key): _in_utf8(item) for key, item in value.items()}
    return [_in_utf8(item) for item in value] if isinstance(value, (list, tuple)) else value


def _plain(value: object) -> str:
    if isinstance(value, Digest):
        return str(value)
    raise NotImplementedError  # msgspec's signal for a type that the hook does not know


class _Outline(msgspec.Struct, rename="camel"):
    schema_version: int = 0
    media_type: str | None = None
    config: Any = None
    layers: Any = None
    manifests: Any = None
    fs_layers: Any = None


def parse_manifest(raw: bytes, media_type: str = "") -> Manifest | Index:
    """Read a manifest or an index.

    Args:
        raw: the document's bytes.
        media_type: as the registry or descriptor gave it; may be empty.

    Raises:
        InvalidDocument: broken, both a manifest and an index at once, or not what `media_type` says.
        UnsupportedMediaType: Docker's schema 1, or no image at all.
    """
    what = f"manifest {Digest.of(raw).short}"
    outline = decode(raw, _Outline, what)
    if outline.fs_layers is not None or outline.schema_version == 1:
        raise UnsupportedMediaType(
            f"{what} is of Docker's schema 1, which was given up in 2017",
            hint="Ask the publisher to push the image again",
        )
    image_like = outline.config is not None or outline.layers is not None
    index_like = outline.manifests is not None
    if image_like and index_like:
        # CVE-2021-41190: one document, two meanings, depending on who reads it.
        raise InvalidDocument(f"{what} claims to be both an image manifest and an index")
    for claimed in (media_type, outline.media_type or ""):
        if (media.is_index(claimed) and image_like) or (media.is_manifest(claimed) and index_like):
            raise InvalidDocument(f"{what} is not the {claimed} that it claims to be")
    if media.is_index(media_type) or index_like:
        index = decode(raw, Index, f"index {Digest.of(raw).short}")
        _check_sizes(index.manifests, what)
        for descriptor in index.manifests:
            if descriptor.platform is not None:
                _check_platform(descriptor.platform, what)
        return index
    if not image_like:
        raise UnsupportedMediaType(f"{what} is neither an image manifest nor an index", hint="Check the name and tag")
    manifest = decode(raw, Manifest, what)
    _check_sizes((manifest.config, *manifest.layers), what)
    return manifest


def manifest_members(raw: bytes) -> dict[str, Any]:
    """All members of an image's manifest, those that `Manifest` knows under the specification's names.

    Raises:
        InvalidDocument: broken.
    """
    return members(raw, Manifest, f"manifest {Digest.of(raw).short}")


def check_size(desc: Descriptor) -> None:
    """Refuse a document that claims to be longer than any, before it is read.

    Raises:
        InvalidDocument: it does.
    """
    if desc.size > DOCUMENT_LIMIT:
        raise InvalidDocument(f"{desc.digest.short} has {desc.size} bytes, more than the {DOCUMENT_LIMIT} allowed")


def _check_sizes(descriptors: tuple[Descriptor, ...], what: str) -> None:
    # A size is an int64 (descriptor.md, `size`), and of something that is there.
    for descriptor in descriptors:
        if not 0 <= descriptor.size < 1 << 63:
            raise InvalidDocument(f"{what} gives {descriptor.digest.short} an impossible size")


def _check_platform(platform: Platform | ConfigFile, what: str) -> None:
    for name in ("architecture", "os", "variant"):
        value = getattr(platform, name)
        if value and not is_platform_word(value):
            raise InvalidDocument(f"{what} has the {name} {value[:40]!r}")


def parse_config(raw: bytes) -> ConfigFile:
    """Read an image's configuration.

    Raises:
        InvalidDocument: broken.
    """
    config = decode(raw, ConfigFile, _config_name(raw))
    _check_platform(config, _config_name(raw))
    return config


def config_members(raw: bytes) -> dict[str, Any]:
    """All members of an image's configuration, those that `ConfigFile` knows under the specification's names.

    Raises:
        InvalidDocument: broken.
    """
    return members(raw, ConfigFile, _config_name(raw))


def config_losses(raw: bytes) -> tuple[str, ...]:
    """What `parse_config` leaves out, one phrase for each member.

    Raises:
        InvalidDocument: broken.
    """
    return losses(raw, ConfigFile, _config_name(raw))


def _config_name(raw: bytes) -> str:
    return f"configuration {Digest.of(raw).short}"


def chain_ids(diff_ids: tuple[Digest, ...]) -> tuple[Digest, ...]:
    """The ChainID of each stack of layers, base first (config.md, "Layer ChainID")."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        joined = f"{chain[-1]} {diff_id}" if chain else ""
        chain.append(Digest.from_hex(hashlib.sha256(joined.encode()).hexdigest()) if chain else diff_id)
    return tuple(chain)


if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
