"""``containers-storage:NAME[:TAG]``: the images of podman and buildah, by skopeo or podman where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import ImageNotFound, NotSupported, StoreError
from dockmagic.oci.reference import Reference

from .layout_archive import TRANSPORT as LAYOUT_ARCHIVE
from .transport import ImageTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .transport import BlobTarget, CopySource, ImageTarget, TransportContext

__all__ = ["TRANSPORT"]


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    ref = Reference.parse(place).or_latest()
    with _archive(context) as path:
        _move(f"containers-storage:{ref}", f"oci-archive:{path}:{ref}", ref)
        with LAYOUT_ARCHIVE.source(context, str(path)) as opened:
            yield opened._replace(name=ref)


@contextmanager
def _target(context: TransportContext, place: str) -> Iterator[BlobTarget | ImageTarget]:
    ref = Reference.parse(place).or_latest()
    _program()
    with _archive(context) as path:
        with LAYOUT_ARCHIVE.target(context, f"{path}:{ref}") as target:
            yield target
        _move(f"oci-archive:{path}:{ref}", f"containers-storage:{ref}", ref)


@contextmanager
def _archive(context: TransportContext) -> Iterator[Path]:
    """The place of an archive between the two; it goes with the block."""
    context.store.home.prepare()
    with tempfile.TemporaryDirectory(dir=context.store.home.root, prefix=".storage.") as folder:
        yield Path(folder) / "image.tar"


def _program() -> str:
    found = shutil.which("skopeo") or shutil.which("podman")
    if found is None:
        raise NotSupported(
            "containers-storage: needs skopeo or podman", hint="Install one of them, or use oci-archive:"
        )
    return found


def _move(source: str, target: str, ref: Reference) -> None:
    """Copy between the storage, whose locks and drivers are the tools' own, and an archive."""
    program = _program()
    if Path(program).name == "skopeo":
        _run([program, "--insecure-policy", "copy", "-q", source, target], ref)
    elif source.startswith("oci-archive:"):
        path = source.removeprefix("oci-archive:").partition(":")[0]
        identity = _run([program, "pull", "-q", f"oci-archive:{path}"], ref)
        _run([program, "tag", identity, str(ref)], ref)
    else:
        _run([program, "push", "-q", str(ref), target], ref)


def _run(command: list[str], ref: Reference) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return done.stdout.strip()
    lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
    if "identifier is not an image" in done.stderr or "image not known" in done.stderr:
        raise ImageNotFound(f"podman has no image {ref.familiar}", hint="See which there are: podman images")
    raise StoreError(f"{Path(command[0]).name} failed: {lines[-1][:300]}", hint="Try its command by itself")


TRANSPORT: Final = ImageTransport(
    word="containers-storage", form="containers-storage:NAME[:TAG]", source=_source, target=_target
)
