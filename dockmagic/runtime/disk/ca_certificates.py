"""This machine's certificate authorities for containers, by a layer of their own beside those of the image.

A layer and not a mount: what is mounted cannot be replaced, and ``apt-get install ca-certificates`` or
``update-ca-certificates`` in the container must be able to. It is in no ``diff``, no ``export`` and no commit.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from dockmagic.layer.entry import Entry, EntryType
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.snapshot import layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dockmagic.image.image import Image
    from dockmagic.layer.tree import FileTree, Node
    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore

__all__ = ["own_layer", "with_authorities"]

# Where systems keep them all in one file (crypto/x509/root_linux.go); in a container without, they are at the first.
_PLACES: Final = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/cacert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/cert.pem",
)
# Where administrators put further ones: Debian and Alpine, Fedora, Arch, SUSE.
_ADDED: Final = (
    "usr/local/share/ca-certificates",
    "etc/pki/ca-trust/source/anchors",
    "etc/ca-certificates/trust-source/anchors",
    "etc/pki/trust/anchors",
)
# Where OpenSSL finds one by the hash of its subject's name (openssl-rehash(1)).
_HASHED: Final = "etc/ssl/certs"
_HASH: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def with_authorities(store: ContentStore, isolation: Isolation, image: Image, unpacked: list[str]) -> list[str]:
    """The layers of a container that is to trust whom this machine trusts.

    Below an image that brings no authorities come all of this machine's. Over one that does come those that were
    added to the machine, such as a proxy's, or stand in ``$SSL_CERT_FILE``, beside the image's own.

    Args:
        store: where the image is.
        isolation: who the layers are for.
        image: which.
        unpacked: names of the folders of its layers, base first.
    """
    if not _brings_own(store, image):
        data = _all()
        return [own_layer(store, isolation, {_PLACES[0]: data}, {}), *unpacked] if data else unpacked
    added = _added()
    if not added:
        return unpacked
    folder = store.home.layers / isolation.form_name
    digest = hashlib.sha256(" ".join([isolation.form_name, *sorted(added)]).encode()).hexdigest()[:16]
    cached = store.home.cache(f"authorities/{image.id.hex}-{digest}")
    known = store.home.recall(cached, list[layers.Key])
    if known is not None and all((folder / key).exists() for key in known):
        return [*unpacked, *known]
    files = _changed(image.files, [folder / key for key in unpacked], added)
    over = [own_layer(store, isolation, files, image.files.nodes)] if files else []
    store.home.write(cached, json.dumps(over).encode(), durable=False)
    return [*unpacked, *over]


def _brings_own(store: ContentStore, image: Image) -> bool:
    cached = store.home.cache(f"authorities/{image.id.hex}")
    known = store.home.recall(cached, bool)
    if known is not None:
        return known
    places = {os.fsencode(place) for place in _PLACES}
    found = any(entry.name in places for layer in image.layers for entry in layer.table.entries)
    store.home.write(cached, json.dumps(found).encode(), durable=False)
    return found


def _all() -> bytes:
    for path in (os.environ.get("SSL_CERT_FILE"), *(f"/{place}" for place in _PLACES)):
        if path:
            with contextlib.suppress(OSError):
                return Path(path).read_bytes()
    return b""


def _added() -> dict[str, bytes]:
    """Certificates that were added to the machine, or by its user, by their DER form in base64."""
    files = [path for folder in _ADDED for path in sorted(Path("/", folder).glob("**/*"))]
    named = os.environ.get("SSL_CERT_FILE")
    if named and os.path.realpath(named) not in {os.path.realpath(f"/{place}") for place in _PLACES}:
        files.append(Path(named))
    found: dict[str, bytes] = {}
    for path in files:
        with contextlib.suppress(OSError):
            found.update(_certificates(path.read_bytes()))
    return found


def _certificates(data: bytes) -> Iterator[tuple[str, bytes]]:
    for match in _CERTIFICATE.finditer(data):
        yield "".join(match[0].decode().splitlines()[1:-1]), match[0] + b"\n"


def _changed(tree: FileTree, folders: list[Path], added: Mapping[str, bytes]) -> dict[str, bytes]:
    """The image's files of authorities with those that they lack; nothing if they lack none."""
    files: dict[str, bytes] = {}
    for place in _PLACES:
        node = tree.nodes.get(os.fsencode(place))
        if node is None or node.entry.type is not EntryType.REGULAR:
            continue  # not there, or a link to one of the others
        try:
            data = (folders[node.layer] / place).read_bytes()
        except OSError:
            continue  # closed to us, and so not ours to show again
        missing = sorted(added.keys() - dict(_certificates(data)).keys())
        if missing:
            files[place] = b"".join([data.rstrip(b"\n") + b"\n", *(added[name] for name in missing)])
    if files and os.fsencode(_HASHED) in tree.nodes:
        files.update(_hashed(added, tree))
    return files


def _hashed(added: Mapping[str, bytes], tree: FileTree) -> Iterator[tuple[str, bytes]]:
    """What this machine has of the added ones under OpenSSL's names."""
    for path in sorted(Path("/", _HASHED).glob("*.*")):
        name = f"{_HASHED}/{path.name}"
        if _HASH.fullmatch(path.name) and os.fsencode(name) not in tree.nodes:
            with contextlib.suppress(OSError):
                data = path.read_bytes()
                if any(key in added for key, _ in _certificates(data)):
                    yield name, data


def own_layer(
    store: ContentStore, isolation: Isolation, files: Mapping[str, bytes], around: Mapping[bytes, Node]
) -> str:
    """Unpack a layer of these files, unless it is there; the name of its folder.

    Folders are as they are in `around`, which this layer may hide.
    """
    names = sorted({str(parent) for place in files for parent in PurePosixPath(place).parents} - {"."})
    folders = [
        node.entry
        if (node := around.get(os.fsencode(name))) is not None and node.entry.is_dir
        else Entry(os.fsencode(name), EntryType.DIRECTORY)
        for name in names
    ]
    # Named by what goes in: most containers find it there, and need no tar for that.
    told = hashlib.sha256(b"authorities")
    for entry in folders:
        told.update(repr((entry.name, entry.mode, entry.uid, entry.gid, entry.mtime)).encode())
    for place, data in sorted(files.items()):
        told.update(f"{place} {len(data)} ".encode() + data)
    key = told.hexdigest()[:16]
    folder = store.home.layers / isolation.form_name
    if not (folder / key).exists():
        store.home.make(folder)
        _unpack(isolation, folder, key, _tar(folders, files))
    return key


def _tar(folders: Iterable[Entry], files: Mapping[str, bytes]) -> bytes:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for entry in folders:
            info = tarfile.TarInfo(os.fsdecode(entry.name))
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, entry.mode, entry.mtime
            info.uid, info.gid = entry.uid, entry.gid
            tar.addfile(info)
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _unpack(isolation: Isolation, folder: Path, key: str, tar: bytes) -> None:
    import tempfile

    from dockmagic.runtime.machine.work import work

    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as table:
        source.write(tar)
        source.seek(0)
        layer = {"key": key, "media_type": media.OCI_LAYER, "diff_id": Digest.of(tar)}
        descriptors = (source.fileno(), table.fileno())
        work(isolation, "unpack_arriving", descriptors=descriptors, folder=str(folder), layer=layer)
