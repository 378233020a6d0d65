"""The containers of an engine: listed, made, run, read and written."""

from .containers import Containers

__all__ = ["Containers"]
