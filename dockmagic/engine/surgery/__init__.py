"""``Engine().surgery``: images changed without a build."""

from __future__ import annotations

from .surgery import Surgery

__all__ = ["Surgery"]
