"""Which images containers stand on, for those who remove images."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dockmagic.image.local import Use

from .record import DamagedRecord, Record, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

__all__ = ["damaged", "records", "roots", "uses"]


def records(store: ContentStore) -> Iterator[tuple[Path, Record]]:
    """The folder and the record of every container, in no order."""
    for folder in _folders(store):
        try:
            record = Record.load(folder)
        except (OSError, DamagedRecord):
            continue  # on its way out, or see `damaged`
        yield folder, record


def damaged(store: ContentStore) -> Iterator[Record]:
    """What is left of the records that cannot be read."""
    for folder in _folders(store):
        try:
            Record.load(folder)
        except (OSError, DamagedRecord):
            with contextlib.suppress(OSError):  # on its way out
                yield Record.salvage(folder)


def _folders(store: ContentStore) -> list[Path]:
    try:
        return [folder for folder in store.home.containers.iterdir() if not folder.name.startswith(".")]
    except FileNotFoundError:
        return []


def uses(store: ContentStore) -> list[Use]:
    """Every container as a user of its image, running ones first."""
    found = [
        Use(f"container {record.id[:12]}", record.image_id, running=read_state(folder).status in ("running", "paused"))
        for folder, record in records(store)
    ]
    return sorted(found, key=lambda use: not use.running)


def roots(store: ContentStore) -> Iterator[Digest]:
    """Manifests that containers stand on, for the collector."""
    for _, record in records(store):
        yield record.manifest
