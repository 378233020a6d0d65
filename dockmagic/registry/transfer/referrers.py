"""What refers to a manifest as its subject (distribution specification, "Listing Referrers" and its fallback tags)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci import media
from dockmagic.oci.errors import InvalidDocument, RegistryError
from dockmagic.oci.spec import DOCUMENT_LIMIT, Index, parse_manifest
from dockmagic.registry.transport.url import join, parse

from .link import next_link

if TYPE_CHECKING:
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor
    from dockmagic.registry.client.client import RegistryClient, RequestContext

__all__ = ["fallback_tag", "fetch_referrers", "put_with_subject"]

_MOST_PAGES = 1000
_UNSUPPORTED = (400, 404, 405)


def fallback_tag(subject: Digest) -> str:
    """The tag of the index of referrers at registries that have no list of them ("Referrers Tag Schema")."""
    return f"sha256-{subject.hex}"


def fetch_referrers(
    client: RegistryClient, repository: str, subject: Digest, context: RequestContext
) -> list[Descriptor] | None:
    """Every referrer; None where the registry has no list of them.

    Raises:
        InvalidDocument: not a list.
        RegistryError: the registry refuses or fails, or the list has no end.
    """
    target = f"/v2/{repository}/referrers/{subject}"
    found: dict[Digest, Descriptor] = {}
    for page in range(_MOST_PAGES):
        response = client.request("GET", target, context, good=(200, *(() if page else _UNSUPPORTED)))
        raw = client.drain(response, DOCUMENT_LIMIT + 1)
        if response.status != 200:
            return None
        if len(raw) > DOCUMENT_LIMIT:
            raise InvalidDocument(f"{context.target.domain} sends more than {DOCUMENT_LIMIT} bytes of referrers")
        index = parse_manifest(raw, media.OCI_INDEX)
        found |= {desc.digest: desc for desc in (index.manifests if isinstance(index, Index) else ())}
        try:
            link = next_link(response.headers.get("Link", ""))
        except ValueError:
            link = None
        if link is None:
            return list(found.values())
        target = parse(join(client.url(target), link)).request_uri
    raise RegistryError(f"{context.target.domain} sends pages of referrers without end")


def put_with_subject(client: RegistryClient, path: str, context: RequestContext, desc: Descriptor, raw: bytes) -> bool:
    """Store a manifest with a subject at `path`; whether the registry has noted the subject by itself.

    Raises:
        RegistryError: it refuses or fails.
    """
    headers = {"Content-Type": desc.media_type}
    response = client.request("PUT", path, context, headers=headers, body=raw, good=(200, 201, 202))
    client.drain(response)
    return "OCI-Subject" in response.headers
