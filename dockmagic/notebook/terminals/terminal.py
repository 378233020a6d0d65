"""A program on a terminal of its own (``run -it``), which goes on while the notebook does.

It is followed by a thread. Cells send it lines and show what comes back; whether an answer is complete nobody can know,
so the rules for waiting are those of a patient reader: a prompt that stays on the line, the program's end, or silence.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook.programs.readable import Readable, without_colours
from dockmagic.notebook.values.output import TextValue
from dockmagic.oci.errors import Conflict, DockmagicError

from .scrollback import Scrollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["Answer", "LiveSession"]

#: Seconds after which a line without an end is taken for a prompt.
_PROMPT_STAYS: Final = 0.15
#: Seconds of silence after which the next line is sent anyhow, as people type ahead.
_TYPE_AHEAD: Final = 2.0
_PATIENCE: Final = 10.0
_SHELL_STARTS: Final = 3.0
_PIECE: Final = 1 << 16
#: So much of what was written is kept, in characters.
_KEPT: Final = 1_000_000
#: Bytes that may wait for a program to read them.
_TYPED_AHEAD: Final = 1 << 20
_INTERRUPT: Final = b"\x03"


class Answer(TextValue):
    """What a terminal showed. It has been shown as it came, so the end of a cell shows nothing more."""

    def _ipython_display_(self) -> None:
        """Show nothing."""


class _Leaving(Exception):
    """The session is left; the program goes on."""


class _Leave:
    """A source of input that has none, but can end the following (`dockmagic.runtime.session.Source`)."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe()

    def fileno(self) -> int:
        return self._ear

    def read(self) -> bytes:
        raise _Leaving

    def now(self) -> None:
        os.write(self._mouth, b"x")

    def close(self) -> None:
        os.close(self._ear)
        os.close(self._mouth)


