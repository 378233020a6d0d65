"""One repository: a source and sink of blobs, over the registry itself and its mirrors."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from dockmagic.oci import media
from dockmagic.oci.errors import (
    BlobNotFound,
    DigestMismatch,
    ImageNotFound,
    RegistryError,
)
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, Index, check_size, parse_manifest, to_json

from .auth.scopes import pull_scope, push_scope
from .blob_request import BlobRequest
from .client.client import RequestContext
from .client.error_response import ErrorTarget
from .mirrors import Mirrors
from .transfer.blob import BlobReader
from .transfer.manifests import ANY_ANSWER, fetch_manifest, head_manifest, put_manifest
from .transfer.paging import pages
from .transfer.referrers import fallback_tag, fetch_referrers, put_with_subject
from .transfer.upload import BlobUpload, mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dockmagic.oci.digest import Digest

    from .client.client import RegistryClient
    from .client.rate_limit import RateLimit
    from .mirrors import RegistryEndpoint

__all__ = ["Repository"]

_T = TypeVar("_T")

_TRANSIENT = frozenset({408, 429, 502, 503, 504})  # worth another try, before a blob is sent that may be there


class Repository:
    """A `BlobSource` and `BlobSink` over HTTP (distribution specification); usable from several threads.

    Reads ask the mirrors first and fall back to the registry; writes go to the registry alone.
    Get one from `Registries.repository`.

    Args:
        name: in full, such as ``docker.io/library/ubuntu``.
        domain: the registry's part of it.
        places: where it is, mirrors first, the registry itself last.
        on_notice: gets a line about mirrors that fail.
    """

    def __init__(
        self, name: str, domain: str, places: tuple[RegistryEndpoint, ...], on_notice: Callable[[str], None]
    ) -> None:
        self.full_name = name
        self._domain = domain
        self._mirrors = Mirrors(name, domain, places, on_notice)
        self._home = self._mirrors.home
        self._uploads: dict[Digest, str] = {}
        self._lock = threading.Lock()

    def resolve(self, ref: Reference) -> Descriptor:
        """What `ref` names now, by HEAD: costs no pull of Docker Hub's rate limit.

        Raises:
            ImageNotFound: no such repository, tag or digest.
            RegistryError: the registry refuses or fails.
        """
        return self._of_reference(ref, head_manifest)

    def fetch(self, ref: Reference) -> tuple[Descriptor, bytes]:
        """The manifest or index that `ref` names now and its verified bytes, in one round trip.

        Raises:
            ImageNotFound: no such repository, tag or digest.
            InvalidContent: wrong digest, more than 4 MiB, not a manifest.
            RegistryError: the registry refuses or fails.
        """
        return self._of_reference(ref, fetch_manifest)

    def read(self, desc: Descriptor) -> bytes:
        """The whole manifest, index or configuration, verified; at most 4 MiB.

        Raises:
            BlobNotFound: it is not there.
            InvalidContent: wrong digest or size.
            RegistryError: the registry refuses or fails.
        """
        check_size(desc)
        with self.open(desc) as stream:
            return stream.read()

    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> AbstractContextManager[BinaryIO]:
        """Read a blob or manifest from `offset` on; verified at the end if `offset` is 0.

        The stream has `read(size)`, which gives what has come, and `readinto`; a connection that breaks off is taken
        up again by Range inside.
        From an `offset`, the caller verifies: the length is checked here, the digest cannot be.

        Args:
            desc: what to read.
            offset: in bytes.
            verify: False for a caller that hashes the bytes itself anyway; the length is checked all the same.

        Raises:
            BlobNotFound: it is not there.
            RegistryError: the registry refuses or fails.
        """
        if media.is_index(desc.media_type) or media.is_manifest(desc.media_type):
            stream = io.BytesIO(self._manifest(desc))
            stream.seek(offset)
            return stream
        asking = BlobRequest(self._mirrors, desc)
        reader = BlobReader(asking.ask, desc, offset=offset, verify=verify, host=self._domain, again=asking.again)
        return cast("AbstractContextManager[BinaryIO]", reader)

    def tags(self) -> Iterator[str]:
        """Every tag, page by page, in the registry's order.

        Raises:
            ImageNotFound: no such repository.
            RegistryError: the registry refuses or fails.
        """
        place = self._home
        name = place.location.repository
        context = RequestContext(name, (pull_scope(name),), ErrorTarget(self._domain, self.full_name, "repository"))
        return pages(place.client, f"/v2/{name}/tags/list", context)

    def has(self, desc: Descriptor) -> bool:
        """Whether the registry itself (no mirror) is known to have the blob or manifest in this repository.

        A registry that does not answer HEAD may have it: what is to be put there is then put once more.

        Raises:
            RegistryError: the registry refuses or fails.
        """
        kind = "manifests" if media.is_index(desc.media_type) or media.is_manifest(desc.media_type) else "blobs"
        path = f"/v2/{self._home.location.repository}/{kind}/{desc.digest}"
        response = self._home.client.request(
            "HEAD",
            path,
            self._writing(desc.digest, "blob"),
            headers={"Accept": desc.media_type},
            good=ANY_ANSWER - _TRANSIENT,
        )
        self._home.client.drain(response)
        return response.status == 200

    def mount(self, desc: Descriptor, other: str) -> bool:
        """Have the registry take the blob from its repository `other` (a path, such as ``library/ubuntu``).

        Returns:
            Whether it did; False where it refuses: put the blob then.

        Raises:
            RegistryUnavailable: there is no answer.
        """
        home, name = self._home.client, self._home.location.repository
        context = self._writing(desc.digest, "blob", pull_scope(other))
        try:
            address = mount(home, name, context, desc, other)
        except RegistryError as error:
            if error.status not in (400, 401, 403):
                raise
            return False  # the token server gives nothing for the other repository
        if address:
            with self._lock:
                self._uploads[desc.digest] = address  # the refusal has opened an upload
        return address is None

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None] | None = None) -> None:
        """Upload a blob; ask `has` first, for this sends it in any case.

        Args:
            desc: of the blob.
            stream: its bytes; where it can seek, an upload that breaks off goes on from where the registry stands.
            on_sent: gets how many bytes have gone up so far; fewer than before if some must go again.

        Raises:
            DigestMismatch: the stream is not what `desc` says (the registry refused it).
            RegistryError: the registry refuses or fails.
        """
        with self._lock:
            address = self._uploads.pop(desc.digest, "")
        context = self._writing(desc.digest, "blob")
        BlobUpload(
            self._home.client, self._home.location.repository, context, desc, stream, on_sent=on_sent, address=address
        ).run()

    def name(self, ref: Reference, desc: Descriptor, raw: bytes) -> None:
        """Store the manifest or index `raw` under the tag of `ref`, or under its digest if `ref` has no tag.

        Raises:
            RegistryError: the registry refuses or fails; with the code ``MANIFEST_BLOB_UNKNOWN`` it misses something
                that the manifest refers to.
        """
        if desc.digest != desc.digest.of(raw):
            raise DigestMismatch(f"the manifest for {ref} is not {desc.digest}")
        path = f"/v2/{self._home.location.repository}/manifests/{ref.tag or desc.digest}"
        put_manifest(self._home.client, path, self._writing(str(ref), "image"), desc, raw)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """What refers to a manifest as its subject, such as signatures and bills of materials.

        Raises:
            RegistryError: the registry refuses or fails.
        """
        place = self._home
        context = self._mirrors.reading(place, f"{self.full_name}@{subject}", "image")
        found = fetch_referrers(place.client, place.location.repository, subject, context)
        return tuple(found) if found is not None else self._fallback(subject)

    def attach(self, ref: Reference, desc: Descriptor, raw: bytes, subject: Digest, note: Descriptor) -> None:
        """Store a manifest that has a subject, under the tag of `ref`, or under its digest if `ref` has no tag.

        Where the registry does not list referrers by itself, the index of the fallback tag gets the line `note`; who
        attaches something to the same subject at the same moment may undo that, as the specification says.

        Raises:
            RegistryError: the registry refuses or fails.
        """
        path = f"/v2/{self._home.location.repository}/manifests/{ref.tag or desc.digest}"
        if put_with_subject(self._home.client, path, self._writing(str(ref), "image"), desc, raw):
            return
        lines = [line for line in self._fallback(subject) if line.digest != note.digest]
        index = to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=(*lines, note)))
        listed = Descriptor(media_type=media.OCI_INDEX, digest=desc.digest.of(index), size=len(index))
        self.name(ref.with_tag(fallback_tag(subject)), listed, index)

    def _fallback(self, subject: Digest) -> tuple[Descriptor, ...]:
        ref = Reference.parse(self.full_name).with_tag(fallback_tag(subject))
        try:
            raw = self.fetch(ref)[1]
        except ImageNotFound:
            return ()
        index = parse_manifest(raw)
        return index.manifests if isinstance(index, Index) else ()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the registry said last of its rate limit; None if it says nothing."""
        return self._home.client.rate_limit

    def _writing(self, name: str, kind: str, *further: str) -> RequestContext:
        repository = self._home.location.repository
        return RequestContext(repository, (push_scope(repository), *further), ErrorTarget(self._domain, name, kind))

    def _of_reference(self, ref: Reference, ask: Callable[[RegistryClient, str, RequestContext, str], _T]) -> _T:
        wanted = ref.canonical()
        places = self._mirrors.by_digest() if wanted.digest else self._mirrors.by_tag()

        def one(place: RegistryEndpoint) -> _T:
            path = f"/v2/{place.location.repository}/manifests/{wanted.digest or wanted.tag}"
            return ask(place.client, path, self._mirrors.reading(place, str(wanted), "image"), wanted.digest)

        return self._mirrors.first(one, places)

    def _manifest(self, desc: Descriptor) -> bytes:
        def one(place: RegistryEndpoint) -> bytes:
            path = f"/v2/{place.location.repository}/manifests/{desc.digest}"
            context = self._mirrors.reading(place, f"{self.full_name}@{desc.digest}", "image")
            try:
                return fetch_manifest(place.client, path, context, desc.digest)[1]
            except ImageNotFound as error:
                raise BlobNotFound(error.message, hint="The image is incomplete there: push it again") from None

        return self._mirrors.first(one, self._mirrors.by_digest())
