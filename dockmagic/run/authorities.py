"""This machine's certificate authorities for containers whose image brings none."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

    from .isolation import Isolation

__all__ = ["authorities"]

# Where systems keep them (crypto/x509/root_linux.go); in a container they are at the first.
_PLACES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/cacert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/cert.pem",
)


def authorities(store: ContentStore, isolation: Isolation, image: Image) -> list[str]:
    """A folder for below the image's layers with this machine's certificate authorities; none if it has its own.

    As a layer and not as a mount: what is mounted cannot be replaced, and an ``apt-get install ca-certificates`` in the
    container must be able to. As it lies below, it is in no ``diff`` and no commit.

    Returns:
        Names of folders of unpacked layers: one or none.
    """
    if isolation.copies or _has_own(store, image):
        return []
    data = _read()
    if not data:
        return []
    key = hashlib.sha256(b"authorities " + data).hexdigest()[:16]
    place = store.home.layers / isolation.form_name / key
    if not place.exists():
        building = place.with_name(f".new-{key}-{os.getpid()}")
        file = building / _PLACES[0]
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
        file.chmod(0o644)
        for path in file.relative_to(building).parents:
            (building / path).chmod(0o755)
        with contextlib.suppress(OSError):  # somebody else was first
            building.rename(place)
    return [key]


def _has_own(store: ContentStore, image: Image) -> bool:
    cached = store.home.cache(f"authorities/{image.id.hex}")
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(cached.read_bytes()))
    places = {os.fsencode(place) for place in _PLACES}
    found = any(entry.name in places for layer in image.layers for entry in layer.table.entries)
    store.home.write(cached, json.dumps(found).encode(), durable=False)
    return found


def _read() -> bytes:
    for path in (os.environ.get("SSL_CERT_FILE"), *(f"/{place}" for place in _PLACES)):
        if path:
            with contextlib.suppress(OSError):
                return Path(path).read_bytes()
    return b""
