"""The packages in an image: what package managers and builds have left behind, read out of its layers.

`catalog` walks a merged tree once, and hands each file that tells of packages to the reader of its kind: a module each.
A new kind of package is a module and a line in `readers`.
"""

from __future__ import annotations

from .catalog import Catalog, UnreadFile, catalog
from .changes import PackageChange, package_changes
from .package import Distribution, Package

__all__ = ["Catalog", "Distribution", "Package", "PackageChange", "UnreadFile", "catalog", "package_changes"]
