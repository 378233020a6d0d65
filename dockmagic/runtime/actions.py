"""What a container needs of the engine that it came from. `Any` stands for containers and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.rows import ProcessRow, Rows

    from .completed import Completed

__all__ = ["ContainerActions"]


class ContainerActions(Protocol):
    """The containers of an engine, as a container calls them."""

    @property
    def commit(self) -> Callable[..., Any]:
        """Make an image of a container."""
        ...

    def image_of(self, container: Any) -> Any:
        """The image that a container stands on, with its names."""
        ...

    def rename(self, container: Any, name: str) -> Any:
        """Give a container another name."""
        ...

    def inspect(self, container: Any) -> dict[str, Any]:
        """Docker's description of a container."""
        ...

    def export(self, container: Any, out: BinaryIO) -> None:
        """Write a container's file system as a tar."""
        ...

    def copy_from(
        self,
        container: Any,
        path: str,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        follow: bool,
        keep_owners: bool,
    ) -> int:
        """Copy a file or folder out of a container."""
        ...

    def copy_to(
        self,
        container: Any,
        source: str | os.PathLike[str] | BinaryIO,
        path: str,
        *,
        follow: bool,
        keep_owners: bool,
    ) -> int:
        """Copy a file or folder into a container."""
        ...

    def processes(self, container: Any) -> Rows[ProcessRow]:
        """The processes of a running container, as rows."""
        ...

    def execute(
        self,
        container: Any,
        command: str | Sequence[str],
        *,
        env: Mapping[str, Any] | Sequence[str],
        workdir: Any,
        user: str | int,
        check: bool,
        input: bytes | str | None,  # noqa: A002  (as in subprocess.run)
        timeout: float | None,
        on_output: Callable[[int, bytes], None] | None,
    ) -> Completed:
        """Run one more program in a container, and wait for its end."""
        ...
