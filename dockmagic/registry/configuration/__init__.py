"""Which servers stand behind a registry's name, and how each is trusted: registries.conf and certs.d."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.moved import old_names

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
