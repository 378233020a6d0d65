"""The three descriptors that every process has, also where the shell closed one (``>&-``)."""

from __future__ import annotations

import os
import sys

__all__ = ["open_standard"]


def open_standard() -> None:
    """Open what is closed of them onto nothing, as Go's runtime does.

    Else the next file that is opened would get the number, and what is printed would be written into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(descriptor, True)  # noqa: FBT003  (the function has no name for it)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
