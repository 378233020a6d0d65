"""The requests for one blob, which may go on at another place than the one that they began at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from dockmagic.oci.errors import (
        RegistryError,
    )
    from dockmagic.oci.spec import Descriptor

    from .mirrors import Mirrors, RegistryEndpoint


__all__ = ["BlobRequest"]


class BlobRequest:
    """Asks for one blob, place after place, also when a mirror fails in the middle of it."""

    def __init__(self, mirrors: Mirrors, desc: Descriptor) -> None:
        self._mirrors = mirrors
        self._desc = desc
        self._place: RegistryEndpoint | None = None

    def ask(self, position: int) -> BaseHTTPResponse:
        """The answer to a request for the blob from `position` on."""
        headers = {"Range": f"bytes={position}-"} if position else {}

        def one(place: RegistryEndpoint) -> BaseHTTPResponse:
            self._place = place
            path = f"/v2/{place.location.repository}/blobs/{self._desc.digest}"
            context = self._mirrors.reading(place, self._desc.digest, "blob")
            return place.client.request("GET", path, context, headers=headers, good=(200, 206))

        return self._mirrors.first(one, self._mirrors.by_digest())

    def again(self, attempt: int, error: RegistryError) -> None:
        """Before another attempt: wait, or leave the mirror that failed."""
        place = self._place
        if place is None:
            raise error
        if place.location.mirror:
            self._mirrors.pass_over(place, error)
        else:
            place.client.again(attempt, error)
