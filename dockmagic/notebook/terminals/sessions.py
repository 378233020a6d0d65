"""The terminals of one shell's notebook: what `CommandContext.terminal` is there."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dockmagic.notebook.programs.readable import without_colours

from .terminal import Answer, LiveSession

if TYPE_CHECKING:
    from dockmagic.notebook.programs.streams import OutputCapture
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["Sessions", "Talk"]


class Sessions:
    """The live sessions of a shell, by the IDs of their containers."""

    def __init__(self) -> None:
        self._live: dict[str, LiveSession] = {}

    def talk(self, body: bytes | None, on_output: OutputCapture, *, verb: str, wait: float | None) -> Talk:
        """A terminal for one command.

        Args:
            body: lines to be typed; None if there are none.
            on_output: gets what a program writes that nobody can type to.
            verb: of the command: ``attach`` joins a program that may be followed already, ``exec`` is another one.
            wait: seconds of silence after which an answer is complete; None for the usual.
        """
        return Talk(self._live, body, on_output, verb=verb, wait=wait)

    def close(self) -> None:
        """Follow none of them any longer."""
        for live in self._live.values():
            live.leave()
        self._live.clear()


class Talk:
    """What a command of a cell has for a terminal (`dockmagic.commands.cmdline.context.Terminal`); see `Sessions.talk`.

    Attributes:
        result: the session, or what the terminal showed of it while the body was typed; None if no terminal was wanted.
    """

    def __init__(
        self,
        live: dict[str, LiveSession],
        body: bytes | None,
        on_output: OutputCapture,
        *,
        verb: str,
        wait: float | None,
    ) -> None:
        self.result: LiveSession | Answer | None = None
        self._live = live
        self._body = body
        self._on_output = on_output
        self._verb = verb
        self._waiting = {} if wait is None else {"timeout": wait}

    def __call__(
        self, container: Container, session: Session, *, stdin: bool, detach_keys: bytes, command: str
    ) -> int | None:
        """Take the program over; see `Terminal`."""
        del detach_keys  # nobody types here
        if not stdin:
            return self._follow(session)
        known = self._live.get(container.id) if self._verb == "attach" else None
        if known is not None and known.running:
            session.close()
            live = known
        else:
            own = self._verb != "exec"
            live = LiveSession(container, session, command=command, own=own)
            if own:
                self._live[container.id] = live
        if self._body is None:
            if live is not known:
                live.first_words()
            self.result = live
        else:
            self.result = self._type(live, self._body.decode("utf-8", "replace"), fresh=self._verb != "attach")
        return live.exit_code

    def _follow(self, session: Session) -> int:
        """``-t`` alone: a program that thinks it has a terminal, and is waited for."""
        with session:
            try:
                return session.follow(self._on_output)
            except KeyboardInterrupt:
                session.send_signal(signal.SIGKILL)
                raise

    def _type(self, live: LiveSession, body: str, *, fresh: bool) -> Answer:
        def show(text: str) -> None:
            self._on_output(1, text.encode())

        if fresh:
            live.await_prompt(show)
        elif live.prompt:
            show(live.prompt)
        live.type(body, show, **self._waiting)
        return Answer(without_colours(self._on_output.read(1).decode()))
