"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import sys

__all__ = ["ask"]


def ask(prompt: str, *, secret: bool) -> str:
    """Ask whoever sits at the terminal.

    Raises:
        EOFError: nobody does.
    """
    if not sys.stdin.isatty():
        raise EOFError(prompt)
    if secret:
        import getpass

        return getpass.getpass(prompt)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError(prompt)
    return line.rstrip("\n")
