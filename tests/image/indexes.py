"""Indexes in a registry, and everything that a place leads to."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from small_images import image_maker

from dockmagic.image.transports.table import parse_location
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, Index, to_json

if TYPE_CHECKING:
    from dockmagic import Engine


def push_index(engine: Engine, name: str) -> Digest:
    """Put an index of two platforms and an attestation into a registry; its digest."""
    ref = Reference.parse(name)
    repository = engine.registries.repository(ref)
    make = image_maker(engine.store)
    lines = []
    for platform in ("linux/amd64", "linux/arm64"):
        one = make({platform.replace("/", "-"): platform.encode()}, {"same": b"s" * 500}, platform=platform)
        pushed = engine.images.push_image(one, ref.with_tag(platform.rpartition("/")[2]))
        lines.append(
            Descriptor(
                media_type=one.descriptor.media_type,
                digest=pushed.digest,
                size=one.descriptor.size,
                platform=Platform.parse(platform),
            )
        )
    lines.append(attestation(engine, ref, lines[0]))
    raw = to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=tuple(lines)))
    desc = Descriptor(media_type=media.OCI_INDEX, digest=Digest.of(raw), size=len(raw))
    repository.name(ref, desc, raw)
    return desc.digest


def attestation(engine: Engine, ref: Reference, of: Descriptor) -> Descriptor:
    """What BuildKit puts into an index beside an image."""
    repository = engine.registries.repository(ref)
    blobs = []
    for kind, data in ((media.OCI_CONFIG, b"{}"), ("application/vnd.in-toto+json", b'{"predicate":{}}')):
        desc = Descriptor(media_type=kind, digest=Digest.of(data), size=len(data))
        repository.put(desc, io.BytesIO(data))
        blobs.append(desc)
    raw = to_json({"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": blobs[0], "layers": blobs[1:]})
    desc = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(raw), size=len(raw))
    repository.name(ref.with_digest(desc.digest), desc, raw)
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": str(of.digest)}
    return Descriptor(
        media_type=desc.media_type,
        digest=desc.digest,
        size=desc.size,
        platform=Platform("unknown", "unknown"),
        annotations=notes,
    )


def raw_at(engine: Engine, place: str) -> bytes:
    """The manifest or index at a place."""
    transport, where = parse_location(place)
    with transport.source(engine, where) as opened:
        return opened.source.read(opened.descriptor)


def all_at(engine: Engine, place: str) -> dict[str, int]:
    """Every blob and manifest that can be reached from a place, read and verified: digest → bytes."""
    transport, where = parse_location(place)
    found: dict[str, int] = {}
    with transport.source(engine, where) as opened:
        todo = [opened.descriptor]
        while todo:
            desc = todo.pop()
            with opened.source.open(desc) as stream:
                data = stream.read()
                while piece := stream.read():
                    data += piece
            found[desc.digest] = len(data)
            if media.is_index(desc.media_type) or media.is_manifest(desc.media_type):
                document = json.loads(data)
                for key in ("manifests", "layers"):
                    todo += [
                        Descriptor(media_type=one["mediaType"], digest=Digest(one["digest"]), size=one["size"])
                        for one in document.get(key, ())
                    ]
    return found
