"""The bill of materials of an image: its packages as CycloneDX or SPDX, written by these formats' own libraries.

The same image has the same document, byte by byte: its identity comes from the image's digest, its date is the image's.
"""

from __future__ import annotations

from .write import FORMATS, SbomSubject, write_sbom

__all__ = ["FORMATS", "SbomSubject", "write_sbom"]
