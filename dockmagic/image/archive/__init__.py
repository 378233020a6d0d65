"""Images as files: docker-archive, oci-archive, and archives of a root file system."""

from __future__ import annotations

from .folder import save_layout
from .load import load, open_archive
from .rootfs import export_rootfs, import_rootfs
from .save import save

__all__ = ["export_rootfs", "import_rootfs", "load", "open_archive", "save", "save_layout"]
