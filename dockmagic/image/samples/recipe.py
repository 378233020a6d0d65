"""The words in which sample images are written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Binary", "Content", "Link", "Sample", "Step"]


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Binary:
    """A file of bytes: an executable one, unless `mode` says otherwise."""

    data: bytes
    mode: int = 0o755


#: A path's content: text of a file, permission bits of a directory, a link or a program.
Content = str | int | Link | Binary


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an image's history.

    Attributes:
        created_by: what the row says.
        files: path → content; what the step adds or changes.
        removed: paths that it takes away (each becomes a whiteout).
        emptied: directories whose content below it hides (each becomes an opaque whiteout).
        programs: whether it adds a shell and tools of this machine, if there are any; see `runnable`.
    """

    created_by: str
    files: Mapping[str, Content] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    programs: bool = False

    @property
    def has_layer(self) -> bool:
        """Whether the step touches files; else it only changes the configuration."""
        return bool(self.files or self.removed or self.emptied)


@dataclass(frozen=True, slots=True)
class Sample:
    """One image under all its tags.

    Attributes:
        repository: with ``library/`` where it has it.
        tags: all of them.
        steps: base first.
        config: the inner configuration.
        created: when the first step ran; each further one a minute later.
        architectures: one image for each, under an index; a single one needs none. None means this machine's.
        compression: of its layers.
    """

    repository: str
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    config: Mapping[str, Any]
    created: datetime = datetime(2014, 4, 17, tzinfo=UTC)
    architectures: tuple[str, ...] | None = None
    compression: Compression = Compression.GZIP
