"""Manifests and indexes at one registry: ask, fetch, store (distribution specification, "Pulling manifests")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import (
    DigestMismatch,
    InvalidDigest,
    InvalidDocument,
    RateLimited,
    RegistryError,
    RegistryUnavailable,
)
from dockmagic.oci.spec import DOCUMENT_LIMIT, Descriptor, Index, parse_manifest
from dockmagic.registry.client.error_response import captive_portal
from dockmagic.registry.transport.connection_errors import NoTls, Unreachable
from dockmagic.registry.transport.parsing import number

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from dockmagic.registry.client.client import RegistryClient, RequestContext

__all__ = ["ACCEPT", "ANY_ANSWER", "fetch_manifest", "head_manifest", "put_manifest"]

#: All kinds of manifest that there are, so that the registry converts nothing; schema 1 only to be told what it is.
ACCEPT = (
    f"{media.OCI_INDEX}, {media.OCI_MANIFEST}, {media.DOCKER_INDEX}, {media.DOCKER_MANIFEST}, "
    "application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1"
)
#: What may come to a HEAD and means nothing: proxies, gateways and stores of signed addresses refuse it where GET
#: works, and its answers have no words. Only a registry that asks to wait is to be waited for.
ANY_ANSWER = frozenset(range(100, 600)) - {429}


def head_manifest(client: RegistryClient, path: str, context: RequestContext, expect: str = "") -> Descriptor:
    """The descriptor of the manifest at `path`, from headers alone where the registry sends them.

    Args:
        client: of the registry.
        path: ``/v2/NAME/manifests/REFERENCE``.
        context: what for.
        expect: the digest that was asked for, if one was.

    Raises:
        ImageNotFound: it is not there.
        DigestMismatch: another digest than was asked for.
        RegistryError: the registry refuses or fails.
    """
    found = _head(client, path, context)
    if found is None:  # the document itself tells, or the refusal of GET does
        return fetch_manifest(client, path, context, expect)[0]
    if expect and found.digest != expect:
        raise DigestMismatch(f"{context.target.domain} answers for {expect} with {found.digest}")
    return found


def _head(client: RegistryClient, path: str, context: RequestContext) -> Descriptor | None:
    """What HEAD tells, None where that is not everything."""
    try:
        response = client.request("HEAD", path, context, headers={"Accept": ACCEPT}, good=ANY_ANSWER)
    except (Unreachable, NoTls, RateLimited):
        raise
    except RegistryError:
        return None  # led astray, or cut off: a GET may be led elsewhere
    client.drain(response)
    media_type, length = _media_type(response), number(response.headers.get("Content-Length", ""))
    digest = _digest(response)
    known = media.is_index(media_type) or media.is_manifest(media_type)
    if response.status != 200 or digest is None or not known or length is None:
        return None
    return Descriptor(media_type=media_type, digest=digest, size=length)


def fetch_manifest(
    client: RegistryClient, path: str, context: RequestContext, expect: str = ""
) -> tuple[Descriptor, bytes]:
    """The manifest or index at `path`, verified, with its descriptor; arguments as for `head_manifest`.

    Raises:
        ImageNotFound: it is not there.
        InvalidContent: not what the registry or `expect` says, or more than 4 MiB.
        RegistryError: the registry refuses or fails.
    """
    attempt = 1
    while True:
        response = client.request("GET", path, context, headers={"Accept": ACCEPT})
        try:
            raw = _read(client, response, context)
        except RegistryUnavailable as error:
            attempt += 1
            client.again(attempt, error)
            continue
        break
    media_type = _media_type(response)
    if media_type == "text/html":
        raise captive_portal(context.target.domain, f"the manifest of {context.target.name}")
    actual = Digest.of(raw)
    document = parse_manifest(raw, media_type)
    for claimed in (expect, _digest(response)):
        if claimed and claimed != actual:
            raise DigestMismatch(f"{context.target.domain} answers for {claimed} with a document of digest {actual}")
    if not media.is_index(media_type) and not media.is_manifest(media_type):
        fallback = media.OCI_INDEX if isinstance(document, Index) else media.OCI_MANIFEST
        media_type = document.media_type or fallback
    return Descriptor(media_type=media_type, digest=actual, size=len(raw)), raw


def put_manifest(client: RegistryClient, path: str, context: RequestContext, desc: Descriptor, raw: bytes) -> None:
    """Store `raw` at `path`.

    Raises:
        DigestMismatch: the registry has stored something else.
        RegistryError: it refuses or fails.
    """
    response = client.request(
        "PUT", path, context, headers={"Content-Type": desc.media_type}, body=raw, good=(200, 201, 202)
    )
    client.drain(response)
    stored = _digest(response)
    if stored is not None and stored != desc.digest:
        raise DigestMismatch(f"{context.target.domain} stored {context.target.name} as {stored}, not as {desc.digest}")


def _read(client: RegistryClient, response: BaseHTTPResponse, context: RequestContext) -> bytes:
    length = number(response.headers.get("Content-Length", ""))
    too_long = length is not None and length > DOCUMENT_LIMIT
    raw = b"" if too_long else client.drain(response, DOCUMENT_LIMIT + 1)
    if too_long or len(raw) > DOCUMENT_LIMIT:
        response.close()
        raise InvalidDocument(f"the manifest of {context.target.name} has more than the {DOCUMENT_LIMIT} bytes allowed")
    return raw


def _media_type(response: BaseHTTPResponse) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _digest(response: BaseHTTPResponse) -> Digest | None:
    text = response.headers.get("Docker-Content-Digest", "").strip()
    if not text:
        return None
    try:
        return Digest(text)
    except InvalidDigest:
        return None
