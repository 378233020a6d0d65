"""Validate: recompute everything that an image says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .image import Image

__all__ = ["Mismatch", "validate"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it should be.

    Attributes:
        where: what was looked at, such as ``manifest``, ``config`` or ``layer 3``.
        what: which property, such as ``digest``, ``size``, ``media type``, ``DiffID``, ``file table``.
        expected: what the image says.
        actual: what is found.
    """

    where: str
    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} is {self.actual}, not {self.expected}"


def validate(image: Image) -> tuple[Mismatch, ...]:
    """Recompute every digest, DiffID, size and media type of `image`; returns each mismatch, empty if all is well.

    Goes on after a mismatch, to find the others; raises only what hinders reading at all (`RegistryError`).
    """
    raise NotImplementedError
