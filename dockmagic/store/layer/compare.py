"""What differs between two trees, in docker's letters: A(dded), C(hanged), D(eleted)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from .tree import FileTree, Node

if TYPE_CHECKING:
    from .table import LayerTable

__all__ = ["Change", "Letter", "compare", "layer_changes"]


Letter = Literal["A", "C", "D"]


class Change(msgspec.Struct, frozen=True, gc=False):
    """One path that differs.

    Attributes:
        letter: ``A`` added, ``C`` changed, ``D`` deleted.
        name: as in `Entry.name`.
        old: what it was, None if added.
        new: what it is, None if deleted.
    """

    letter: Letter
    name: bytes
    old: Node | None
    new: Node | None

    @property
    def path(self) -> str:
        """The absolute path, for people."""
        return "/" + self.name.decode("utf-8", "surrogateescape")

    @property
    def size(self) -> int:
        """Bytes by which the content grew or, negative, shrank."""
        raise NotImplementedError

    @property
    def aspects(self) -> tuple[str, ...]:
        """What differs in a changed path: among ``type content mode owner mtime link device xattrs``."""
        raise NotImplementedError


def compare(old: FileTree, new: FileTree, *, times: bool = True) -> list[Change]:
    """Every path that differs, sorted by name.

    Args:
        old: the tree to start from.
        new: the tree to arrive at.
        times: whether another mtime alone is a difference. A directory's never is: it changes with its content.
    """
    raise NotImplementedError


def layer_changes(below: FileTree, table: LayerTable) -> list[Change]:
    """What a layer does to the tree below it, sorted by name.

    A file that the layer writes again unchanged counts as changed, as its bytes are in the layer.
    """
    raise NotImplementedError
