"""The kinds of files that tell of packages, in the order in which a file is offered to them."""

from __future__ import annotations

from typing import Final

from . import apk, conda, deb, golang, npm, python, release, rpm

__all__ = ["READERS"]

READERS: Final = (
    release.READER,
    deb.READER,
    apk.READER,
    rpm.READER,
    python.READER,
    npm.READER,
    conda.READER,
    golang.READER,
)
