"""Retime: other dates for files, steps and the image itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.image.draft import Draft
from dockmagic.oci.times import parse_time

from .rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dockmagic.image.image import Image

    from .workspace import Workspace

__all__ = ["retime"]


def retime(workspace: Workspace, image: Image, time: datetime, *, later_only: bool = False) -> Image:
    """Give every file, every step and the image one date, so that equal contents have equal digests.

    Args:
        workspace: with the store, which has the blobs of the image.
        image: to change.
        time: whole seconds are kept.
        later_only: leave what is earlier as it is, as ``SOURCE_DATE_EPOCH`` does in builds.

    Raises:
        InvalidContent: a layer is not what it should be.
    """
    seconds = int(time.timestamp())
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def date(mtime: int) -> int:
        return min(mtime, seconds) if later_only else seconds

    draft = Draft(image)
    for step, layer in zip([step for step in draft.steps if step.layer], image.layers, strict=True):
        table = layer.table
        if any(date(entry.mtime) != entry.mtime for entry in table.entries if entry.name not in table.implied):
            step.layer = rewrite(workspace, layer, date=date)
            if layer.index == 0:
                draft.forget_base()
    dated = _dated(seconds, stamp) if later_only else lambda _text: stamp
    for step in draft.steps:
        _redate(step.row, dated)
    # The operation has the date that it gives: else no two images could be equal after it.
    history = workspace.history(f"image retime {'--max ' if later_only else ''}{stamp}")
    draft.add(replace(history, created=stamp))
    return workspace.finish(draft)


def _dated(seconds: int, stamp: str) -> Callable[[str], str]:
    def dated(text: str) -> str:
        time = parse_time(text)
        return stamp if time is None or time.timestamp() > seconds else text

    return dated


def _redate(row: dict[str, Any], dated: Callable[[str], str]) -> None:
    if row.get("created"):
        row["created"] = dated(row["created"])
