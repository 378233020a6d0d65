"""Asks a worker for what only the owner of a container's files may do: unpack, look, pack, copy, remove."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING, Any

from dockmagic.oci.error_codec import decode_error
from dockmagic.oci.errors import DockmagicError
from dockmagic.runtime.messages.worker import WorkerAnswer, WorkerRequest

from .helper import launch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .isolation import Isolation

__all__ = ["Work", "work"]


class Work:
    """A task that a worker does, as root of the isolation's user namespace, in a mount namespace of its own.

    Args:
        isolation: whose ids the files have.
        task: name of a task of `worker`.
        descriptors: files that it reads or writes; they may be closed here at once.
        arguments: of the task, as JSON knows them.
    """

    def __init__(self, isolation: Isolation, task: str, *, descriptors: Sequence[int] = (), **arguments: Any) -> None:
        self._task = task
        with contextlib.ExitStack() as opened:
            self._complaints = opened.enter_context(tempfile.TemporaryFile())
            self._connection, self._child = launch("runtime.worker.main", errors=self._complaints)
            opened.callback(self._child.wait)
            opened.enter_context(self._connection)
            request = WorkerRequest(task=task, isolation=isolation.record(), arguments=arguments)
            self._connection.send(request, descriptors)
            self._opened = opened.pop_all()

    def answer(self) -> dict[str, Any]:
        """Wait for the end, and say what came of it.

        Raises:
            DockmagicError: what the task raised.
        """
        try:
            answer, _ = self._connection.hear(WorkerAnswer)
        except BaseException:
            self._child.kill()
            raise
        if answer is None:
            self._child.wait()
            self._complaints.seek(0)
            last = self._complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            raise DockmagicError(f"the worker that should {self._task} ended: {' '.join(last) or 'no reason given'}")
        if answer.error is not None:
            raise decode_error(answer.error)
        return answer.result or {}

    def close(self) -> None:
        """Wait until it has ended."""
        self._opened.close()


def work(isolation: Isolation, task: str, *, descriptors: Sequence[int] = (), **arguments: Any) -> dict[str, Any]:
    """Have a worker do one task, from beginning to end; takes what `Work` takes, and gives its answer.

    Raises:
        DockmagicError: what the task raised.
    """
    with contextlib.closing(Work(isolation, task, descriptors=descriptors, **arguments)) as doing:
        return doing.answer()
