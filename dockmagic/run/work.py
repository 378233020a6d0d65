"""Asks a worker for what only the owner of a container's files may do: unpack, look, pack, copy, remove."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from dockmagic.oci import errors

from .helper import launch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .isolation import Isolation

__all__ = ["work"]


def work(isolation: Isolation, task: str, *, descriptors: Sequence[int] = (), **arguments: Any) -> dict[str, Any]:
    """Have a worker do one task as root of the isolation's user namespace, in a mount namespace of its own.

    Args:
        isolation: whose ids the files have.
        task: name of a task of `worker`.
        descriptors: files that it reads or writes.
        arguments: of the task, as JSON knows them.

    Returns:
        What the task answers.

    Raises:
        DockmagicError: what the task raised.
    """
    with tempfile.TemporaryFile() as complaints:
        connection, child = launch("worker", errors=complaints)
        try:
            with connection:
                connection.send(
                    {"isolation": isolation.record(), "task": task, "arguments": arguments}, tuple(descriptors)
                )
                answer, _ = connection.hear()
        except BaseException:
            child.kill()
            raise
        finally:
            child.wait()
        if answer is None:
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            raise errors.DockmagicError(f"the worker that should {task} ended: {' '.join(last) or 'no reason given'}")
    if "error" in answer:
        kind = getattr(errors, answer["kind"], errors.DockmagicError)
        raise kind(answer["error"], hint=answer["hint"])
    result: dict[str, Any] = answer["result"]
    return result
