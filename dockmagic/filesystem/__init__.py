"""Images as a filesystem for pandas, DuckDB, pyarrow and Dask: fsspec's ``image://NAME:TAG/path``."""

from __future__ import annotations

from .filesystem import ImageFileSystem

__all__ = ["ImageFileSystem"]
