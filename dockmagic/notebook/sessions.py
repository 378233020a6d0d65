"""The terminals of one shell's notebook: what `Door.terminal` is there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .live import Answer, LiveSession
from .readable import without_colours

if TYPE_CHECKING:
    from dockmagic.run.container import Container
    from dockmagic.run.session import Session

__all__ = ["Sessions", "Talk"]


class Sessions:
    """The live sessions of a shell, by the IDs of their containers."""

    def __init__(self) -> None:
        self._live: dict[str, LiveSession] = {}

    def talk(self, body: bytes | None, *, joins: bool, wait: float | None) -> Talk:
        """A terminal for one command.

        Args:
            body: lines to be typed; None if there are none.
            joins: whether the command goes on with a program that may be followed already (``attach``).
            wait: seconds of silence after which an answer is complete; None for the usual.
        """
        return Talk(self._live, body, joins=joins, wait=wait)

    def close(self) -> None:
        """Follow none of them any longer."""
        for live in self._live.values():
            live.leave()
        self._live.clear()


class Talk:
    """What a command of a cell has for a terminal (`dockmagic.verbs.door.Terminal`); see `Sessions.talk`.

    Attributes:
        result: the session, or what the terminal showed of it while the body was typed; None if no terminal was wanted.
    """

    def __init__(self, live: dict[str, LiveSession], body: bytes | None, *, joins: bool, wait: float | None) -> None:
        self.result: LiveSession | Answer | None = None
        self._live = live
        self._body = body
        self._joins = joins
        self._waiting = {} if wait is None else {"timeout": wait}

    def __call__(
        self, container: Container, session: Session, *, stdin: bool, detach_keys: bytes, command: str
    ) -> int | None:
        """Take the program over; see `Terminal`."""
        del stdin, detach_keys  # nobody types here
        known = self._live.get(container.id) if self._joins else None
        if known is not None and known.running:
            session.close()
            live = known
        else:
            live = LiveSession(container, session, command=command)
            self._live[container.id] = live
        if self._body is None:
            if live is not known:
                live.first_words()
            self.result = live
        else:
            self.result = self._type(live, self._body.decode("utf-8", "replace"), fresh=not self._joins)
        return live.exit_code

    def _type(self, live: LiveSession, body: str, *, fresh: bool) -> Answer:
        shown: list[str] = []

        def show(text: str) -> None:
            shown.append(text)
            sys.stdout.write(text)

        try:
            if fresh:
                live.await_prompt(show)
            live.type(body, show, **self._waiting)
        finally:
            if shown and not shown[-1].endswith("\n"):
                sys.stdout.write("\n")
        return Answer(without_colours("".join(shown)))
