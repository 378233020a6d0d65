"""``build --verify-reproducible``: built twice without the cache, and every difference explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .result import Build

__all__ = ["Difference", "Verdict", "verify_reproducible"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two builds of the same do not have in common.

    Attributes:
        step: number of the step; 0 for the image's documents.
        text: the step's instruction.
        path: in the layer, absolute; empty if it is not about a file.
        aspect: what differs.
        first: in the first build.
        second: in the second.
        reason: what usually makes it so, and what to do.
    """

    step: int
    text: str
    path: str
    aspect: Literal["mtime", "order", "owner", "mode", "content", "presence", "link", "xattrs", "type", "config"]
    first: str
    second: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How alike two builds are.

    Attributes:
        first: the first build.
        second: the second.
        differences: none if both are the same, bit for bit.
    """

    first: Build
    second: Build
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether manifests, and so everything, are the same."""
        return self.first.image.digest == self.second.image.digest


def verify_reproducible(build: Callable[[], Build]) -> Verdict:
    """Build twice and compare.

    Args:
        build: builds without the cache, with the same options and epoch each time: `execute.build`, partly applied.
    """
    raise NotImplementedError
