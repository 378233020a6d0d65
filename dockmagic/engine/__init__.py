"""The engine: one typed method per thing that can be done; it returns domain objects and rows, and never prints."""

from .engine import Engine
from .images import Images

__all__ = ["Engine", "Images"]