class LiveSession:
    """A conversation with a program that runs in a container.

    Args:
        container: where it runs.
        session: with the program, which has a terminal; it is closed when the program ends.
        command: what runs.
        own: whether it is the container's own program, not one of ``exec``.

    Attributes:
        container: where it runs.
        command: what runs.
        own: whether it is the container's own program.
        changed: is notified when something has been written, or it is over.
        scrollback: what was written last, byte by byte; read it with `changed`.
        page: what shows it on a page, if anything does.
        exit_code: of the program; None while it runs, or if nobody knows.
    """

    def __init__(self, container: Container, session: Session, *, command: str, own: bool) -> None:
        self.container = container
        self.command = command
        self.exit_code: int | None = None
        self._session = session
        self._readable = Readable()
        self.changed = threading.Condition()
        self.scrollback = Scrollback()
        self.page: Any = None
        self._keys: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._keys_waiting = 0
        self._typing = False
        self._text = ""
        self._latest: list[str] = []
        # In characters: what has come, what of it is in the text, what has been read.
        self._written = self._settled = self._read = 0
        self._over = False
        self._leave = _Leave()
        self.own = own
        threading.Thread(target=self._follow, name=f"dockmagic-session-{container.name}", daemon=True).start()

    def __repr__(self) -> str:
        return f"<session {self.command} in {self.container.name}>"

    # ------------------------------------------------------------------ talking

    @property
    def running(self) -> bool:
        """Whether the program has not ended, and is being followed."""
        return not self._over

    @property
    def text(self) -> str:
        """All that the program has written, without control sequences; the last million characters of it."""
        with self.changed:
            return without_colours(self._settle())

    @property
    def prompt(self) -> str:
        """What stands on the last line, where the program waits, if it has been read already."""
        with self.changed:
            return self._settle().rpartition("\n")[2] if self._read == self._written else ""

    def send(self, text: str = "", *, timeout: float = _PATIENCE) -> str:
        """Type a line, and wait for the answer.

        Args:
            text: the line, without its end. Of several, each is sent after the answer to the one before.
            timeout: see `read`.

        Returns:
            What the terminal showed since the last `send` or `read`: the typed line and the answer to it.

        Raises:
            Conflict: the program has ended.
        """
        pieces: list[str] = []
        self.type(text, pieces.append, timeout=timeout)
        return without_colours("".join(pieces))

    def read(self, *, timeout: float = _PATIENCE) -> str:
        """Wait for what the program writes.

        Args:
            timeout: seconds of silence after which there is no more to wait for. A prompt ends the waiting at once.

        Returns:
            What it has written since the last `send` or `read`.
        """
        pieces: list[str] = []
        self._await(pieces.append, timeout)
        return without_colours("".join(pieces))

    def type(self, text: str, show: Callable[[str], object], *, timeout: float = _PATIENCE) -> None:
        """Type lines one after another, and give `show` what the terminal shows, as it comes, colours and all.

        Raises:
            Conflict: the program has ended.
            KeyboardInterrupt: the reader has no patience; what runs on the terminal is interrupted, too.
        """
        lines = text.removesuffix("\n").split("\n")
        try:
            for number, line in enumerate(lines, 1):
                self.write(f"{line}\n".encode())
                self._await(show, timeout if number == len(lines) else _TYPE_AHEAD)
        except KeyboardInterrupt:
            self.write(_INTERRUPT)
            self._await(show, _PROMPT_STAYS)
            raise

    def await_more(self, seen: int) -> int:
        """Wait until more than `seen` characters have been written, or it is over; how many there are now."""
        with self.changed:
            self.changed.wait_for(lambda: self._over or self._written > seen)
            return self._written

    def await_prompt(self, show: Callable[[str], object]) -> None:
        """Give `show` what a program says when it begins."""
        self._await(show, _SHELL_STARTS)

    def first_words(self) -> None:
        """Wait until the program has said what it says when it begins; it stays to be read."""
        unread = self._read
        self.await_prompt(lambda _: None)
        self._read = unread

    def close(self) -> None:
        """End the program, as closing a terminal's window does, if need be by force; a container ends with its own."""
        for number in (signal.SIGHUP, signal.SIGKILL):
            with self.changed:
                if self._over:
                    return
                self._session.send_signal(number)
                self.changed.wait_for(lambda: self._over, timeout=1)

    def leave(self) -> None:
        """Follow the program no longer; it goes on, and a container's own can be attached to again."""
        with self.changed:
            if not self._over:
                self._leave.now()

    def write(self, data: bytes) -> None:
        r"""Type these bytes, and do not wait for an answer; ``b"\x03"`` interrupts.

        Raises:
            Conflict: the program has ended.
        """
        if self._over:
            raise Conflict(f"{self.command} in {self.container.name} has ended", hint="Run it again")
        self._session.write(data)

    def type_ahead(self, data: bytes) -> bool:
        """Type these bytes as soon as the program reads, and wait for nothing; false if too many wait already.

        Raises:
            Conflict: the program has ended.
        """
        if self._over:
            raise Conflict(f"{self.command} in {self.container.name} has ended", hint="Run it again")
        with self.changed:
            if self._keys_waiting + len(data) > _TYPED_AHEAD:
                return False
            if not self._typing:
                self._typing = True
                threading.Thread(target=self._type_keys, name="dockmagic-keys", daemon=True).start()
            self._keys_waiting += len(data)
        self._keys.put(data)
        return True

    def _type_keys(self) -> None:
        # A thread of its own: a program that does not read must hold up neither the kernel nor its output.
        while (data := self._keys.get()) is not None:
            with suppress(DockmagicError, OSError):
                self.write(data)
            with self.changed:
                self._keys_waiting -= len(data)

    def resize(self, rows: int, columns: int) -> None:
        """Tell the program how large its terminal is."""
        with self.changed:
            if not self._over:
                with suppress(OSError):
                    self._session.resize(rows, columns)

    def _await(self, show: Callable[[str], object], timeout: float) -> None:
        """Hand out what is written until a prompt stays, the program ends, or nothing comes for `timeout` seconds."""
        quiet_since = time.monotonic()
        latest = ""
        while True:
            with self.changed:
                fresh = self._settle()[-(self._written - self._read) :] if self._written > self._read else ""
                self._read = self._written
                over = self._over
                if not fresh and not over:
                    at_prompt = bool(latest) and not latest.endswith("\n")
                    left = quiet_since + (_PROMPT_STAYS if at_prompt else timeout) - time.monotonic()
                    if left <= 0 or not self.changed.wait(left):
                        return
                    continue
            if fresh:
                show(fresh)
                latest, quiet_since = fresh, time.monotonic()
            elif over:
                return

    def _follow(self) -> None:
        try:
            self.exit_code = self._session.follow(self._take, stdin=self._leave)
        except (_Leaving, DockmagicError, OSError):
            pass  # left, or its keeper is gone: then state and logs are what there is to know
        finally:
            with self.changed:
                self._latest.append(self._readable.text(b"", final=True))
                self._written += len(self._latest[-1])
                self._over = True
                self._keys.put(None)
                self._session.close()
                self._leave.close()
                self.changed.notify_all()
            if self.container.record.auto_remove and self.container.state.status == "exited":
                with suppress(DockmagicError, OSError):
                    self.container.remove()

    def _take(self, _stream: int, data: bytes) -> None:
        with self.changed:
            text = self._readable.text(data)
            self.scrollback.append(data)
            self._latest.append(text)
            self._written += len(text)
            if self._written - self._settled > _PIECE:
                self._settle()
            self.changed.notify_all()

    def _settle(self) -> str:
        """The text with what has come since; a terminal gives it in small pieces, which are not put together singly."""
        if self._latest:
            self._text = (self._text + "".join(self._latest))[-_KEPT:]
            self._latest.clear()
            self._settled = self._written
        return self._text
