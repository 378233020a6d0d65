"""The driver of root that may mount: a container gets everything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .namespaces import Namespaces

if TYPE_CHECKING:
    from .means import Means

__all__ = ["Root"]


class Root(Namespaces):
    """Namespaces made by root of the machine."""

    name = "root"
    about = "root, with mounts"
    network_hint = "Use --network none, or write --network host beside it if that is what you want"

    def find(self) -> Means:
        """Nothing but root."""
        from .means import Means

        if os.geteuid() != 0:
            from dockmagic.oci.errors import NotSupported

            raise NotSupported("not running as root")
        return Means()

    def network_refusal(self, network: str) -> str:
        """Only who writes the network out is given rights over it, or nobody would think of it."""
        if network == "host":
            return ""
        return "the network is this machine's, which the container could turn off or read along on"
