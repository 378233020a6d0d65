"""Images made on the spot and a registry that stands in for docker.io, so that everything works offline.

A stand-in never enters the user's own store: samples have a home of their own.
"""

from __future__ import annotations

from .registry import samples_home, samples_registry
from .samples import Samples

__all__ = ["Samples", "samples_home", "samples_registry"]
