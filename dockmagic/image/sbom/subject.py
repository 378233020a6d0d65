"""What a bill of materials is of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic import __version__

if TYPE_CHECKING:
    from dockmagic.image.packages import Catalog
    from dockmagic.oci.digest import Digest

__all__ = ["TOOL", "SbomSubject"]

#: Name and version of the program that writes the document.
TOOL: Final = ("dockmagic", __version__)


class SbomSubject(NamedTuple):
    """An image, as a bill of materials describes it.

    Attributes:
        name: of the image, or the beginning of its ID.
        digest: of its manifest.
        created: when it was made; None where it does not say.
        packages: of it.
    """

    name: str
    digest: Digest
    created: datetime | None
    packages: Catalog

    @property
    def date(self) -> datetime:
        """When it was made, in UTC and whole seconds, the epoch where it does not say."""
        return (self.created or datetime.fromtimestamp(0, UTC)).astimezone(UTC).replace(microsecond=0)
