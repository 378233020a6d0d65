"""The registry that serves the samples, filled when it is first asked for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import to_json
from dockmagic.store.home import Home
from dockmagic.store.registry.server import RegistryServer, Storage

from .catalogue import LISTINGS, SAMPLES
from .runnable import busybox, programs
from .tarball import compress, tarball

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .recipe import Content, Sample

__all__ = ["samples_home", "samples_registry"]

#: Raised when the samples change, so that they are made anew.
_EDITION: Final = 2
#: The layer of programs has the same times in all samples, so that they share it.
_TIMELESS: Final = 1_388_534_400  # 2014-01-01
_LAYER = {"": media.OCI_LAYER, "gzip": media.OCI_LAYER_GZIP, "zstd": media.OCI_LAYER_ZSTD}


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


def _fill(storage: Storage) -> None:
    local = Platform.local().architecture
    files = programs()
    for sample in (*SAMPLES, *busybox()):
        architectures = sample.architectures or (local,)
        _publish(storage, sample, {name: files if name == local else {} for name in architectures})


def _publish(storage: Storage, sample: Sample, architectures: Mapping[str, Mapping[str, Content]]) -> None:
    """Publish an image for each of `architectures`, with these programs."""
    manifests = [_manifest(storage, sample, name, files) for name, files in architectures.items()]
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


def _manifest(storage: Storage, sample: Sample, architecture: str, files: Mapping[str, Content]) -> bytes:
    layers, diff_ids, history = [], [], []
    for minutes, recipe in enumerate(sample.steps):
        step = replace(recipe, files=files) if recipe.programs else recipe
        moment = sample.created + timedelta(minutes=minutes)
        row: dict[str, Any] = {"created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "created_by": step.created_by}
        if step.has_layer:
            plain = tarball(step, _TIMELESS if step.programs else int(moment.timestamp()))
            packed = compress(plain, sample.compression)
            layers.append(_blob(storage, sample.repository, _LAYER[sample.compression.value], packed))
            diff_ids.append(Digest.of(plain))
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
            "config": _blob(storage, sample.repository, media.OCI_CONFIG, config),
            "layers": layers,
        }
    )
    storage.put_manifest(sample.repository, Digest.of(raw), media.OCI_MANIFEST, raw, ())
    return raw


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}


def _blob(storage: Storage, repository: str, media_type: str, data: bytes) -> dict[str, Any]:
    descriptor = _descriptor(media_type, data)
    if not storage.has_blob(repository, descriptor["digest"]):
        file = storage.scratch()
        file.write_bytes(data)
        storage.put_blob(repository, descriptor["digest"], file)
    return descriptor
