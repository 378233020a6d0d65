"""The date that a build gives to everything in an image (``SOURCE_DATE_EPOCH``, reproducible-builds.org)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["source_date_epoch"]


def source_date_epoch(build_args: Mapping[str, str | None]) -> int | None:
    """``SOURCE_DATE_EPOCH`` as an argument of the build, else of the environment.

    None if it is not set, or if the argument names what has the date: that is read with the Dockerfile.

    Raises:
        InvalidInput: that of the environment is no number.
    """
    given = build_args.get("SOURCE_DATE_EPOCH")
    text = given or os.environ.get("SOURCE_DATE_EPOCH") or ""
    if not text or (given and not _is_date(given)):
        return None
    if not _is_date(text):
        raise InvalidInput(
            f"SOURCE_DATE_EPOCH is {text[:40]!r}, which is no date",
            hint="Set it to seconds since 1970, such as 1700000000",
        )
    return int(text)


def _is_date(text: str) -> bool:
    """Whether it is a number of seconds that some year has."""
    return text.isascii() and text.isdecimal() and len(text) <= len("253402300799")
