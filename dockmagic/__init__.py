"""dockmagic: the container-image engine that lives in a notebook."""

__version__ = "0.1.0.dev0"
