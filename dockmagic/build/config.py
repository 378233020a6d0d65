"""What CMD, ENV, LABEL and their like do to an image's configuration, as docker writes it."""

from __future__ import annotations

__all__: list[str] = []
