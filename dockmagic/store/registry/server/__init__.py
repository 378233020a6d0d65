"""The embedded registry: the distribution specification's server side, in this process."""

from __future__ import annotations

from .search import Listing
from .server import RegistryServer
from .storage import Storage

__all__ = ["Listing", "RegistryServer", "Storage"]
