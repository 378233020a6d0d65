"""The benchmark's own images, in the shape of what people pull: made on the spot, the same on every machine."""

from __future__ import annotations

import io
import json
import random
import tarfile
from typing import TYPE_CHECKING

import urllib3
from isal import igzip

from dockmagic.oci import media
from dockmagic.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fill"]

_LAYERS = 12
_BASE_LAYERS = 4
_FILES_PER_LAYER = 4_170
_MEAN_SIZE = 26_000
_POOL = 8 << 20


class _Pools:
    """Text that compresses well and bytes that do not; files are slices of them, far apart for a gzip window."""

    def __init__(self, source: random.Random) -> None:
        words = [source.randbytes(source.randint(2, 6)).hex().encode() for _ in range(1_000)]
        self.text = b" ".join(source.choices(words, k=_POOL // 8))
        self.noise = source.randbytes(_POOL)

    def content(self, source: random.Random) -> bytes:
        size = min(int(source.expovariate(1 / _MEAN_SIZE)), 4 << 20)
        pool = self.noise if source.random() < 0.08 else self.text
        start = source.randrange(len(pool) - size)
        return pool[start : start + size]


def _layer(number: int, source: random.Random, pools: _Pools) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for index in range(_FILES_PER_LAYER):
            folder = f"usr/lib/package{number:02}/{index // 400:02}/{index // 20 % 20:02}"
            if index % 20 == 0:
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, 1_700_000_000
                tar.addfile(entry)
            data = pools.content(source)
            entry = tarfile.TarInfo(f"{folder}/module{index}.py")
            entry.size, entry.mtime = len(data), 1_700_000_000 + index
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _small(number: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        data = f"small image {number}\n".encode()
        entry = tarfile.TarInfo("etc/number")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class _Upload:
    def __init__(self, address: str) -> None:
        self._pool = urllib3.PoolManager()
        self._base = f"http://{address}/v2"

    def _send(self, method: str, url: str, *, expect: int, body: bytes = b"", kind: str = "") -> str:
        headers = {"Content-Type": kind or "application/octet-stream"}
        answer = self._pool.request(method, url, body=body, headers=headers)
        if answer.status != expect:
            raise RuntimeError(f"{method} {url}: {answer.status} {answer.data[:200]!r}")
        return answer.headers.get("Location", "")

    def blob(self, name: str, data: bytes, kind: str) -> dict[str, object]:
        place = self._send("POST", f"{self._base}/{name}/blobs/uploads/", expect=202)
        digest = Digest.of(data)
        self._send("PUT", f"{place}&digest={digest}", body=data, expect=201)
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def image(self, name: str, layers: list[dict[str, object]], diff_ids: list[str], created: str) -> None:
        history = [{"created": created, "created_by": f"RUN install part {number}"} for number in range(len(layers))]
        config = {
            "architecture": "amd64", "os": "linux", "created": created, "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": self.blob(name, json.dumps(config).encode(), media.OCI_CONFIG),
            "layers": layers,
        }
        self._send(
            "PUT",
            f"{self._base}/{name}/manifests/latest",
            body=json.dumps(manifest).encode(),
            kind=media.OCI_MANIFEST,
            expect=201,
        )


def _big_layers() -> Iterator[tuple[bytes, str]]:
    source = random.Random(12)  # noqa: S311 - the same content every time is the point
    pools = _Pools(source)
    for number in range(_LAYERS):
        tar = _layer(number, source, pools)
        yield igzip.compress(tar, compresslevel=2, mtime=0), Digest.of(tar)


def fill(address: str, small: int) -> None:
    """Put ``big`` (12 layers), ``base`` (its first four) and `small` images ``small/000``… into the registry."""
    upload = _Upload(address)
    layers, diff_ids = [], []
    for blob, diff_id in _big_layers():
        layers.append(upload.blob("big", blob, media.OCI_LAYER_GZIP))
        if len(layers) <= _BASE_LAYERS:
            upload.blob("base", blob, media.OCI_LAYER_GZIP)
        diff_ids.append(diff_id)
    upload.image("big", layers, diff_ids, "2026-01-02T03:04:05Z")
    upload.image("base", layers[:_BASE_LAYERS], diff_ids[:_BASE_LAYERS], "2026-01-01T03:04:05Z")
    for number in range(small):
        name, tar = f"small/{number:03}", _small(number)
        blob = igzip.compress(tar, compresslevel=2, mtime=0)
        created = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T00:00:00Z"
        upload.image(name, [upload.blob(name, blob, media.OCI_LAYER_GZIP)], [Digest.of(tar)], created)
