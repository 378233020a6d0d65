"""The terminal: progress on standard error, and questions."""

from .questions import ask
from .transfers import Progress

__all__ = ["Progress", "ask"]
