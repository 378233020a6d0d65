"""What reading a path raises: errors of ours that are those of pathlib, too."""

from __future__ import annotations

from dockmagic.oci.errors import NotSupported, PathNotFound

__all__ = ["IsDirectory", "MissingPath", "NotDirectory"]


class MissingPath(PathNotFound, FileNotFoundError):
    """No such path; the `FileNotFoundError` that code for pathlib expects, too."""


class NotDirectory(PathNotFound, NotADirectoryError):
    """A path that is no directory, where one is wanted; the `NotADirectoryError` of pathlib, too."""


class IsDirectory(NotSupported, IsADirectoryError):
    """A directory where a file is wanted; the `IsADirectoryError` of pathlib, too."""
