"""The steps of an image's making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dockmagic.oci.spec import History
from dockmagic.oci.times import parse_time

if TYPE_CHECKING:
    import pandas as pd

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import ConfigFile
    from dockmagic.rows import HistoryRow, Rows

    from .layer import Layers

__all__ = ["Steps"]

_NO_ENTRY = "<missing>"


class _Image(Protocol):
    """What is asked of an `Image`."""

    @property
    def id(self) -> Digest: ...
    @property
    def config_file(self) -> ConfigFile: ...
    @property
    def layers(self) -> Layers: ...


class Steps(tuple[History, ...]):  # noqa: SLOT001  (a tuple subclass has a dict, or no attribute at all)
    """The history of an image, oldest step first; steps that made no layer have `History.empty_layer`."""

    _image: _Image

    @classmethod
    def of(cls, image: _Image) -> Steps:
        """The steps of an image."""
        made = cls(image.config_file.history or ())
        made._image = image
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Steps.of, (self._image,)

    def rows(self) -> Rows[HistoryRow]:
        """One row per step, newest first, as ``history`` shows them: with the size of what each made."""
        from dockmagic.rows import HistoryRow, Rows

        layers = iter(self._image.layers)
        filled = sum(1 for step in self if not step.empty_layer)
        found = []
        if filled == len(self._image.layers):
            for step in self:
                size = 0 if step.empty_layer else next(layers).size
                found.append((parse_time(step.created), step.created_by or "", size, step.comment or ""))
        else:  # a history that does not fit says nothing about the layers: then they speak for themselves
            found = [(layer.created, layer.created_by, layer.size, layer.comment) for layer in layers]
        last = len(found) - 1
        return Rows(
            HistoryRow,
            (
                HistoryRow(
                    id=self._image.id if place == last else _NO_ENTRY,
                    created_at=created,
                    created_by=created_by,
                    size=size,
                    comment=comment,
                )
                for place, (created, created_by, size, comment) in reversed(list(enumerate(found)))
            ),
        )

    def to_frame(self) -> pd.DataFrame:
        """The `rows` as a DataFrame."""
        return self.rows().to_frame()
