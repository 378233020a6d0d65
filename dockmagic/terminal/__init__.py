"""The terminal: programs that talk to the user there, progress on standard error, and questions."""

from .conversation import PROXIED, Conversation, Ended, TerminalOutput, standard_input, window_of
from .questions import ask
from .transfers import TransferProgress

__all__ = [
    "PROXIED",
    "Conversation",
    "Ended",
    "TerminalOutput",
    "TransferProgress",
    "ask",
    "standard_input",
    "window_of",
]
