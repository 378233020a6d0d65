"""What a shim is asked, and what it answers.

A container outlives the dockmagic that started it: shims of before understand these requests, and their answers, which
tell no version, are understood.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from .message import Message
from .process_spec import ProcessSpec

__all__ = [
    "REQUESTS",
    "AttachRequest",
    "ExecRequest",
    "ReleaseRequest",
    "ResizeRequest",
    "ShimAnswer",
    "SignalRequest",
    "StartRequest",
    "WaitRequest",
    "WatchRequest",
]


class StartRequest(Message):
    """Start the container: the first message of all. The contents of secrets come beside it.

    Attributes:
        spec: of the container, as `dockmagic.runtime.spec` makes it.
        stdin: whether who asks feeds the program's input.
    """

    spec: dict[str, Any]
    stdin: bool = False


class AttachRequest(Message):
    """Follow the output from here on; with `stdin`, the end to write input to comes along."""

    tag: ClassVar[str] = "attach"
    stdin: bool


class WatchRequest(Message):
    """Follow what the log gets from here on, and no more than that."""

    tag: ClassVar[str] = "watch"


class WaitRequest(Message):
    """Hear of the end only."""

    tag: ClassVar[str] = "wait"


class SignalRequest(Message):
    """Send the container's first process a signal; for who follows a program of ``exec``, that and its group.

    Attributes:
        number: of the signal.
        insist: whether to end a process 1 that has made no provision for it.
    """

    tag: ClassVar[str] = "signal"
    number: int
    insist: bool = False


class ResizeRequest(Message):
    """Tell the container's terminal how large it is, for who does not have it in hand."""

    tag: ClassVar[str] = "resize"
    rows: int
    columns: int


class ReleaseRequest(Message):
    """Outlive the process that the container was started for."""

    tag: ClassVar[str] = "release"


class ExecRequest(ProcessSpec):
    """Run one more program inside: with the three descriptors that come beside it, or on a terminal of its own.

    Attributes:
        detach: whether nobody hears what it writes.
    """

    tag: ClassVar[str] = "exec"
    detach: bool


class ShimAnswer(Message):
    """All that a shim says; each member is there where it applies, and news of the log have none.

    Attributes:
        pid: of the program that was started or is followed.
        offset: in the log, in bytes, from which it is followed.
        exit: the program's exit code: it has ended.
        past: where in the log to stop: what comes after it is in the pipes beside the message.
        why: the log cannot be written.
        released: the container outlives whom it was started for.
        error: why nothing came of the request; None if something did.
        code: exit code for that.
    """

    oldest: ClassVar[int] = 0
    pid: int | None = None
    offset: int | None = None
    exit: int | None = None
    past: int | None = None
    why: str | None = None
    released: bool = False
    error: str | None = None
    code: int = 125

    @property
    def ended(self) -> bool:
        """Whether nothing comes after it: the program has ended, or nothing came of the request."""
        return self.exit is not None or self.error is not None


#: What a running container's shim is asked, by tag.
REQUESTS: Final[dict[str, type[Message]]] = {
    kind.tag: kind
    for kind in (
        AttachRequest,
        WatchRequest,
        WaitRequest,
        SignalRequest,
        ResizeRequest,
        ReleaseRequest,
        ExecRequest,
    )
}
