"""The registry that serves the samples, filled when it is first asked for."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.media import Compression
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import to_json
from dockmagic.registry.server import RegistryServer, Storage
from dockmagic.store.home import Home

from .catalogue import LISTINGS, SAMPLES
from .recipe import Step
from .runnable import busybox, programs, tools
from .tarball import compress, tarball

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .recipe import Sample

__all__ = ["samples_home", "samples_registry"]

#: Raised when the samples change, so that they are made anew.
_EDITION: Final = 4
#: The layer of programs has the same times in all samples, so that they share it.
_TIMELESS: Final = 1_388_534_400  # 2014-01-01


def samples_home(home: Home) -> Home:
    """The home that samples are pulled into while they stand in for docker.io; inside the user's own."""
    return Home(home.root / "samples")


def samples_registry(home: Home) -> RegistryServer:
    """The registry that stands in for docker.io; start it, or use it in a ``with`` statement.

    Its images are made once, in well under a second. What is pushed to it stays.

    Args:
        home: what `samples_home` gave.
    """
    root = home.root / f"registry-{_EDITION}"
    with home.lock("samples"):
        if not root.exists():
            draft = root.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            _fill(Storage(draft))
            draft.rename(root)
    return RegistryServer(root, listings=LISTINGS)


class _Packed(NamedTuple):
    """A layer: the DiffID of its tar, and the blob that it is kept in."""

    diff_id: Digest
    descriptor: dict[str, Any]
    data: bytes


def _packed(step: Step, mtime: int, compression: Compression) -> _Packed:
    plain = tarball(step, mtime)
    data = compress(plain, compression)
    return _Packed(Digest.of(plain), _descriptor(media.layer_type(compression), data), data)


def _fill(storage: Storage) -> None:
    local = Platform.local().architecture
    own = tools()
    files = programs(own)
    # By far the largest layer, and the same one in many images.
    shared = _packed(Step("", files), _TIMELESS, Compression.GZIP) if files else None
    for sample in (*SAMPLES, *busybox(own)):
        architectures = sample.architectures or (local,)
        _publish(storage, sample, {name: shared if name == local else None for name in architectures})


def _publish(storage: Storage, sample: Sample, architectures: Mapping[str, _Packed | None]) -> None:
    """Publish an image for each of `architectures`, with this layer of programs."""
    manifests = [_manifest(storage, sample, name, programs) for name, programs in architectures.items()]
    media_type, raw = media.OCI_MANIFEST, manifests[0]
    if len(manifests) > 1:
        media_type = media.OCI_INDEX
        raw = to_json(
            {
                "schemaVersion": 2,
                "mediaType": media_type,
                "manifests": [
                    _descriptor(media.OCI_MANIFEST, one) | {"platform": {"architecture": architecture, "os": "linux"}}
                    for one, architecture in zip(manifests, architectures, strict=True)
                ],
            }
        )
    storage.put_manifest(sample.repository, Digest.of(raw), media_type, raw, sample.tags)


def _manifest(storage: Storage, sample: Sample, architecture: str, programs: _Packed | None) -> bytes:
    layers, diff_ids, history = [], [], []
    for minutes, step in enumerate(sample.steps):
        moment = sample.created + timedelta(minutes=minutes)
        row: dict[str, Any] = {"created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "created_by": step.created_by}
        packed = programs
        if not step.programs:
            packed = _packed(step, int(moment.timestamp()), sample.compression) if step.has_layer else None
        if packed:
            layers.append(_put(storage, sample.repository, packed.descriptor, packed.data))
            diff_ids.append(packed.diff_id)
        else:
            row["empty_layer"] = True
        history.append(row)
    config = to_json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": history[-1]["created"],
            "config": sample.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        }
    )
    raw = to_json(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": _put(storage, sample.repository, _descriptor(media.OCI_CONFIG, config), config),
            "layers": layers,
        }
    )
    storage.put_manifest(sample.repository, Digest.of(raw), media.OCI_MANIFEST, raw, ())
    return raw


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}


def _put(storage: Storage, repository: str, descriptor: dict[str, Any], data: bytes) -> dict[str, Any]:
    if not storage.has_blob(repository, descriptor["digest"]):
        file = storage.scratch()
        file.write_bytes(data)
        storage.put_blob(repository, descriptor["digest"], file)
    return descriptor
