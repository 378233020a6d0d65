"""Long calls in a thread of their own: `submit` gives a `Job` that is awaited, watched and cancelled."""

from __future__ import annotations

import atexit
import inspect
import os
import threading
import time
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, ParamSpec, TypeVar

from dockmagic.oci.errors import DockmagicError, NotSupported

from .events import BlobProgress, EventLog, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from dockmagic.oci.spec import Descriptor

    from .events import Event

__all__ = ["Job", "JobCancelled", "submit"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_GRACE: Final = 5.0  # seconds that the end of the process waits for jobs that it has cancelled
_RUNNING: Final[weakref.WeakSet[Job[Any]]] = weakref.WeakSet()

State = Literal["running", "done", "failed", "cancelled"]


class JobCancelled(DockmagicError):
    """The call was ended by `Job.cancel`; nothing half-written is left."""


class Job(Generic[_T]):
    """A call that runs in a thread of its own; `submit` makes one.

    It ends with its process: what runs when Python exits is cancelled. Threads may share it; a forked process cannot
    use it, and it cannot be pickled.

    Args:
        title: what is done, in a line that stays the same.
        work: does it, with the job itself: it tells the job's `on_progress`, `on_event` and `on_notice` how it goes,
            and asks `stopped` now and then. It begins at once.

    Attributes:
        title: what is done.
        seconds: that it has run so far, or that it took.
    """

    def __init__(self, title: str, work: Callable[[Job[_T]], _T]) -> None:
        self.title = title
        self._log = EventLog()
        self._cancel = threading.Event()
        self._future: Future[_T] = Future()
        self._future.set_running_or_notify_cancel()
        self._pid = os.getpid()
        self._began = time.monotonic()
        self._took: float | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), name="dockmagic-job", daemon=True)
        _RUNNING.add(self)
        self._thread.start()

    @property
    def state(self) -> State:
        """``running``, ``done``, ``failed`` or ``cancelled``."""
        if not self._future.done():
            return "running"
        error = self._future.exception()
        if error is None:
            return "done"
        return "cancelled" if isinstance(error, JobCancelled) else "failed"

    @property
    def seconds(self) -> float:
        """How long it has run so far, or how long it took."""
        return time.monotonic() - self._began if self._took is None else self._took

    @property
    def done(self) -> bool:
        """Whether it has ended, in any way."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> _T:
        """Wait for the end, and return what the call returned.

        Args:
            timeout: seconds to wait; None for no limit. The job goes on when they are over.

        Raises:
            TimeoutError: it has not ended in time.
            JobCancelled: it was cancelled.
            Exception: what the call raised.
        """
        self._check_process()
        return self._future.result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end, and return the error: `JobCancelled`, what the call raised, or None.

        Args:
            timeout: seconds to wait; None for no limit.

        Raises:
            TimeoutError: it has not ended in time.
        """
        self._check_process()
        return self._future.exception(timeout)

    def cancel(self) -> bool:
        """Ask the call to end; the steps of a build are killed, a transfer ends with its next piece.

        Returns:
            Whether it was still running. It may end well all the same, if it was about to: `state` tells.
        """
        self._check_process()
        self._cancel.set()
        return not self._future.done()

    def events(self) -> Iterator[Event]:
        """The events from the first one that is kept, each as it comes, until the job has ended.

        Any number of readers may iterate, at any time, also after the end. A failure of the call is not raised here.
        """
        self._check_process()
        return iter(self._log)

    def __await__(self) -> Generator[Any, None, _T]:
        """Wait for the result in a coroutine; cancelling the coroutine leaves the job running."""
        import asyncio

        self._check_process()
        return asyncio.wrap_future(self._future).__await__()

    def __repr__(self) -> str:
        return f"<Job {self.title}: {self.state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise NotSupported("a job cannot be pickled", hint="Send what it returns: job.result()")

    # What the work tells and asks

    def on_progress(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """Keep the progress of a blob; see `Progress`.

        Raises:
            InterruptedError: the job is cancelled.
        """
        self._log.append(BlobProgress(digest=desc.digest, status=status, done=done, total=total))
        if self._cancel.is_set():
            raise InterruptedError("the job is cancelled")

    def on_event(self, event: Event) -> None:
        """Keep an event."""
        self._log.append(event)

    def on_notice(self, line: str) -> None:
        """Keep a line of notice."""
        self._log.append(Notice(line))

    def stopped(self) -> bool:
        """Whether the job is cancelled."""
        return self._cancel.is_set()

    def _run(self, work: Callable[[Job[_T]], _T]) -> None:
        try:
            try:
                result = work(self)
            finally:
                self._took = time.monotonic() - self._began
        except BaseException as error:  # noqa: BLE001  (whoever asks for the result gets it)
            if self._cancel.is_set() and isinstance(error, InterruptedError):
                cancelled = JobCancelled(f"{self.title}: cancelled", hint="The same call goes on with what is here")
                cancelled.__cause__ = error
                self._future.set_exception(cancelled)
            else:
                self._future.set_exception(error)
        else:
            self._future.set_result(result)
        finally:
            _RUNNING.discard(self)
            self._log.close()

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise NotSupported(
                "a job belongs to the process that began it", hint="Wait for it there, or begin another one here"
            )


def submit(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Job[_T]:
    """Begin a long call in a thread of its own.

    ::

        job = dockmagic.submit(engine.images.pull, "ubuntu:24.04")
        for event in job.events():
            print(event)
        image = job.result()          # or, in a coroutine or a cell: await job

    Args:
        call: any method or function of dockmagic; one with ``on_progress``, ``on_event`` or ``on_notice`` tells its
            events to the job, and to what is given for them as well; one with ``on_progress`` or ``stop`` can be
            cancelled.
        args: its arguments.
        kwargs: its keywords.

    Raises:
        TypeError: arguments that the call does not have; before anything begins.
    """
    signature = inspect.signature(call)
    signature.bind(*args, **kwargs)
    name = getattr(call, "__name__", type(call).__name__)
    title = " ".join([name, *(repr(one) if not isinstance(one, str) else one for one in args[:1])])

    def work(job: Job[_T]) -> _T:
        told: dict[str, Any] = dict(kwargs)
        for keyword, listener in (
            ("on_progress", job.on_progress),
            ("on_event", job.on_event),
            ("on_notice", job.on_notice),
        ):
            if keyword in signature.parameters:
                told[keyword] = _both(listener, kwargs.get(keyword))
        if "stop" in signature.parameters:
            given = kwargs.get("stop")
            told["stop"] = lambda: job.stopped() or bool(given is not None and given())  # type: ignore[operator]
        return call(*args, **told)

    return Job(title, work)


def _both(first: Callable[..., None], second: Any) -> Callable[..., None]:
    if second is None:
        return first

    def tell(*event: Any) -> None:
        first(*event)
        second(*event)

    return tell


@atexit.register
def _cancel_running() -> None:
    """Cancel what runs, and wait for it a moment; what is left behind is not visible to anybody."""
    jobs = [job for job in _RUNNING if job._pid == os.getpid()]  # noqa: SLF001  (of this module)
    for job in jobs:
        job.cancel()
    end = time.monotonic() + _GRACE
    for job in jobs:
        job._thread.join(max(0.0, end - time.monotonic()))  # noqa: SLF001  (of this module)
