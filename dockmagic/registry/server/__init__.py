"""The embedded registry: the distribution specification's server side, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.moved import old_names

from .limits import ServerLimits
from .search import Listing
from .server import RegistryServer
from .storage import Storage
from .users import Htpasswd, PlainUsers

__all__ = ["Htpasswd", "Listing", "PlainUsers", "RegistryServer", "ServerLimits", "Storage"]

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
