"""The terminal: programs that talk to the user there, progress on standard error, and questions."""

from .conversation import PROXIED, Conversation, Ended, Output, standard_input, window_of
from .questions import ask
from .transfers import Progress

__all__ = ["PROXIED", "Conversation", "Ended", "Output", "Progress", "ask", "standard_input", "window_of"]
