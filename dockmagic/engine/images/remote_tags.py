"""The tags of a remote repository, grouped by what they name."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from dockmagic.image.transfer.choose import choose
from dockmagic.oci.errors import NotFound, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Index, parse_manifest
from dockmagic.rows import TagRow

if TYPE_CHECKING:
    from dockmagic.engine.context import EngineContext
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

__all__ = ["cached_tags", "remote_tags", "tag_names"]

# Small requests, which wait for the network and not for this machine's processors.
_AT_ONCE = 8


def tag_names(engine: EngineContext, ref: Reference) -> tuple[str, ...]:
    """Every remote tag of a repository, sorted as people count (``t2`` before ``t10``); kept for `cached_tags`.

    Raises:
        ImageNotFound: no such repository.
        RegistryError: the registry refuses or fails.
    """
    names = tuple(sorted(engine.registries.repository(ref).tags(), key=_natural))
    engine.home.write(engine.home.cache("tags") / _file_name(ref), json.dumps(names).encode())
    return names


def cached_tags(engine: EngineContext, ref: Reference) -> tuple[str, ...]:
    """The tags that were seen last, without asking anybody; empty if they never were."""
    return engine.home.recall(engine.home.cache("tags") / _file_name(ref), tuple[str, ...]) or ()


def _natural(tag: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers, and stand before words."""
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in re.findall(r"\d+|\D+", tag)]


def _file_name(ref: Reference) -> str:
    return ref.name.replace("/", "+") + ".json"


def remote_tags(engine: EngineContext, ref: Reference) -> tuple[TagRow, ...]:
    """Every manifest that a repository's tags name, newest first; nothing is pulled.

    Raises:
        ImageNotFound: no such repository.
        RegistryError: the registry refuses or fails.
    """
    names = tag_names(engine, ref)
    source = engine.registries.repository(ref)

    def resolve(tag: str) -> tuple[str, Descriptor | None]:
        try:
            return tag, source.resolve(ref.with_tag(tag))
        except NotFound:  # deleted since the list was made
            return tag, None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        aliases: dict[str, list[str]] = {}
        found: dict[str, Descriptor] = {}
        for tag, desc in pool.map(resolve, names):
            if desc is not None:
                aliases.setdefault(desc.digest, []).append(tag)
                found.setdefault(desc.digest, desc)
        rows = list(pool.map(lambda desc: _row(source, ref, desc, tuple(aliases[desc.digest])), found.values()))
    rows.sort(key=lambda row: row.created_at.timestamp() if row.created_at else 0.0, reverse=True)
    return tuple(rows)


def _row(source: ImageSource, ref: Reference, desc: Descriptor, tags: tuple[str, ...]) -> TagRow:
    here = ref.with_digest(desc.digest)
    try:
        document = parse_manifest(source.read(desc), desc.media_type)
        platforms: tuple[str, ...] = ()
        wanted = None
        if isinstance(document, Index):
            listed = [one.platform for one in document.manifests if one.platform is not None]
            # Attestations stand in an index as manifests for the platform unknown/unknown.
            real = [platform.normalized() for platform in listed if platform.os not in ("", "unknown")]
            platforms = tuple(dict.fromkeys(str(platform) for platform in real))
            if real and not any(choice in real for choice in Platform.default().choices()):
                wanted = real[0]
        image = choose(source, here, platform=wanted)
        platforms = platforms or (str(image.platform),)
        return TagRow(
            tags=tags,
            digest=desc.digest,
            platforms=platforms,
            size=image.compressed_size,
            created_at=image.created,
        )
    except (NotFound, UnsupportedMediaType):  # no image, such as a signature or a chart
        return TagRow(tags=tags, digest=desc.digest, platforms=(), size=None, created_at=None)
