"""Text that must never be shown: not in a log, an error, a traceback's variables or a saved notebook."""

from __future__ import annotations

__all__ = ["Secret"]


class Secret:
    """Holds a password or token; only `reveal` gives it, and nobody keeps what it gives in a variable."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, to be passed straight to where it is needed."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")
