"""The images of an engine: found, pulled and pushed, archived, changed and removed."""

from .images import Images

__all__ = ["Images"]
