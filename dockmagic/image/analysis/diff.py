"""The difference between anything and anything: images, layers, ranges of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.store.layer.compare import Change

__all__ = ["Diff", "Difference", "diff"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of two configurations, or one step of two histories, that differs.

    Attributes:
        letter: ``A`` added, ``C`` changed, ``D`` deleted.
        name: of the member, such as ``Env PATH`` or ``Cmd``; for a step its place.
        old: as text; empty where it was added.
        new: as text; empty where it was deleted.
    """

    letter: str
    name: str
    old: str
    new: str


class Diff:
    """What differs between two subjects, old and new; each part is computed when it is first asked for.

    Attributes:
        old: the older subject; None where the layers below the new one stand in.
        new: the newer subject.
    """

    old: Image | Layer | Layers | None
    new: Image | Layer | Layers

    @property
    def files(self) -> tuple[Change, ...]:
        """Changed paths, sorted by name; `Change` has letter (A, C, D), path, old and new entry."""
        raise NotImplementedError

    @property
    def config(self) -> tuple[Difference, ...]:
        """Changed members of the configuration; empty unless both are images."""
        raise NotImplementedError

    @property
    def history(self) -> tuple[Difference, ...]:
        """Steps that only one of them has; empty unless both are images."""
        raise NotImplementedError

    @property
    def added(self) -> int:
        """Bytes of added files, and of the new version of changed ones."""
        raise NotImplementedError

    @property
    def deleted(self) -> int:
        """Bytes of deleted files, and of the old version of changed ones."""
        raise NotImplementedError

    def text(self, path: str, *, context: int = 3) -> str:
        """The unified difference of one file; one line that says so where it is not text.

        Raises:
            PathNotFound: neither side has this file.
        """
        raise NotImplementedError


def diff(old: Image | Layer | Layers, new: Image | Layer | Layers | None = None) -> Diff:
    """Compare two subjects: images by their merged views, layers and ranges by the merged view of just these.

    With one subject, what it does to the layers below: a range or layer its changes, an image those of its top layer.
    """
    raise NotImplementedError
